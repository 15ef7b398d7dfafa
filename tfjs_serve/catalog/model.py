"""The nouns of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class EntryKind(str, Enum):
    """What a catalogue entry is on disk."""

    HDF5 = "hdf5"
    KERAS_ZIP = "keras"
    KERAS_FOLDER = "keras-folder"
    KERAS_WEIGHTS = "keras-weights"
    """Weights in several files, with a list of them."""
    TFJS_LAYERS = "tfjs-layers"
    TFJS_GRAPH = "tfjs-graph"

    @property
    def is_tfjs(self) -> bool:
        """Whether the entry is a folder that TF.js can load as it is."""
        return self in (EntryKind.TFJS_LAYERS, EntryKind.TFJS_GRAPH)

    @property
    def is_folder(self) -> bool:
        """Whether the entry is a folder, whoever wrote it."""
        return self.is_tfjs or self is EntryKind.KERAS_FOLDER

    @property
    def is_one_file(self) -> bool:
        """Whether the model is in one file, beside which only architectures may matter."""
        return self in (EntryKind.HDF5, EntryKind.KERAS_ZIP)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStamp:
    """Identity of one file's contents as far as ``stat`` can tell; compared for equality only.

    A program that restores a file may reset its ``mtime_ns``, but not its ``ctime_ns``. That also
    changes with the mode or with a new hard link; the bytes are then read again, and turn out to be
    the same.
    """

    path: str
    """Path relative to the models folder, with forward slashes."""
    device: int
    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int = 0
    """Time of the last change of the inode; on Windows that of the creation, which adds nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A file beside a model that is served with it, such as its labels.

    Attributes
    ----------
    name
        Under which it is served: one of a short list in :mod:`tfjs_serve.neighbours`.
    path
        Absolute path.
    """

    name: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """One model in the watched folder, as it was when it was last checked.

    Attributes
    ----------
    name
        Path below the models folder without its ending, with forward slashes; the name of a folder
        that is a model is its path.
    exact_name
        The same with its ending: unique in the folder, always accepted in URLs.
    path
        Absolute path of the model file, or of the tfjs folder. Of a model in several files, it is
        the one that makes it a model, such as the ``config.json`` of a Keras folder.
    stamps
        Identity of this file, or of a tfjs folder's ``model.json``, and of all others that the
        model is or may be made of; then those of the neighbours, in their order.
    candidates
        How many of these, the last before the neighbours, are of files that may have the model's
        architecture.
    """

    name: str
    exact_name: str
    path: Path
    kind: EntryKind
    stamps: tuple[FileStamp, ...]
    candidates: int = 0
    neighbours: tuple[Neighbour, ...] = ()

    @property
    def folder(self) -> Path:
        """The folder that the files of the model are in."""
        return self.path if self.kind.is_tfjs else self.path.parent

    @property
    def size_bytes(self) -> int:
        """Total size of the files that certainly are the model, without what lies beside them."""
        return sum(stamp.size_bytes for stamp in self._own)

    @property
    def changed_ns(self) -> int:
        """When one of these files was last changed, in nanoseconds since the epoch."""
        return max((stamp.mtime_ns for stamp in self._own), default=0)

    @property
    def _own(self) -> tuple[FileStamp, ...]:
        return self.stamps[: len(self.stamps) - len(self.neighbours) - self.candidates]
