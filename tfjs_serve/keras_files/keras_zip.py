"""Whole models as Keras 2.12 and newer save them: ``.keras`` archives, or folders with such parts.

The parts are ``config.json``, ``metadata.json`` and ``model.weights.h5``. Weights may be spread
over several HDF5 files, which ``model.weights.json`` lists (``ShardedH5IOStore`` in
``keras/src/saving/saving_lib.py``). Such a list with its files, ``digits.weights.json``, may also
lie somewhere without an architecture.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import h5py

from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files.architectures import read_architecture
from tfjs_serve.keras_files.archive import Archive
from tfjs_serve.keras_files.archive_kinds import not_a_model
from tfjs_serve.keras_files.compiled import training_of_archive
from tfjs_serve.keras_files.damage import damage_as_error
from tfjs_serve.keras_files.dialects import read_config, read_generation
from tfjs_serve.keras_files.folder import FolderParts
from tfjs_serve.keras_files.hdf5 import opened
from tfjs_serve.keras_files.model import Container, Dialect, KerasModel
from tfjs_serve.keras_files.object_weights import read_object_weights, with_slashes
from tfjs_serve.neighbours import OF_KERAS_MODELS
from tfjs_serve.untrusted_json import parse_json

CONFIG, _METADATA = "config.json", "metadata.json"
_WEIGHTS, _SHARDS = "model.weights.h5", "model.weights.json"
_VOCABULARY = re.compile("assets/(.+)/vocabulary[.]txt")

Parts = Archive | FolderParts


@contextmanager
def open_keras_zip(path: Path, display_name: str) -> Iterator[KerasModel]:
    """Open the archive at `path`; weights can be read while the context lasts.

    Raises
    ------
    KerasFileError
        It is damaged, cut off, or not written by Keras.
    WeightsOnlyFileError
        The architecture is missing.
    UnsafeFileError
        Weights are stored outside the file.
    """
    with closing(Archive(path, display_name)) as archive:
        if CONFIG not in archive.names:
            raise not_a_model(archive.names, display_name)
        with _model_in(archive, display_name) as model:
            yield model


@contextmanager
def open_keras_folder(
    config: Path, files: Sequence[Path], display_name: str
) -> Iterator[KerasModel]:
    """Open the folder of a ``config.json``, whose other parts are `files`.

    Raises
    ------
    KerasFileError
        See :func:`open_keras_zip`; or a part is missing.
    """
    parts = FolderParts(config.parent, (config, *files), display_name)
    with _model_in(parts, display_name) as model:
        yield model


@contextmanager
def open_listed_weights(
    path: Path,
    files: Sequence[Path],
    architectures: Sequence[Path],
    display_name: str,
) -> Iterator[KerasModel]:
    """Open the weights in those of `files` that the list at `path` names.

    Raises
    ------
    KerasFileError
        The list is not one, or a file is missing or damaged.
    """
    parts = FolderParts(path.parent, (path, *files), display_name)
    names = _shards(parts, path.name, display_name)
    with _files_in(parts, names, display_name) as opened_files:
        with damage_as_error(display_name):
            weights = read_object_weights(opened_files, parts.budget)
        yield KerasModel(
            display_name=display_name,
            dialect=Dialect(generation=0, container=Container.KERAS_ZIP),
            keras_version="",
            config={},
            weights=weights,
            architectures=tuple(map(read_architecture, architectures)),
        )


@contextmanager
def _model_in(parts: Parts, display_name: str) -> Iterator[KerasModel]:
    config = read_config(parts.read_text(CONFIG), display_name)
    version = _keras_version(parts, display_name)
    generation = read_generation(version, config, display_name)
    names = _weights_members(parts, display_name)
    with _files_in(parts, names, display_name) as files:
        with damage_as_error(display_name):
            weights = read_object_weights(files, parts.budget)
        yield KerasModel(
            display_name=display_name,
            dialect=Dialect(generation=generation, container=Container.KERAS_ZIP),
            keras_version=version or str(generation),
            config=config,
            weights=weights,
            vocabularies=_vocabularies(parts),
            neighbours=_neighbours(parts),
            training=training_of_archive(config.get("compile_config"), files, parts.budget),
        )


@contextmanager
def _files_in(
    parts: Parts, names: Sequence[str], display_name: str
) -> Iterator[Sequence[tuple[h5py.File, int | None]]]:
    """Open the parts that hold weights; each comes with the offset at which it begins."""
    with ExitStack() as stack:
        yield [
            (
                stack.enter_context(opened(stack.enter_context(parts.open(name)), display_name)),
                parts.start_of(name),
            )
            for name in names
        ]


def _keras_version(parts: Parts, display_name: str) -> str:
    """Return the version; empty if the archive has none, as after repacking by hand."""
    if _METADATA not in parts.names:
        return ""
    try:
        metadata = parse_json(parts.read_text(_METADATA))
        return str(metadata.get("keras_version") or "")
    except (AttributeError, ValueError) as error:
        raise KerasFileError(
            f"{display_name}: its {_METADATA} does not tell the Keras version",
            hint="the file is damaged or was not written by Keras; save the model again",
        ) from error


def _weights_members(parts: Parts, display_name: str) -> list[str]:
    """Return the names of the members that hold weights."""
    if _WEIGHTS in parts.names:
        return [_WEIGHTS]
    if _SHARDS in parts.names:
        return _shards(parts, _SHARDS, display_name)
    if "model.weights.npz" in parts.names:
        raise KerasFileError(
            f"{display_name} keeps its weights as pickled Python objects, which are never read",
            hint="save the model again with model.save('name.keras')",
        )
    raise KerasFileError(
        f"{display_name} has an architecture, but no {_WEIGHTS}",
        hint="save the whole model with model.save('name.keras'), or wait until it is written",
    )


def _shards(parts: Parts, index: str, display_name: str) -> list[str]:
    """Return the names of the parts that the list `index` has weights in."""
    try:
        places = parse_json(parts.read_text(index))["weight_map"].values()
        names = {
            name for place in places for name in ([place] if isinstance(place, str) else place)
        }
        return sorted(posixpath.basename(with_slashes(name)) for name in names)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise KerasFileError(
            f"{display_name}: its {index} does not list the parts of its weights",
            hint="the file is damaged or was not written by Keras; save the model again",
        ) from error


def _vocabularies(parts: Parts) -> dict[str, str]:
    """Return the text of each vocabulary, by the path of the layer that learned it."""
    found = map(_VOCABULARY.fullmatch, parts.names)
    return {match[1]: parts.read_text(match[0]) for match in found if match}


def _neighbours(parts: Parts) -> dict[str, bytes]:
    """Return the labels and metadata that somebody put into the assets, by their names."""
    found = {name: f"assets/{name}" for name in OF_KERAS_MODELS}
    return {name: parts.read_bytes(at) for name, at in found.items() if at in parts.names}
