"""Valid files to start from: one of each kind that the fixtures have, the small ones."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
SAMPLE_MODELS = TESTS.parent / "sample_models"
ENDINGS = (".h5", ".hdf5", ".keras")
LARGEST_BYTES = 150_000
"""Larger files would only be slower: what is read of them is of the same kinds."""
EVERY = {"keras2": 50, "text": 8}
"""Of the fixtures with thousands of variants, every so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A valid model.

    Attributes
    ----------
    ending
        Of the file's name; empty for a folder.
    files
        Content of the file, or of the files in a folder, by name.
    """

    name: str
    ending: str
    files: dict[str, bytes] = field(repr=False)

    @property
    def data(self) -> bytes:
        """Content of the one file."""
        (data,) = self.files.values()
        return data


@cache
def samples(ending: str) -> tuple[Sample, ...]:
    """Return the samples with an ending, always in the same order."""
    return tuple(sample for sample in _samples() if sample.ending == ending)


def _samples() -> Iterator[Sample]:
    for path in sorted(SAMPLE_MODELS.rglob("*.h5")):
        if path.stat().st_size <= LARGEST_BYTES:
            yield Sample(name=path.name, ending=".h5", files={path.name: path.read_bytes()})
    folder = SAMPLE_MODELS / "breast-cancer-tfjs"
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    yield Sample(name=folder.name, ending="", files=files)
    for path in sorted((TESTS / "fixtures").glob("*.zip")):
        yield from _from_fixture(path)


def _from_fixture(path: Path) -> Iterator[Sample]:
    with zipfile.ZipFile(path) as archive:
        members = [
            member
            for member in sorted(archive.infolist(), key=lambda member: member.filename)
            if member.filename.endswith(ENDINGS) and member.file_size <= LARGEST_BYTES
        ]
        for member in members[:: EVERY.get(path.stem, 1)]:
            name = f"{path.stem}/{member.filename}"
            ending = ".keras" if name.endswith(".keras") else ".h5"
            yield Sample(name=name, ending=ending, files={name: archive.read(member)})
