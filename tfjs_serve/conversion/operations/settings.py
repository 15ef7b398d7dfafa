"""Arguments that the companion gets in a form that needs no parsing in the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.operations.equations import equation
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.patterns import rearranged
from tfjs_serve.conversion.small_models.interpolation import METHODS

Arguments = Mapping[str, Any]


def _einsum(arguments: Arguments, _generation: int) -> dict[str, Any]:
    operands: list[Operand] = arguments["operands"]
    found = equation(arguments["subscripts"], [operand.rank for operand in operands])
    return {"operands": operands, "subscripts": str(found)}


def _rearrange(arguments: Arguments, _generation: int) -> dict[str, Any]:
    tensor: Operand = arguments["tensor"]
    lengths = {key: item for key, item in arguments.items() if key not in ("tensor", "pattern")}
    found = rearranged(tensor.shape, arguments["pattern"], lengths)
    return {
        "x": tensor,
        "split": found.split,
        "order": found.order,
        "groups": found.groups,
    }


def resizing(arguments: Arguments, generation: int) -> dict[str, Json]:
    """Return what ``resizeImages`` in ``image.js`` reads."""
    method = str(arguments["interpolation"]).lower()
    if method not in METHODS:
        raise ValueError(f"there is no interpolation {method!r}")
    fit = "stretch"
    for flag, name in (("pad_to_aspect_ratio", "pad"), ("crop_to_aspect_ratio", "crop")):
        fit = name if arguments[flag] else fit
    return {
        "channels_first": arguments["data_format"] == "channels_first",
        "method": method,
        "antialias": bool(arguments["antialias"]),
        "fit": fit,
        "fill": arguments["fill_value"],
        "in_float32": generation < 3,
    }


def _resize(arguments: Arguments, generation: int) -> dict[str, Any]:
    how = resizing(arguments, generation)
    return {"images": arguments["images"], "size": arguments["size"], "how": how}


def _blocks(arguments: Arguments, generation: int) -> dict[str, Any]:
    return {**arguments, "by_channel": blocks_by_channel(arguments, generation)}


def blocks_by_channel(arguments: Arguments, generation: int) -> bool:
    """Whether all pixels of a block follow each other within a channel.

    That is so with the channels first in Keras 3 (but on TensorFlow); else all channels of a
    pixel do.
    """
    return generation >= 3 and arguments["data_format"] == "channels_first"


def _quantile(arguments: Arguments, _generation: int) -> dict[str, Any]:
    """``Quantile.call`` does not hand its method on, so a node of a graph interpolates."""
    return {key: item for key, item in arguments.items() if key != "method"}


_SETTINGS: Mapping[str, Callable[[Arguments, int], dict[str, Any]]] = {
    "depth_to_space": _blocks,
    "einsum": _einsum,
    "quantile": _quantile,
    "rearrange": _rearrange,
    "resize": _resize,
    "space_to_depth": _blocks,
}


def page_arguments(name: str, arguments: Arguments, generation: int) -> Arguments:
    """Return what the JavaScript of an operation reads."""
    adapt = _SETTINGS.get(name)
    return arguments if adapt is None else adapt(arguments, generation)
