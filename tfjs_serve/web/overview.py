"""What is in the folder, in numbers and in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tfjs_serve.catalog.others import NotAModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How many models there are, and how many of them a page can load.

    Attributes
    ----------
    load, fail
        Of how many this is known; an earlier version of a model counts as one that loads.
    others
        What looks like a model and is none.
    """

    total: int
    load: int = 0
    fail: int = 0
    others: Sequence[NotAModel] = ()

    @property
    def unknown(self) -> int:
        """How many models nobody has looked at yet."""
        return self.total - self.load - self.fail

    @property
    def in_words(self) -> str:
        """What is found in the folder, in one line without a full stop."""
        bad = self.fail + len(self.others)
        found = counted(self.total, "model")
        if self.others:
            found = f"{self.total + len(self.others):,} found"
        if not bad and self.unknown == self.total:
            return found
        if not bad and not self.unknown:
            return f"{found}: {'it loads' if self.total == 1 else 'all load'}"
        later = f", {self.unknown:,} not looked at yet" if self.unknown else ""
        return f"{found}: {self.load:,} load, {bad:,} do not{later}"

    def to_json(self) -> dict[str, int]:
        """Return the counts in ``/-/models.json``."""
        return {
            "total": self.total,
            "load": self.load,
            "doNotLoad": self.fail,
            "unknown": self.unknown,
        }


def counted(count: int, noun: str) -> str:
    """Return a number of things in words, such as "1 model"."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
