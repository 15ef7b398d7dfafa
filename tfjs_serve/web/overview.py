"""What is in the folder, in numbers and in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tfjs_serve.catalog.others import NotAModel
from tfjs_serve.facts.wording import counted


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
    def no_models(self) -> int:
        """How many files and folders look like models and are none."""
        return sum(other.count for other in self.others)

    @property
    def found(self) -> int:
        """How many models there are, and what looks like one."""
        return self.total + self.no_models

    @property
    def in_words(self) -> str:
        """What is found in the folder, in one line without a full stop."""
        bad = self.fail + self.no_models
        found = f"{self.found:,} found" if self.others else counted(self.total, "model")
        if not bad and self.unknown == self.total:
            return found
        if not bad and not self.unknown:
            return f"{found}: {'it loads' if self.total == 1 else 'all load'}"
        later = f", {self.unknown:,} not looked at yet" if self.unknown else ""
        return f"{found}: {self.load:,} load, {bad:,} do not{later}"

    def to_json(self) -> dict[str, int]:
        """Return the counts in ``/-/models.json``: those that `in_words` has."""
        return {
            "total": self.found,
            "load": self.load,
            "doNotLoad": self.fail + self.no_models,
            "unknown": self.unknown,
        }
