"""Arguments of operations that are worked out here, so that the page need not parse them."""

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
    """Return the settings of ``resizeImages`` in ``browser/layers/image.js``.

    Raises
    ------
    ValueError
        There is no such interpolation.
    """
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


def _quantile(arguments: Arguments, _generation: int) -> dict[str, Any]:
    """Leave the method out: Keras's ``Quantile.call`` does not pass it on, so it is linear."""
    return {key: item for key, item in arguments.items() if key != "method"}


def _vander(arguments: Arguments, _generation: int) -> dict[str, Any]:
    """Give ``N`` another name: when a page saves the model, TF.js makes ``n`` of it."""
    return {"x": arguments["x"], "count": arguments["N"], "increasing": arguments["increasing"]}


_SETTINGS: Mapping[str, Callable[[Arguments, int], dict[str, Any]]] = {
    "einsum": _einsum,
    "quantile": _quantile,
    "rearrange": _rearrange,
    "resize": _resize,
    "vander": _vander,
}


def page_arguments(name: str, arguments: Arguments, generation: int) -> Arguments:
    """Return the arguments that the JavaScript of an operation declares.

    Parameters
    ----------
    name
        Of the operation.
    arguments
        Those of its specification.
    generation
        Of Keras.

    Raises
    ------
    KeyError, ValueError
        They make no sense.
    """
    adapt = _SETTINGS.get(name)
    return arguments if adapt is None else adapt(arguments, generation)
