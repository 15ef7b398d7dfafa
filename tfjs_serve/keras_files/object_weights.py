"""Weights by Python object, as Keras 2.12 and newer save them in archives and ``.weights.h5``.

The groups of the HDF5 file follow the attributes of the objects, as in ``layers/dense_1/vars/0``
(``_save_state`` in ``keras/src/saving/saving_lib.py``). On Windows, Keras 2.12 to 3.0 joined them
with backslashes, into one group of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import h5py

from tfjs_serve.errors import KerasFileError, UnsafeFileError
from tfjs_serve.keras_files.datasets import child, weight_ref
from tfjs_serve.keras_files.limits import (
    MAXIMUM_GROUP_DEPTH,
    MAXIMUM_GROUPS,
    UNSAFE_HINT,
    Budget,
)
from tfjs_serve.keras_files.model import WeightRef

_VARIABLES = "vars"
_NAMED_VARIABLES = {"idf_weights": 0}
"""Variables that lookup layers save by name, and the numbers that they stand for."""
_OPTIMIZER = "optimizer"
_NOT_WEIGHTS = frozenset({_OPTIMIZER, "metrics"})
_ROOTS = frozenset({"layers", "_layer_checkpoint_dependencies", _VARIABLES})

Numbered = dict[int, WeightRef]
"""Variables of one object by their numbers."""


def with_slashes(name: str) -> str:
    """Return a path inside a file as Keras writes it everywhere but on Windows."""
    return name.replace("\\", "/")


def holds_object_weights(file: h5py.File) -> bool:
    """Whether it is a ``.weights.h5`` (``save_weights_only`` in ``saving_lib.py``)."""
    groups = {name for name in file if isinstance(file.get(name, getlink=True), h5py.HardLink)}
    roots = {with_slashes(name).partition("/")[0] for name in groups}
    return bool(roots & _ROOTS) or any(
        isinstance(file[name], h5py.Group) and _VARIABLES in file[name] for name in groups
    )


def read_object_weights(
    files: Sequence[tuple[h5py.File, int | None]], budget: Budget
) -> dict[str, tuple[WeightRef, ...]]:
    """Return the variables of every object by its path, such as ``layers/dense_1``.

    The variables of one object may be spread over several files.

    Parameters
    ----------
    files
        Each with the offset at which it begins in the model's files, or ``None``.

    Raises
    ------
    KerasFileError
        Two groups claim to be the same variables.
    """
    return _read(files, budget, _is_of_model)


def read_optimizer_variables(
    files: Sequence[tuple[h5py.File, int | None]], budget: Budget
) -> tuple[WeightRef, ...]:
    """Return the optimizer's variables in order; none if there are none.

    An optimizer inside another one is left out.

    Raises
    ------
    KerasFileError
        Two groups claim to be the same variables.
    """
    found = _read(files, budget, lambda path: path.partition("/")[0] == _OPTIMIZER)
    return found.get(_OPTIMIZER, ())


def _read(
    files: Sequence[tuple[h5py.File, int | None]],
    budget: Budget,
    is_wanted: Callable[[str], bool],
) -> dict[str, tuple[WeightRef, ...]]:
    """Return the variables of the objects with wanted paths; see :func:`read_object_weights`."""
    found: dict[str, Numbered] = {}
    for file, start in files:
        for path, group in _groups(file, budget.display_name, is_wanted):
            prefix = f"{path}/{_VARIABLES}" if path else _VARIABLES
            variables = {
                _number(key): replace(
                    weight_ref(group, key, budget, start=start), name=f"{prefix}/{key}"
                )
                for key in group
            }
            known = found.setdefault(path, {})
            if known.keys() & variables.keys():
                raise KerasFileError(
                    f"{budget.display_name} has the variables of {path!r} twice",
                    hint="the file is damaged or was not written by Keras; save the model again",
                )
            known.update(variables)
    return {
        path: tuple(variables[number] for number in sorted(variables))
        for path, variables in found.items()
    }


def _is_of_model(path: str) -> bool:
    return path.partition("/")[0] not in _NOT_WEIGHTS


def _groups(
    file: h5py.File, display_name: str, is_wanted: Callable[[str], bool]
) -> Iterator[tuple[str, h5py.Group]]:
    """Yield the groups that hold variables, with the paths of their objects."""
    todo: list[tuple[str, h5py.Group]] = [("", file)]
    seen: set[int] = set()
    while todo:
        path, group = todo.pop()
        _check_group(path, group, seen, display_name)
        for name in group:
            inner = with_slashes(f"{path}/{name}" if path else name)
            if not is_wanted(inner):
                continue
            node: Any = child(group, name, display_name)
            owner, _, last = inner.rpartition("/")
            if last == _VARIABLES and isinstance(node, h5py.Group) and _is_indexed(node):
                yield owner, node
            elif isinstance(node, h5py.Group):
                todo.append((inner, node))


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
