"""The arguments of a layer's call by name, however the file spells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.serialized import plain
from tfjs_serve.conversion.model.sources import Array

MASKS = ("query_mask", "value_mask", "key_mask")
TRAVELLING = "travelling_"
"""Prefix of `MASKS` as arguments where a file leaves them out, see ``masks/attention_calls.py``."""
MASK_AS_ARRAY = "mask as an array"
"""In place of ``mask``, which holds tensors of the graph. It changes what layers compute that use
masks; no rule of theirs knows it."""

_FIRST = ("inputs", "sequences", "sequence", "query", "data", "images", "x")
"""Names of the first parameter of ``call`` of Keras 3's layers."""


def one_by_position(
    names: Sequence[str], args: Sequence[Json], kwargs: Mapping[str, Json]
) -> tuple[list[Json], dict[str, Json]]:
    """Return the first argument of a call of Keras 3, in a list, and the others by name.

    Keras saves arguments as they were given: the first one may be named, others may not.

    Parameters
    ----------
    names
        Of the parameters of the layer's ``call`` after the first, as far as they are known; the
        others are called ``args[1]`` and so on.
    args, kwargs
        What was given by position and by name.
    """
    given = list(args)
    rest = dict(kwargs)
    first = None if given else next((name for name in _FIRST if name in rest), None)
    if first is not None:
        given = [rest.pop(first)]
    by_position = {
        names[index] if index < len(names) else f"args[{index + 1}]": value
        for index, value in enumerate(given[1:])
    }
    return given[:1], {**by_position, **rest}


def call_arguments(take: Callable[[str], Json], names: Sequence[str]) -> dict[str, Json]:
    """Return what a layer is called with, as far as it was given.

    Parameters
    ----------
    take
        Returns the value of a key of ``Call.kwargs``, ``None`` if there is none.
    names
        The parameters of the layer's ``call`` in order. Keras 3 keeps what was given by position
        as ``args[1]`` and so on; the first one is the call's first input.
    """
    found: dict[str, Json] = {}
    for index, name in enumerate(names):
        values = (take(f"args[{index}]"), take(name))
        value = next((value for value in values if value is not None), None)
        if value is not None:
            found[name] = value
    return {names[0]: {"tensor": 0}, **found}


def tensor_positions(arguments: Mapping[str, Json]) -> dict[str, int]:
    """Return which of the call's inputs each argument is that is a tensor."""
    return {
        name: value["tensor"]
        for name, value in arguments.items()
        if isinstance(value, dict) and isinstance(value.get("tensor"), int)
    }


def constant_of(value: Json) -> Array | None:
    """Return an argument that is an array, ``None`` if it is none.

    Keras 3 wraps arrays (``serialize_keras_object`` in ``serialization_lib.py``), Keras 2 writes
    lists (``Node.serialize`` in ``node.py``).

    Raises
    ------
    ValueError
        It is no array of numbers.
    """
    array = plain(value)
    return np.asarray(array, np.float64) if isinstance(array, list) else None


def with_travelling_masks(positions: Mapping[str, int]) -> dict[str, int]:
    """Return the positions of tensors with those of masks that the file does not name."""
    travelling = {
        name: positions[f"{TRAVELLING}{name}"]
        for name in MASKS
        if f"{TRAVELLING}{name}" in positions
    }
    own = {name: at for name, at in positions.items() if not name.startswith(TRAVELLING)}
    return {**own, **travelling}
