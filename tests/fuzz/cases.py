"""A case: one hostile model, made of a seed and a number alone."""

from __future__ import annotations

import os
import random
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from . import archives, folders, hdf5, raw
from .canary import Canary
from .corpus import samples

AGE_SECONDS = 60.0
"""The server lets files rest that were touched a moment ago; these are whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One hostile model.

    Attributes
    ----------
    origin
        The valid model that it was made of.
    ending
        Of the file's name; empty for a folder.
    files, links
        What lies in the folder, by name; a file has one entry.
    steps
        What was done to the model.
    """

    number: int
    origin: str
    ending: str
    files: dict[str, bytes] = field(repr=False)
    links: dict[str, str] = field(repr=False)
    steps: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the server calls it."""
        return f"case-{self.number}"

    def save(self, folder: Path, beside: Path) -> Path:
        """Put the model into `folder` at once; `beside` is for the time before."""
        staged, target = beside / self.name, folder / f"{self.name}{self.ending}"
        if self.ending:
            if self.links:
                staged.symlink_to(self.links[""])
            else:
                staged.write_bytes(self.files[""])
                _make_old(staged)
        else:
            _fill(staged, self)
        staged.rename(target)
        return target

    def remove(self, folder: Path) -> None:
        """Take the model away again."""
        path = folder / f"{self.name}{self.ending}"
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def make_case(seed: int, number: int, canary: Canary) -> Case:
    """Return the case of that number."""
    chance = random.Random(f"{seed}/{number}")  # text: the same in every version of Python
    ending = chance.choices((".h5", ".keras", ""), (55, 40, 5))[0]
    sample, other = chance.choice(samples(ending)), chance.choice(samples(ending))
    links: dict[str, str] = {}
    if not ending:
        files, links, steps = folders.mutate(chance, sample.files, canary)
    elif chance.random() < 0.01 and sys.platform != "win32":
        links, files = {"": str(chance.choice((canary.hdf5, canary.raw)))}, {}
        steps = ["link"]
    else:
        data, steps = _mutated(chance, ending, sample.data, other.data, canary)
        files = {"": data}
    return Case(
        number=number,
        origin=sample.name,
        ending=ending,
        files=files,
        links=links,
        steps=tuple(steps),
    )


def _mutated(
    chance: random.Random, ending: str, data: bytes, other: bytes, canary: Canary
) -> tuple[bytes, list[str]]:
    """Return a changed file: its structure first, while it has one, its bytes last."""
    steps: list[str] = []
    is_raw = chance.random() < 0.35
    if not is_raw or chance.random() < 0.2:
        if ending == ".keras":
            data, steps = archives.mutate(chance, data, canary)
        else:
            data, steps = hdf5.mutate(chance, data, canary, chance.choice((1, 1, 2, 3)))
    for _ in range(chance.choice((1, 1, 2, 3)) if is_raw else 0):
        data, step = raw.mutate(chance, data, other)
        steps.append(step)
    return data, steps


def _fill(folder: Path, case: Case) -> None:
    folder.mkdir()
    for name, data in case.files.items():
        (folder / name).write_bytes(data)
        _make_old(folder / name)
    with suppress(OSError):  # Windows lets only few users make links
        for name, target in case.links.items():
            (folder / name).symlink_to(target)


def _make_old(path: Path) -> None:
    then = path.stat().st_mtime - AGE_SECONDS
    os.utime(path, (then, then))
