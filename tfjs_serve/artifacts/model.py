"""The nouns of the store."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tfjs_serve.errors import StoreError
from tfjs_serve.facts.model import ModelFacts

_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactKey:
    """Names an artifact by everything that decides its bytes.

    Attributes
    ----------
    digest
        SHA-256 (hexadecimal) of source digest, options and converter version.
    """

    digest: str

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.digest):
            raise ValueError(f"not an artifact key: {self.digest!r}")

    @property
    def short(self) -> str:
        """The first digits, by which pages tell one generation of a model from another."""
        return self.digest[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactFile:
    """One immutable file of an artifact.

    Attributes
    ----------
    originals
        Names that it had in the folder that the artifact was made of; it can be asked for by them.
    """

    name: str
    size_bytes: int
    sha256: str
    originals: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A published directory: it never changes, and all of its files are there.

    Attributes
    ----------
    notes
        What users of the model should know; see :func:`~.record.bounded_notes`.
    """

    key: ArtifactKey
    directory: Path
    files: tuple[ArtifactFile, ...]
    notes: tuple[str, ...] = ()
    facts: ModelFacts = field(default_factory=ModelFacts)

    @cached_property
    def by_name(self) -> Mapping[str, ArtifactFile]:
        """The files by name."""
        return {file.name: file for file in self.files}

    @cached_property
    def by_original(self) -> Mapping[str, ArtifactFile]:
        """The files by the names that they had, apart from those that files have now."""
        names = ((name, file) for file in self.files for name in file.originals)
        return {name: file for name, file in names if name not in self.by_name}

    def has(self, name: str) -> bool:
        """Whether there is a file of that name."""
        return name in self.by_name

    def path(self, file: ArtifactFile) -> Path:
        """Where the bytes of `file` lie."""
        return self.directory / file.name


class MisreportedFilesError(StoreError):
    """A staged directory is not what its maker reported, which is no fault of the store."""
