"""Models in several files: what their bytes are, and whether all of them are written.

Keras writes the parts of a folder one after another: ``metadata.json``, ``config.json``, and then
the weights (``_save_model_to_dir`` in ``keras/src/saving/saving_lib.py``).
"""

from __future__ import annotations

import threading
from pathlib import Path

from tfjs_serve.builder.snapshots import digest_file, digest_of_files, looks_complete
from tfjs_serve.builder.stamps import Stamps, names_of, paths_of, unreadable
from tfjs_serve.catalog.forms import is_weights
from tfjs_serve.catalog.model import CatalogEntry, EntryKind, FileStamp
from tfjs_serve.sightings import COARSE_TICK_NS, SECOND_NS

_ORDER_BELIEVED_SECONDS = COARSE_TICK_NS / SECOND_NS
"""A folder that was copied has its parts in any order, so nothing waits longer for the weights."""
_HDF5 = ".h5"


def is_between_parts(entry: CatalogEntry, stamps: Stamps, age_seconds: float) -> bool:
    """Return whether a model in several files, though at rest, is probably being written.

    Parameters
    ----------
    age_seconds
        How long ago the youngest of them was written.
    """
    if entry.kind.is_one_file or entry.kind.is_tfjs:
        return False
    files = dict(zip(names_of(entry, stamps), stamps, strict=True))
    if entry.kind is EntryKind.KERAS_FOLDER:
        weights = [stamp for name, stamp in files.items() if is_weights(name)]
        if not weights:
            return True
        if age_seconds < _ORDER_BELIEVED_SECONDS and _are_older(weights, stamps[0]):
            return True
    return not all(_is_complete(entry.folder / name) for name in files if name.endswith(_HDF5))


def _are_older(weights: list[FileStamp], config: FileStamp) -> bool:
    """Whether the weights are still those of an earlier save than the configuration."""
    return max(stamp.mtime_ns for stamp in weights) < config.mtime_ns


def _is_complete(path: Path) -> bool:
    try:
        return looks_complete(path)
    except OSError:
        return True  # reading it tells what is wrong


def digest_files(
    entry: CatalogEntry, stamps: Stamps, closed: threading.Event, *, first: str | None = None
) -> str:
    """Return the SHA-256 (hexadecimal) of the files of `entry` with these `stamps`.

    For several files, it is the digest of their names and digests.

    Parameters
    ----------
    first
        The digest of the first file, if that is known.

    Raises
    ------
    SourceChangedError, KerasFileError
        A file is gone, or cannot be read.
    """
    names, paths = names_of(entry, stamps), paths_of(entry, stamps)
    try:
        digests = [first or digest_file(paths[0], closed)]
        digests += [digest_file(path, closed) for path in paths[1:]]
    except OSError as error:
        raise unreadable(entry, error) from error
    if entry.kind.is_one_file:
        names[0] = ""  # the same model under another name is the same
    if entry.neighbours and not entry.kind.is_tfjs:
        names[-len(entry.neighbours) :] = [neighbour.name for neighbour in entry.neighbours]
    return digest_of_files(zip(names, digests, strict=True))
