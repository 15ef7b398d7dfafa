"""The arguments of a layer's call by name, however the file spells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tfjs_serve.conversion.model import Json
from tfjs_serve.conversion.transforms import Array

MASKS = ("query_mask", "value_mask", "key_mask")
TRAVELLING = "travelling_"
"""Prefix of `MASKS` as arguments where a file leaves them out, see `attention_calls`."""


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
    if isinstance(value, dict) and value.get("class_name") in ("__numpy__", "__tensor__"):
        value = value["config"]["value"]
    return np.asarray(value, np.float64) if isinstance(value, list) else None


def with_travelling_masks(positions: Mapping[str, int]) -> dict[str, int]:
    """Return the positions of tensors with those of masks that the file does not name."""
    travelling = {
        name: positions[f"{TRAVELLING}{name}"]
        for name in MASKS
        if f"{TRAVELLING}{name}" in positions
    }
    own = {name: at for name, at in positions.items() if not name.startswith(TRAVELLING)}
    return {**own, **travelling}
