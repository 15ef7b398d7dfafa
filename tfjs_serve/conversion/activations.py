"""Activations: TF.js's own (``activations.ts``), what others are lowered to, and the companion's.

A layer with an activation that TF.js lacks becomes a small model of the layer without it, and
the activation after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tfjs_serve.conversion.context import LayerContext
from tfjs_serve.conversion.lowering import Lowering, Tensor
from tfjs_serve.conversion.model import Json

_NATIVE = {
    name: name
    for name in (
        "elu",
        "gelu",
        "linear",
        "log_softmax",
        "mish",
        "relu",
        "relu6",
        "selu",
        "sigmoid",
        "softmax",
        "softplus",
        "softsign",
        "swish",
        "tanh",
    )
} | {"silu": "swish", "log_softmax_v2": "log_softmax"}
"""Keras's name -> TF.js's. Keras 2.8 writes the name of TensorFlow's function, with ``_v2``."""


def native_activation(value: Json, generation: int) -> str | None:
    """Return TF.js's name of the activation, ``None`` if TF.js does not compute it.

    Parameters
    ----------
    value
        As in a layer's configuration: a name, a serialized object, or ``None`` for none.
    """
    if value is None:
        return "linear"
    if value == "hard_sigmoid" and generation < 3:
        # Keras 2 and TF.js compute 0.2 x + 0.5; Keras 3 computes relu6(x + 3) / 6.
        return "hard_sigmoid"
    return _NATIVE.get(value) if isinstance(value, str) else None


def activation(context: LayerContext, key: str = "activation", default: str = "linear") -> str:
    """Return what to write as the activation of a layer's *output*.

    If TF.js does not have it, that is ``"linear"``, and the translator puts what computes it
    behind the layer.
    """
    value = context.read.take(key, default)
    name = native_activation(value, context.layer.generation)
    if name is None:
        context.deferred.append(value)
    return name or "linear"


def apply_activation(low: Lowering, value: Json, x: Tensor, generation: int) -> Tensor:
    """Return any activation of `x` within a small model."""
    name = native_activation(value, generation)
    if name is not None:
        return low.activation(x, name)
    name, arguments = _named(value)
    lower = _LOWERED.get(name)
    if lower is not None:
        return lower(low, x, arguments)
    return low.companion("Activation", {"function": name, **arguments}, x, shape=x.shape)


def _named(value: Json) -> tuple[str, Mapping[str, Json]]:
    if isinstance(value, dict):
        config = value.get("config")
        return str(value.get("class_name")), config if isinstance(config, dict) else {}
    return str(value), {}


def _hard_sigmoid(low: Lowering, x: Tensor, _arguments: Mapping[str, Json]) -> Tensor:
    """``relu6(x + 3) / 6`` (Keras 3)."""
    return low.rescale(low.activation(low.rescale(x, 1.0, 3.0), "relu6"), 1 / 6)


_LOWERED: Mapping[str, Callable[[Lowering, Tensor, Mapping[str, Json]], Tensor]] = {
    "hard_sigmoid": _hard_sigmoid,
}
