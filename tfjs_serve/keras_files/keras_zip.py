"""Whole models in ``.keras`` archives, as Keras 3 and Keras 2.13 and newer save them.

Members are ``config.json``, ``metadata.json`` and ``model.weights.h5``, whose groups follow the
attributes of the Python objects (``_save_state`` in ``keras/src/saving/saving_lib.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import h5py

from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files.archive import Archive
from tfjs_serve.keras_files.damage import damage_as_error
from tfjs_serve.keras_files.datasets import child, weight_ref
from tfjs_serve.keras_files.hdf5 import opened, read_config, read_generation
from tfjs_serve.keras_files.model import Container, Dialect, KerasModel, WeightRef

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_VARIABLES = "vars"
_NOT_WEIGHTS = frozenset({"optimizer", "metrics"})


@contextmanager
def open_keras_zip(path: Path, display_name: str) -> Iterator[KerasModel]:
    """Open the archive at `path`; weights can be read while the context lasts.

    Raises
    ------
    KerasFileError
        Damaged, cut off, or not written by Keras.
    UnsafeFileError
        Weights lie outside of the file.
    """
    with closing(Archive(path, display_name)) as archive:
        config = read_config(archive.read_text(_CONFIG), display_name)
        version = _keras_version(archive, display_name)
        if _WEIGHTS not in archive.names:
            raise _without_weights(archive, display_name)
        with archive.open(_WEIGHTS) as member, opened(member, display_name) as file:
            with damage_as_error(display_name):
                weights = _read_weights(file, display_name)
            yield KerasModel(
                display_name=display_name,
                dialect=Dialect(
                    generation=read_generation(version, display_name),
                    container=Container.KERAS_ZIP,
                ),
                keras_version=version,
                config=config,
                weights=weights,
            )


def _keras_version(archive: Archive, display_name: str) -> str:
    try:
        metadata = json.loads(archive.read_text(_METADATA))
        return str(metadata["keras_version"])
    except (ValueError, KeyError, TypeError) as error:
        raise KerasFileError(
            f"{display_name}: its {_METADATA} does not tell the Keras version",
            hint="the file is damaged or was not written by Keras; save the model again",
        ) from error


def _without_weights(archive: Archive, display_name: str) -> KerasFileError:
    if any(name.endswith("weights.json") for name in archive.names):
        return KerasFileError(
            f"{display_name} keeps its weights in several parts, which are not read yet",
            hint="save the model without max_shard_size",
        )
    return KerasFileError(
        f"{display_name} is a zip archive, but not a Keras model with {_WEIGHTS}",
        hint="save the whole model with model.save('name.keras')",
    )


def _read_weights(file: h5py.File, display_name: str) -> dict[str, tuple[WeightRef, ...]]:
    """Return the variables of every object by its path, such as ``layers/dense_1``."""
    found: dict[str, tuple[WeightRef, ...]] = {}
    todo: list[tuple[str, h5py.Group]] = [("", file)]
    while todo:
        path, group = todo.pop()
        for name in group:
            if not path and name in _NOT_WEIGHTS:
                continue
            node: Any = child(group, name, display_name)
            if name == _VARIABLES and isinstance(node, h5py.Group) and _is_indexed(node):
                found[path] = _variables(node, display_name)
            elif isinstance(node, h5py.Group):
                todo.append((f"{path}/{name}" if path else name, node))
    return found


def _is_indexed(group: h5py.Group) -> bool:
    """Whether a group holds variables 0, 1 ...; a layer may be called ``vars`` too."""
    return all(name.isdecimal() for name in group)


def _variables(group: h5py.Group, display_name: str) -> tuple[WeightRef, ...]:
    names = sorted(group, key=int)
    return tuple(weight_ref(group, name, display_name) for name in names)
