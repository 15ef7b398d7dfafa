"""What all comparisons of one run share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from builds import Build
from tables import OURS

_SPARE_BYTES = 1 << 30
_NUMBERS = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Options of the run.

    Attributes
    ----------
    builds
        This one first; then the baseline, if there is one.
    rounds
        How often each side is measured, in turn.
    seconds
        How long wrk asks each time.
    megabytes
        Sizes of the large models that are converted.
    models
        How many small models are checked.
    official
        The official converter's program, ``tensorflowjs_converter``.
    workspace
        An empty folder for everything.
    """

    builds: tuple[Build, ...]
    rounds: int
    seconds: float
    megabytes: tuple[int, ...]
    models: int
    official: Path | None
    workspace: Path

    @property
    def ours(self) -> Build:
        """This build."""
        return self.builds[0]

    @property
    def baselines(self) -> tuple[str, ...]:
        """Names of the other builds, for goals."""
        return tuple(build.name for build in self.builds if build.name != OURS)

    @property
    def rounds_in_words(self) -> str:
        """How often each side is measured."""
        return "one round" if self.rounds == 1 else f"medians of {self.rounds} rounds in turn"

    @contextmanager
    def folder(self, *, needed_bytes: int = 0) -> Iterator[Path]:
        """Provide a new empty folder, and remove it with all that is in it.

        Raises
        ------
        SystemExit
            There is too little space for what it will hold.
        """
        free_bytes = shutil.disk_usage(self.workspace).free
        if free_bytes < needed_bytes + _SPARE_BYTES:
            raise SystemExit(
                f"{needed_bytes / 1e9:.1f} GB are needed, {free_bytes / 1e9:.1f} GB are free: "
                "choose smaller --megabytes or another --workspace"
            )
        folder = self.workspace / f"folder-{next(_NUMBERS)}"
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


def interleaved(sides: Sequence[str], rounds: int) -> Iterator[tuple[int, str]]:
    """Yield A B A B, with the number of the round: what slows the machine slows all of them."""
    for number in range(rounds):
        for side in sides:
            yield number, side
