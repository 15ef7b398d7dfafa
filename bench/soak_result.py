"""What a soak (``soak.py``) has shown, and what of it must not be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measuring import process_bytes, tree_bytes, tree_of
from soak_clients import Failure, Tally
from soak_faults import Happened

_LEAST_GENERATIONS = 3


@dataclass(frozen=True, kw_only=True)
class State:
    """What the server's processes hold at one moment."""

    memory_bytes: int
    workers_bytes: int
    descriptors: int

    @classmethod
    def of(cls, pid: int) -> State:
        """Look at a process, and at its descendants."""
        own_bytes = process_bytes(pid)
        return cls(
            memory_bytes=own_bytes,
            workers_bytes=tree_bytes(pid) - own_bytes,
            descriptors=sum(len(_listed(Path(f"/proc/{one}/fd"))) for one in tree_of(pid)),
        )

    def __str__(self) -> str:
        own, workers = self.memory_bytes / 1e6, self.workers_bytes / 1e6
        return f"{own:.0f} MB, its workers {workers:.0f} MB, {self.descriptors} descriptors"


@dataclass(frozen=True, kw_only=True)
class Result:
    """One run."""

    tally: Tally
    saved: dict[str, Any]
    start: State
    end: State
    server_log: str
    last_is_served: bool
    left: list[str]
    happened: list[Happened] = field(default_factory=list)
    downtimes: list[tuple[float, float]] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """What must not be."""
        found = [*self.tally.wrong, *self.tally.unclear, *self.saved["errors"]]
        found += [f"{self._told(one)}, though the server was there" for one in self._lost()]
        if len(self.tally.generations) < _LEAST_GENERATIONS:
            found.append(f"only {len(self.tally.generations)} generations were served")
        if not self.last_is_served:
            found.append("the last save never came through")
        found += [f"left behind: {one}" for one in self.left]
        _, traceback, rest = self.server_log.partition("Traceback")
        found += [traceback + rest[:3000]] if traceback else []
        return found

    def _lost(self) -> list[Failure]:
        """Return the lost connections that no end of the server explains."""
        return [one for one in self.tally.failures if one.lost and not self._server_was_away(one)]

    def _server_was_away(self, failure: Failure) -> bool:
        return any(failure.begin < end and begin < failure.end for begin, end in self.downtimes)

    def _told(self, failure: Failure) -> str:
        """Return what failed, and the fault before it."""
        before = [one for one in self.happened if one.begin < failure.end]
        return f"{failure.what} (after: {before[-1].name})" if before else failure.what

    @property
    def examples(self) -> dict[str, str]:
        """What was said with the first refusal of each kind."""
        told = {self._told(one): one.detail for one in reversed(self.tally.failures) if one.detail}
        return dict(sorted(told.items()))

    def rows(self) -> Iterator[tuple[str, object]]:
        """Yield the lines of the table."""
        tally = self.tally
        yield "loads", tally.loads
        yield "bytes of weights checked", tally.bytes_loaded
        yield "mixed or torn loads", len(tally.wrong)
        yield "saves", self.saved["saves"]
        yield "writer errors", len(self.saved["errors"])
        yield "generations served", len(tally.generations)
        yield "answers of the last good generation", tally.stale
        yield "requests that failed", len(tally.failures)
        yield "refusals that do not say why", len(tally.unclear)
        yield "connections lost while the server was there", len(self._lost())
        yield "left behind", len(self.left)
        yield "server at the start", self.start
        yield "server at the end", self.end
        for name, count in sorted(Counter(one.name for one in self.happened).items()):
            yield f"fault: {name}", count
        for what, count in Counter(map(self._told, tally.failures)).most_common():
            yield f"failed: {what}", count


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
