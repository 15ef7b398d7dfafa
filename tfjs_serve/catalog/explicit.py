"""The entry of a model that is named by its path: judged by its content, whatever its ending is."""

from __future__ import annotations

import logging
import os
import stat as stat_flags
from dataclasses import replace
from pathlib import Path

from tfjs_serve.catalog import names
from tfjs_serve.catalog.folders import Children, list_folder, root_folder, stamp_of
from tfjs_serve.catalog.forms import CONFIG, is_shard, list_of_shard, neighbours_of_file
from tfjs_serve.catalog.look import Look
from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.catalog.others import (
    KERAS_METADATA,
    SAVED_MODEL,
    NotAModel,
    other_called,
    saved_model,
    why_not_a_model,
)
from tfjs_serve.catalog.tfjs_folders import TfjsReader
from tfjs_serve.errors import KerasFileError, SettingsError, TfjsFolderError, TfjsServeError
from tfjs_serve.settings import MODEL_JSON
from tfjs_serve.source_files import open_source

_logger = logging.getLogger(__name__)

_ZIP_SIGNATURE, _HDF5_SIGNATURE = b"PK", b"\x89HDF\r\n\x1a\n"
_HEAD_BYTES = 4096


def is_folder_of_models(path: Path) -> bool:
    """Whether `path` is a folder, and not itself a model: whole, damaged, or a SavedModel."""
    if not path.is_dir():
        return False
    look, children = _look_into(path)
    is_model = SAVED_MODEL in children or any(look.folder_entries(look.root, children))
    return not (is_model or look.has_damaged_document(look.root, children))


def entry_for_path(path: Path, topology: Path | None = None) -> CatalogEntry:
    """Return the entry of one model, wherever it is: a file, a folder, or a ``model.json``.

    Parameters
    ----------
    topology
        The architecture that belongs to a file of weights. Without it, any that lies beside the
        weights may be the one.

    Raises
    ------
    KerasFileError
        There is no such file, or it is not a file.
    TfjsFolderError
        The folder is not a model.
    SettingsError
        The model has an architecture of its own, and another one is given.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would rename what a link names
    stat = _stat(path, "check the path")
    entry = _entry(path, stat)
    return entry if topology is None else _with_topology(entry, topology)


def from_here(path: Path) -> str:
    """Return a path from the current folder on, if it lies in it."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def _stat(path: Path, hint: str) -> os.stat_result:
    try:
        return path.stat()
    except (OSError, ValueError) as error:
        raise KerasFileError(
            f"cannot open {str(path)!r}: {getattr(error, 'strerror', error)}", hint=hint
        ) from error


def _look_into(folder: Path) -> tuple[Look, Children]:
    parent = root_folder(str(folder.parent))
    look = Look(TfjsReader(), replace(root_folder(str(folder)), parent=parent))
    return look, list_folder(look.root, look.warn)


def _entry(path: Path, stat: os.stat_result) -> CatalogEntry:
    if stat_flags.S_ISDIR(stat.st_mode):
        return _folder_entry(path)
    if not stat_flags.S_ISREG(stat.st_mode):
        raise KerasFileError(f"{path.name!r} is not a file", hint="give a model file or a folder")
    look, children = _look_into(path.parent)
    entry = _entry_of_file(path, stat, look, children)
    _tell(look)
    return entry


def _tell(look: Look) -> None:
    for warning in dict.fromkeys(look.warnings):
        _logger.warning("%s", warning)


def _entry_of_file(
    path: Path, stat: os.stat_result, look: Look, children: Children
) -> CatalogEntry:
    file_name = list_of_shard(path.name)
    if file_name not in children:
        file_name = path.name
    is_document = file_name in (MODEL_JSON, CONFIG)
    whole = list(look.folder_entries(look.root, children)) if is_document else []
    for entry in (*whole, *look.file_entries(look.root, children, file_name)):
        if entry.exact_name == file_name:
            return entry
    if file_name == MODEL_JSON and not look.is_architecture(look.root, children, file_name):
        raise _no_model(path.parent, look)
    beside = look.neighbours(look.root, neighbours_of_file(path.name, children), children)
    architectures = look.architectures(look.root, children, path.name)
    return CatalogEntry(
        name=names.file_name_of(path.name),
        exact_name=path.name,
        path=path,
        kind=_kind(path),
        stamps=(stamp_of(path.name, stat), *architectures, *beside.values()),
        candidates=len(architectures),
        neighbours=tuple(beside),
    )


def _kind(path: Path) -> EntryKind:
    """Return what a file is by its first bytes; the conversion says what else it may be.

    Raises
    ------
    KerasFileError
        It is neither HDF5 nor a zip, and its ending says what it is.
    """
    try:
        with open_source(path) as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        head = b""
    if head.startswith(_ZIP_SIGNATURE):
        return EntryKind.KERAS_ZIP
    if _HDF5_SIGNATURE not in head and (other := why_not_a_model(path.name)):
        raise _refused(other)
    return EntryKind.HDF5


def _folder_entry(path: Path) -> CatalogEntry:
    look, children = _look_into(path)
    found = list(look.folder_entries(look.root, children))
    if len(found) > 1:
        raise TfjsFolderError(
            f"the folder {path.name!r} is two models: {', '.join(e.exact_name for e in found)}",
            hint="give one of these files",
        )
    if not found:
        raise _no_model(path, look)
    _tell(look)
    return found[0]


def _no_model(path: Path, look: Look) -> TfjsServeError:
    if (path / SAVED_MODEL).is_file():
        has_keras = (path / KERAS_METADATA).is_file()
        return _refused(saved_model(path.name, has_keras=has_keras, place=from_here(path)))
    others = look.others(look.root, list_folder(look.root, look.warn))
    if damaged := other_called(MODEL_JSON, others):
        reason = f"it has {damaged.message}"
        return TfjsFolderError(
            f"the folder {path.name!r} is not a model: {reason}", hint=damaged.hint
        )
    reason = look.warnings[0] if look.warnings else f"it has no TensorFlow.js {MODEL_JSON}"
    return TfjsFolderError(
        f"the folder {path.name!r} is not a model: {reason}",
        hint="give one model file; to serve a folder of models, use: tfjs-serve DIR",
    )


def _refused(other: NotAModel) -> KerasFileError:
    return KerasFileError(f"{other.path!r} is {other.message}", hint=other.hint)


def _with_topology(entry: CatalogEntry, topology: Path) -> CatalogEntry:
    """Return the entry of weights with the one architecture that the user names.

    Raises
    ------
    SettingsError
        It is no file of weights.
    KerasFileError
        There is no such architecture.
    """
    if entry.kind not in (EntryKind.HDF5, EntryKind.KERAS_WEIGHTS):
        raise SettingsError(
            f"{entry.exact_name} has an architecture of its own",
            hint="leave out --topology (topology in Python)",
        )
    path = Path(os.path.abspath(topology))  # noqa: PTH100 - as above
    stamp = stamp_of(str(path), _stat(path, "check the path behind --topology"))
    own = len(entry.stamps) - len(entry.neighbours)
    first, *others = entry.stamps[:own]
    shards = [one for one in others if is_shard(entry.exact_name, one.path)]
    stamps = (first, *shards, stamp, *entry.stamps[own:])
    return replace(entry, kind=EntryKind.KERAS_WEIGHTS, stamps=stamps, candidates=1)
