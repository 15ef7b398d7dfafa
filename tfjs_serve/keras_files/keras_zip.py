"""Whole models in ``.keras`` archives, as Keras 2.12 and newer save them, Keras 3 included.

Members are ``config.json``, ``metadata.json`` and ``model.weights.h5``, whose groups follow the
attributes of the Python objects (``_save_state`` in ``keras/src/saving/saving_lib.py``). Weights
may be spread over several HDF5 members, which ``model.weights.json`` lists (``ShardedH5IOStore``).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import h5py

from tfjs_serve.errors import KerasFileError, UnsafeFileError
from tfjs_serve.keras_files.archive import Archive
from tfjs_serve.keras_files.archive_kinds import not_a_model
from tfjs_serve.keras_files.damage import damage_as_error
from tfjs_serve.keras_files.datasets import child, weight_ref
from tfjs_serve.keras_files.dialects import read_config, read_generation
from tfjs_serve.keras_files.hdf5 import opened
from tfjs_serve.keras_files.limits import (
    MAXIMUM_GROUP_DEPTH,
    MAXIMUM_GROUPS,
    UNSAFE_HINT,
    Budget,
)
from tfjs_serve.keras_files.model import Container, Dialect, KerasModel, WeightRef
from tfjs_serve.neighbours import OF_KERAS_MODELS
from tfjs_serve.untrusted_json import parse_json

_CONFIG, _METADATA = "config.json", "metadata.json"
_WEIGHTS, _SHARDS = "model.weights.h5", "model.weights.json"
_VARIABLES = "vars"
_NAMED_VARIABLES = {"idf_weights": 0}
"""Variables that lookup layers save by name, and the numbers that they stand for."""
_VOCABULARY = re.compile("assets/(.+)/vocabulary[.]txt")
_NOT_WEIGHTS = frozenset({"optimizer", "metrics"})

Numbered = dict[int, WeightRef]
"""Variables of one object by their numbers."""


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
    with closing(Archive(path, display_name)) as archive, ExitStack() as stack:
        if _CONFIG not in archive.names:
            raise not_a_model(archive.names, display_name)
        config = read_config(archive.read_text(_CONFIG), display_name)
        version = _keras_version(archive, display_name)
        generation = read_generation(version, config, display_name)
        files = [
            (
                stack.enter_context(opened(stack.enter_context(archive.open(name)), display_name)),
                archive.start_of(name),
            )
            for name in _weights_members(archive, display_name)
        ]
        with damage_as_error(display_name):
            weights = _read_weights(files, archive.budget)
        yield KerasModel(
            display_name=display_name,
            dialect=Dialect(generation=generation, container=Container.KERAS_ZIP),
            keras_version=version or str(generation),
            config=config,
            weights=weights,
            vocabularies=_vocabularies(archive),
            neighbours=_neighbours(archive),
        )


def _keras_version(archive: Archive, display_name: str) -> str:
    """Return the version; empty if the archive has none, as after repacking by hand."""
    if _METADATA not in archive.names:
        return ""
    try:
        metadata = parse_json(archive.read_text(_METADATA))
        return str(metadata.get("keras_version") or "")
    except (AttributeError, ValueError) as error:
        raise KerasFileError(
            f"{display_name}: its {_METADATA} does not tell the Keras version",
            hint="the file is damaged or was not written by Keras; save the model again",
        ) from error


def _weights_members(archive: Archive, display_name: str) -> list[str]:
    """Return the names of the members that hold weights."""
    if _WEIGHTS in archive.names:
        return [_WEIGHTS]
    if _SHARDS in archive.names:
        return _shards(archive, display_name)
    if "model.weights.npz" in archive.names:
        raise KerasFileError(
            f"{display_name} keeps its weights as pickled Python objects, which are never read",
            hint="save the model again with model.save('name.keras')",
        )
    raise KerasFileError(
        f"{display_name} is a Keras archive without {_WEIGHTS}",
        hint="save the whole model with model.save('name.keras')",
    )


def _shards(archive: Archive, display_name: str) -> list[str]:
    try:
        places = parse_json(archive.read_text(_SHARDS))["weight_map"].values()
        names = {
            name for place in places for name in ([place] if isinstance(place, str) else place)
        }
        return sorted(posixpath.basename(name) for name in names)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise KerasFileError(
            f"{display_name}: its {_SHARDS} does not list the parts of its weights",
            hint="the file is damaged or was not written by Keras; save the model again",
        ) from error


def _vocabularies(archive: Archive) -> dict[str, str]:
    """Return the text of each vocabulary, by the path of the layer that learned it."""
    found = map(_VOCABULARY.fullmatch, archive.names)
    return {match[1]: archive.read_text(match[0]) for match in found if match}


def _neighbours(archive: Archive) -> dict[str, bytes]:
    """Return the labels and metadata that somebody put into the archive, by their names."""
    found = {name: f"assets/{name}" for name in OF_KERAS_MODELS}
    return {name: archive.read_bytes(at) for name, at in found.items() if at in archive.names}


def _read_weights(
    files: Sequence[tuple[h5py.File, int | None]], budget: Budget
) -> dict[str, tuple[WeightRef, ...]]:
    """Return the variables of every object by its path, such as ``layers/dense_1``.

    The variables of one object may be spread over several files.

    Parameters
    ----------
    files
        Each with the offset at which it begins in the archive.
    """
    found: dict[str, Numbered] = {}
    for file, start in files:
        for path, group in _groups(file, budget.display_name):
            variables = {_number(key): weight_ref(group, key, budget, start=start) for key in group}
            found.setdefault(path, {}).update(variables)
    return {
        path: tuple(variables[number] for number in sorted(variables))
        for path, variables in found.items()
    }


def _groups(file: h5py.File, display_name: str) -> Iterator[tuple[str, h5py.Group]]:
    """Yield the groups that hold variables, with the paths of their objects."""
    todo: list[tuple[str, h5py.Group]] = [("", file)]
    seen: set[int] = set()
    while todo:
        path, group = todo.pop()
        _check_group(path, group, seen, display_name)
        for name in group:
            if not path and name in _NOT_WEIGHTS:
                continue
            node: Any = child(group, name, display_name)
            if name == _VARIABLES and isinstance(node, h5py.Group) and _is_indexed(node):
                yield path, node
            elif isinstance(node, h5py.Group):
                todo.append((f"{path}/{name}" if path else name, node))


def _check_group(path: str, group: h5py.Group, seen: set[int], display_name: str) -> None:
    """Refuse endless groups: a hard link can lead from a group back to itself.

    Raises
    ------
    UnsafeFileError
        The group was seen before, lies too deep, or is one of too many.
    """
    address = h5py.h5o.get_info(group.id).addr
    is_loop, is_deep = address in seen, path.count("/") > MAXIMUM_GROUP_DEPTH
    seen.add(address)
    if is_loop or is_deep or len(seen) > MAXIMUM_GROUPS:
        what = "is linked twice" if is_loop else "is one of too many"
        raise UnsafeFileError(
            f"{display_name}: the group {path[:100]!r} of its weights {what}", hint=UNSAFE_HINT
        )


def _is_indexed(group: h5py.Group) -> bool:
    """Whether a group holds variables 0, 1 ...: a layer may also be called ``vars``."""
    return all(name.isdecimal() or name in _NAMED_VARIABLES for name in group)


def _number(name: str) -> int:
    return _NAMED_VARIABLES[name] if name in _NAMED_VARIABLES else int(name)
