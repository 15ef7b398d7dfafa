"""Activations: TF.js's own (``activations.ts``), what others are lowered to, and the companion's.

An activation is a function, or an object that has arguments: ``"gelu"``, ``LeakyReLU(0.1)``.
Where it follows a layer's output, the rule of the layer calls :func:`activation`; if TF.js lacks
it, the layer becomes a small model of the layer without it, and the activation after it. Rules
of operations call :func:`apply_activation` within their small models. Companion layers that
compute activations themselves, such as recurrent cells, get :func:`companion_activation` among
their arguments: ``{"function": name, ...}``, for which JavaScript calls
``activations[spec.function](x, spec)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.rules.activation_names import Activation, UnknownActivationError, named
from tfjs_serve.conversion.rules.context import LayerContext
from tfjs_serve.conversion.small_models import activation_formulas as lowered
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor

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
        "tanh",
    )
} | {"silu": "swish", "hard_sigmoid_keras2": "hard_sigmoid"}
"""Keras's name -> TF.js's, which computes it with all arguments at their defaults."""

_LOWERED: Mapping[str, Callable[[Lowering, Tensor, Mapping[str, Json]], Tensor]] = {
    "celu": lowered.celu,
    "elu": lowered.elu,
    "gelu": lowered.gelu,
    "glu": lowered.glu,
    "hard_shrink": lowered.hard_shrink,
    "hard_sigmoid": lowered.hard_sigmoid,
    "hard_silu": lowered.hard_silu,
    "hard_tanh": lowered.hard_tanh,
    "leaky_relu": lowered.leaky_relu,
    "log_sigmoid": lowered.log_sigmoid,
    "log_softmax": lowered.log_softmax,
    "relu": lowered.relu,
    "soft_shrink": lowered.soft_shrink,
    "softmax": lowered.softmax,
    "sparse_plus": lowered.sparse_plus,
    "sparse_sigmoid": lowered.sparse_sigmoid,
    "tanh_shrink": lowered.tanh_shrink,
    "threshold": lowered.threshold,
}


def native_activation(value: Json, generation: int) -> str | None:
    """Return TF.js's name of the activation, ``None`` if TF.js does not compute it.

    Parameters
    ----------
    value
        As in a layer's configuration: a name, a serialized object, or ``None`` for none.
    """
    try:
        found = named(value, generation)
    except UnknownActivationError:
        return None
    return _NATIVE.get(found.name) if found.has_defaults else None


def is_hard_sigmoid(value: Json, generation: int) -> bool:
    """Whether the activation is ``hard_sigmoid`` as Keras 3 computes it."""
    try:
        return named(value, generation).name == "hard_sigmoid"
    except UnknownActivationError:
        return False


def companion_activation(value: Json, generation: int) -> dict[str, Json]:
    """Return what tells JavaScript which activation to compute: ``{"function": name, ...}``.

    The name is one in the `activations` of ``browser/layers/activations.js``, which has all of
    Keras's, TF.js's own among them; the rest are the function's arguments.

    Raises
    ------
    UnknownActivationError
        Keras does not ship it. The translator reports it.
    """
    found = named(value, generation)
    return {"function": found.name, **found.arguments}


def activation(context: LayerContext, key: str = "activation", default: str = "linear") -> str:
    """Return what to write as the activation of a layer's *output*.

    If TF.js does not have it, that is ``"linear"``, and the translator puts what computes it
    behind the layer.

    Raises
    ------
    UnknownActivationError
        Keras does not ship it. The translator reports it.
    """
    value = context.read.take(key, default)
    found = named(value, context.layer.generation)
    if found.has_defaults and found.name in _NATIVE:
        return _NATIVE[found.name]
    context.deferred.append(value)
    return "linear"


def apply_activation(low: Lowering, value: Json, x: Tensor, generation: int) -> Tensor:
    """Return any activation of `x` within a small model.

    Parameters
    ----------
    value
        As in a layer's configuration; rules of operations write functions with arguments as
        ``{"class_name": "leaky_relu", "config": {"negative_slope": 0.1}}``.

    Raises
    ------
    UnknownActivationError
        Keras does not ship it. The translator reports it.
    """
    found = _simplified(named(value, generation), len(x.shape))
    if found.has_defaults and found.name in _NATIVE:
        return low.activation(x, _NATIVE[found.name])
    lower = _LOWERED.get(found.name)
    if lower is not None:
        with suppress(lowered.NotLoweredError):
            return lower(low, x, found.arguments)
    arguments = {"function": found.name, **found.arguments}
    shape = lowered.halved(x.shape, found.arguments["axis"]) if found.name == "glu" else x.shape
    return low.companion("Activation", arguments, x, shape=shape)


def _simplified(found: Activation, rank: int) -> Activation:
    """Return the activation with an axis that is the last one spelled -1."""
    axis = found.arguments.get("axis")
    if axis in (rank - 1, [-1], [rank - 1]):
        return replace(found, arguments={**found.arguments, "axis": -1})
    return found
