"""Reads the arguments of a layer's call by name, however the file spells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.serialized import plain
from tfjs_serve.conversion.model.sources import Array

MASKS = ("query_mask", "value_mask", "key_mask")
TRAVELLING = "travelling_"
"""Prefix to the names in `MASKS` for masks that travel with the inputs, so that the file does not
name them; see ``masks/attention_calls.py``."""
MASK_AS_ARRAY = "mask as an array"
"""Name of a ``mask`` argument whose value is an array, not a tensor of the graph. Rules of layers
that use masks do not know this name, so it is reported."""

_FIRST = ("inputs", "sequences", "sequence", "query", "data", "images", "x")
"""Names that the first parameter of ``call`` has in Keras 3's layers."""


def one_by_position(
    names: Sequence[str], args: Sequence[Json], kwargs: Mapping[str, Json]
) -> tuple[list[Json], dict[str, Json]]:
    """Return the first argument of a call of Keras 3 by position, and all others by name.

    Keras saves arguments as they were given: the first may be given by name, and others by
    position.

    Parameters
    ----------
    names
        Names of the parameters of the layer's ``call`` after the first, as far as they are known.
        An argument without a known name becomes ``args[1]``, ``args[2]`` and so on.
    args, kwargs
        The arguments that were given by position and by name.

    Returns
    -------
    list
        The first argument; empty if there is none.
    dict
        The other arguments by name.
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


def given_arguments(take: Callable[[str], Json], names: Sequence[str]) -> dict[str, Json]:
    """Return the arguments of a call by name, without those that were not given.

    Parameters
    ----------
    take
        Returns the value of a key of ``Call.kwargs``, or ``None`` if there is none.
    names
        Names of the parameters of the layer's ``call``, in order. The first is the first input of
        the call. An argument that was given by position is ``args[1]``, ``args[2]`` and so on.
    """
    found: dict[str, Json] = {}
    for index, name in enumerate(names):
        values = (take(f"args[{index}]"), take(name))
        value = next((value for value in values if value is not None), None)
        if value is not None:
            found[name] = value
    return {names[0]: {"tensor": 0}, **found}


def tensor_positions(arguments: Mapping[str, Json]) -> dict[str, int]:
    """Return the index among the call's inputs of each argument that is a tensor."""
    return {
        name: value["tensor"]
        for name, value in arguments.items()
        if isinstance(value, dict) and isinstance(value.get("tensor"), int)
    }


def constant_of(value: Json) -> Array | None:
    """Return an argument that is an array; ``None`` if it is not one.

    Keras 3 wraps arrays (``serialize_keras_object`` in ``serialization_lib.py``), Keras 2 writes
    lists (``Node.serialize`` in ``node.py``).

    Raises
    ------
    ValueError
        It is an array, but not of numbers.
    """
    array = plain(value)
    return np.asarray(array, np.float64) if isinstance(array, list) else None


def with_travelling_masks(positions: Mapping[str, int]) -> dict[str, int]:
    """Return the positions of tensors, with masks that travel under the names in `MASKS`.

    Parameters
    ----------
    positions
        From names of arguments to indices of the call's inputs, as :func:`tensor_positions`
        returns them.
    """
    travelling = {
        name: positions[f"{TRAVELLING}{name}"]
        for name in MASKS
        if f"{TRAVELLING}{name}" in positions
    }
    own = {name: at for name, at in positions.items() if not name.startswith(TRAVELLING)}
    return {**own, **travelling}
