"""Joins the arguments that an operation was created with and those that it is called with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tfjs_serve.conversion.model.layers import Call, Json, KerasLayer
from tfjs_serve.conversion.model.report import HINT_DAMAGED, Report
from tfjs_serve.conversion.model.serialized import snake_case
from tfjs_serve.conversion.operations.specs import signatures
from tfjs_serve.conversion.spelling.operations.errors import UntranslatableError
from tfjs_serve.conversion.spelling.operations.tensorflow import tensorflow_operation

KERAS2_OPERATIONS = frozenset(
    {"ClassMethod", "InstanceMethod", "InstanceProperty", "SlicingOpLambda", "TFOpLambda"}
    | {"TensorFlowOpLayer"}
)
"""Classes of ``tf_op_layer.py`` and ``base_layer.py`` in Keras 2."""

_RENAMED = {
    "all_close": "allclose",
    "c_dist": "cdist",
    "is_in": "isin",
    "search_sorted": "searchsorted",
}
"""Classes that do not have the names of their functions."""


def bind(layer: KerasLayer, calls: Sequence[Call], report: Report) -> KerasLayer:
    """Return an operation with all of its arguments in its `config`.

    A tensor among the arguments is ``{"tensor": <index of the call's input>}``, a constant array
    ``{"array": ..., "dtype": ...}``, a slice ``{"slice": [start, stop, step]}`` and an ellipsis
    ``{"ellipsis": True}``.

    Parameters
    ----------
    layer
        The operation. Any other layer is returned as it is.
    calls
        Its calls, which must be equal.
    report
        Gets what cannot be translated.
    """
    if not layer.is_operation:
        return layer
    try:
        bound = [_bound(layer, call) for call in calls]
    except UntranslatableError as error:
        report.problem(layer, "unsupported-layer", str(error), error.hint)
        return layer
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        report.problem(
            layer,
            "bad-config",
            f"Its arguments make no sense ({type(error).__name__}: {error}).",
            HINT_DAMAGED,
        )
        return layer
    if any(other != bound[0] for other in bound):
        report.problem(
            layer,
            "unsupported-call",
            "It is one operation that is called with different arguments.",
            "Use an operation of its own for each call.",
        )
    return bound[0] if bound else layer


def _bound(layer: KerasLayer, call: Call) -> KerasLayer:
    arguments = {key: _unwrapped(value) for key, value in call.kwargs.items()}
    args = arguments.pop("args", [])
    config = {key: _unwrapped(value) for key, value in layer.config.items()}
    if layer.generation < 3:
        name, config = tensorflow_operation(layer, config, args, arguments)
    else:
        name = _name(layer)
        signature = signatures().get(name)
        if signature is not None:
            config |= signature.bind(args, arguments)
    return replace(layer, class_name=f"ops.{name}", config=config)


def is_known_operation(class_name: str) -> bool:
    """Whether a class of Keras 3 is a function that has a signature here."""
    return _function(class_name) in signatures()


def _name(layer: KerasLayer) -> str:
    return _function(layer.class_name.removeprefix("ops."))


def _function(class_name: str) -> str:
    name = snake_case(class_name)
    return _RENAMED.get(name, name)


def _unwrapped(value: Json) -> Json:
    """Return a nested argument without the wrapping of ``serialization_lib.py``.

    Unlike ``plain`` in ``model/serialized.py``, this keeps the dtypes of arrays.
    """
    if isinstance(value, list):
        return [_unwrapped(item) for item in value]
    if not isinstance(value, dict):
        return value
    config = value.get("config")
    unwrap = _WRAPPED.get(str(value.get("class_name")))
    if unwrap is not None:
        return unwrap(config if isinstance(config, dict) else {}, value)
    return {key: _unwrapped(item) for key, item in value.items()}


def _array(config: Mapping[str, Json], _value: Json) -> Json:
    return {"array": config["value"], "dtype": config["dtype"]}


def _slice(config: Mapping[str, Json], _value: Json) -> Json:
    return {"slice": [_unwrapped(config.get(key)) for key in ("start", "stop", "step")]}


_WRAPPED: Mapping[str, Callable[[Mapping[str, Json], Json], Json]] = {
    "__ellipsis__": lambda _config, _value: {"ellipsis": True},
    "__numpy__": _array,
    "__slice__": _slice,
    "__tensor__": _array,
    "__tuple__": lambda _config, value: _unwrapped(value.get("items", [])),
    "DTypePolicy": lambda config, _value: config.get("name"),
}
