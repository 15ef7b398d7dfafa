"""Find the models in a folder: all of them, or those that one name may mean."""

from __future__ import annotations

import logging
import os
import stat as stat_flags
from collections.abc import Iterable
from pathlib import Path

from tfjs_serve.catalog import names
from tfjs_serve.catalog.folders import list_folder, root_folder, stamp_file, stamp_of
from tfjs_serve.catalog.look import Look
from tfjs_serve.catalog.model import CatalogEntry, FileStamp, Neighbour
from tfjs_serve.catalog.others import (
    KERAS_METADATA,
    SAVED_MODEL,
    NotAModel,
    saved_model,
    why_not_a_model,
)
from tfjs_serve.catalog.tfjs_folders import TfjsReader
from tfjs_serve.catalog.tree import FolderTree, ScanResult
from tfjs_serve.errors import KerasFileError, TfjsFolderError, TfjsServeError
from tfjs_serve.neighbours import neighbours_of_file, size_problem
from tfjs_serve.settings import MODEL_JSON, MODEL_SUFFIXES
from tfjs_serve.sightings import Sightings

_logger = logging.getLogger(__name__)


def scan(
    models_dir: Path, reader: TfjsReader | None = None, *, follow_symlinks: bool = False
) -> ScanResult:
    """Scan the whole folder.

    Parameters
    ----------
    follow_symlinks
        Whether links that lead out of the folder are followed.
    """
    return FolderTree(
        models_dir, reader or TfjsReader(), follow_symlinks=follow_symlinks
    ).look_at_all()


def find(
    models_dir: Path,
    name: str,
    reader: TfjsReader | None = None,
    *,
    follow_symlinks: bool = False,
    sightings: Sightings | None = None,
) -> list[CatalogEntry]:
    """Return the entries whose name or exact name is `name`, looking only where they can be.

    The result agrees with :func:`scan`, but only the folders along the name are listed.

    Parameters
    ----------
    sightings
        To note everything that the result depends on.
    """
    root = root_folder(str(models_dir), follow_out=follow_symlinks)
    look = Look(reader or TfjsReader(), root, sightings=sightings)
    found = _named(name, look.along(name))
    if look.warnings and sightings is not None:
        sightings.doubt()
    return found


def _named(name: str, found: Iterable[CatalogEntry | None]) -> list[CatalogEntry]:
    unique = dict.fromkeys(entry for entry in found if entry is not None)
    return [entry for entry in unique if name in (entry.name, entry.exact_name)]


def entry_for_path(path: Path) -> CatalogEntry:
    """Return the entry of one model file, tfjs folder or its ``model.json``, wherever it is.

    Raises
    ------
    KerasFileError
        There is no such file, or its ending is not one of a Keras model.
    TfjsFolderError
        The folder is not a TensorFlow.js model.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would rename what a link names
    folder_path = path.parent if path.name == MODEL_JSON else path
    try:
        stat = path.stat()
    except (OSError, ValueError) as error:
        raise KerasFileError(
            f"cannot open {str(path)!r}: {getattr(error, 'strerror', error)}",
            hint="check the path",
        ) from error
    if stat_flags.S_ISDIR(stat.st_mode) or path.name == MODEL_JSON:
        return _folder_entry(folder_path)
    return _single_file_entry(path, stat)


def _single_file_entry(path: Path, stat: os.stat_result) -> CatalogEntry:
    split = names.split_model_file(path.name)
    if split is None and (other := why_not_a_model(path.name)):
        raise _refused(other)
    if split is None or not stat_flags.S_ISREG(stat.st_mode):
        raise KerasFileError(
            f"{path.name!r} is not a Keras model file",
            hint=f"save the model with Keras as {', '.join(MODEL_SUFFIXES)}",
        )
    name, kind = split
    beside = _beside_file(path.parent, name)
    return CatalogEntry(
        name=name,
        exact_name=path.name,
        path=path,
        kind=kind,
        stamps=(stamp_of(path.name, stat), *beside.values()),
        neighbours=tuple(beside),
    )


def _beside_file(folder: Path, stem: str) -> dict[Neighbour, FileStamp]:
    """Return what lies beside a model file; the folder, which may be a large one, is not listed."""
    found, root = {}, root_folder(str(folder))
    for file_name, name in neighbours_of_file(stem).items():
        stamp = stamp_file(root, file_name, _logger.warning)
        problem = size_problem(stamp.size_bytes) if stamp is not None else None
        if problem is not None:
            _logger.warning("%r is not served: it %s", file_name, problem)
        elif stamp is not None:
            found[Neighbour(name=name, path=folder / file_name)] = stamp
    return found


def _folder_entry(path: Path) -> CatalogEntry:
    look = Look(TfjsReader(), root_folder(str(path)))
    entry = look.tfjs_entry(look.root, list_folder(look.root, look.warn))
    if entry is None:
        raise _no_tfjs_folder(path, look.warnings)
    return entry


def _no_tfjs_folder(path: Path, warnings: list[str]) -> TfjsServeError:
    if (path / SAVED_MODEL).is_file():
        return _refused(saved_model(path.name, has_keras=(path / KERAS_METADATA).is_file()))
    reason = warnings[0] if warnings else f"it has no TensorFlow.js {MODEL_JSON}"
    return TfjsFolderError(
        f"the folder {path.name!r} is not a model: {reason}",
        hint="give one model file; to serve a folder of models, use: tfjs-serve DIR",
    )


def _refused(other: NotAModel) -> KerasFileError:
    return KerasFileError(f"{other.path!r} is {other.message}", hint=other.hint)
