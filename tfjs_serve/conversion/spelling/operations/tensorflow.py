"""Translates functions of TensorFlow in models of Keras 2 to operations of ``keras.ops``.

``TFOpLambda`` and ``SlicingOpLambda`` (``tf_keras/src/layers/core/tf_op_layer.py``) have the name
of the function and, by the names of TensorFlow's parameters, all arguments but the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.operations.operand import has_tensors
from tfjs_serve.conversion.spelling.operations.errors import UntranslatableError
from tfjs_serve.conversion.spelling.operations.tensorflow_graph import graph_operation
from tfjs_serve.conversion.spelling.operations.tensorflow_special import SPECIAL
from tfjs_serve.conversion.spelling.operations.tensorflow_table import TRANSLATIONS

Bound = tuple[str, dict[str, Json]]
_IGNORED = frozenset({"name"})


def tensorflow_operation(
    layer: KerasLayer,
    config: Mapping[str, Json],
    args: Sequence[Json],
    named: Mapping[str, Json],
) -> Bound:
    """Return the name of an operation, and its arguments by parameter.

    Parameters
    ----------
    layer
        A layer of one of the classes in ``KERAS2_OPERATIONS``.
    config
        Its arguments.
    args, named
        Arguments of the call: the first, and the others by TensorFlow's names.

    Raises
    ------
    UntranslatableError
        No operation computes the function.
    """
    kind = layer.class_name.removeprefix("ops.")
    if kind == "TensorFlowOpLayer":
        return graph_operation(config, args)
    if kind not in ("TFOpLambda", "SlicingOpLambda"):
        raise UntranslatableError(f"{kind} is a method of a tensor.")
    function = str(config.get("function"))
    first, given = args[0], _decoded(named)
    if not has_tensors([first, given]):
        raise UntranslatableError(
            f"Keras has not saved which tensors {function} is called with, and cannot load the "
            "model either.",
            "Compute it with layers, such as Dot or Dense, and save the model again.",
        )
    special = SPECIAL.get(function)
    if special is not None:
        return special(_decode(first), given)
    return _translated(function, _decode(first), given)


def _translated(function: str, first: Json, named: Mapping[str, Json]) -> Bound:
    found = TRANSLATIONS.get(function)
    if found is None or found.operation == "refused":
        raise UntranslatableError(f"It calls TensorFlow's {function}, which has no translation.")
    config: dict[str, Json] = {**found.given, found.first: first}
    for key, value in named.items():
        if key in found.renamed:
            if value is not None or found.renamed[key] not in config:
                config[found.renamed[key]] = value
        elif value is not None and key not in found.ignored | _IGNORED:
            raise UntranslatableError(f"{function} is called with {key}={value!r}.")
    return _adapted(found.operation, config)


_Adapt = Callable[[dict[str, Json]], Bound]


def _adapted(operation: str, config: dict[str, Json]) -> Bound:
    adapt = _ADAPTED.get(operation)
    return (operation, _without_nothing(config)) if adapt is None else adapt(config)


def _without_nothing(config: Mapping[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in config.items() if value is not None}


def _norm(config: dict[str, Json]) -> Bound:
    if config.get("ord") in ("euclidean", 2):
        config = {**config, "ord": None}
        axis = config.get("axis")
        if isinstance(axis, list) and len(axis) == 2:
            config["ord"] = "fro"
    return "norm", _without_nothing(config)


def _blocks(operation: str) -> _Adapt:
    def adapt(config: dict[str, Json]) -> Bound:
        formats = {"NHWC": "channels_last", "NCHW": "channels_first"}
        return operation, {**config, "data_format": formats[config["data_format"]]}

    return adapt


def _gray(config: dict[str, Json]) -> Bound:
    return "rgb_to_grayscale", {**config, "data_format": "channels_last"}


def _silu(config: dict[str, Json]) -> Bound:
    if config.get("beta", 1.0) != 1.0:
        raise UntranslatableError("nn.silu is called with a beta of its own.")
    return "silu", {"x": config["x"]}


_ADAPTED: Mapping[str, _Adapt] = {
    "depth_to_space": _blocks("depth_to_space"),
    "norm": _norm,
    "space_to_depth": _blocks("space_to_depth"),
    "tf_rgb_to_grayscale": _gray,
    "tf_silu": _silu,
}


def _decoded(named: Mapping[str, Json]) -> dict[str, Json]:
    return {key: _decode(value) for key, value in named.items()}


def _decode(value: Any) -> Json:
    """Return an argument with ``{"slice": [...]}`` for slices, and with plain names of dtypes."""
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if isinstance(value, dict) and value.keys() == {"start", "stop", "step"}:
        return {"slice": [value["start"], value["stop"], value["step"]]}
    if isinstance(value, str) and value.startswith("<dtype: '"):
        return value.removeprefix("<dtype: '").removesuffix("'>")
    return value
