"""Activations: TF.js's own (``activations.ts``), what others are lowered to, and the companion's.

An activation is a function, or an object that has arguments: ``"gelu"``, ``LeakyReLU(0.1)``.
Where it follows a layer's output, the rule of the layer is made with :func:`activated`; if TF.js
lacks it, the layer becomes a small model of the layer without it, and the activation after it.
Rules of operations call :func:`apply_activation` within their small models. Companion layers that
compute activations themselves, such as recurrent cells, get :func:`companion_activation` among
their arguments: ``{"function": name, ...}``, for which JavaScript calls
``activations[spec.function](x, spec)``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import wraps

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.report import NONSENSE
from tfjs_serve.conversion.rules.activation_names import Activation, UnknownActivationError, named
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer, Translate
from tfjs_serve.conversion.small_models.activation_formulas import (
    FORMULAS,
    NotLoweredError,
    halved,
)
from tfjs_serve.conversion.small_models.arithmetic import (
    Lowering,
    Tensor,
    UnknownShapeError,
    common_shapes,
)

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


def activated(translate: Callable[[LayerContext, str], TfjsLayer]) -> Translate:
    """Make a rule of a function that translates a layer with an activation of its output.

    Parameters
    ----------
    translate
        Gets the activation that TF.js is to compute. Where TF.js lacks the layer's, that is
        ``"linear"``, and the result is followed by layers that compute it.
    """

    @wraps(translate)
    def rule(context: LayerContext) -> TfjsLayer:
        value = context.read.take("activation", "linear")
        try:
            found = named(value, context.layer.generation)
        except UnknownActivationError:
            _tell_the_rest(context, lambda same: translate(same, "linear"))
            raise
        if found.has_defaults and found.name in _NATIVE:
            return translate(context, _NATIVE[found.name])
        return followed_by_activation(context, value, lambda inner: translate(inner, "linear"))

    return rule


def followed_by_activation(context: LayerContext, value: Json, translate: Translate) -> TfjsLayer:
    """Return a small model of a layer and the activation of its output.

    Parameters
    ----------
    value
        The activation, as in the layer's configuration.
    translate
        Returns the layer without it. Gets the context with a name inside the small model.

    Raises
    ------
    UnknownActivationError
        Keras does not ship it. The translator reports it.
    UnknownShapeError
        The shape of the input or of the output is not known.
    """
    try:
        low = Lowering(context)
    except UnknownShapeError:
        _tell_the_rest(context, translate)
        raise
    name = low.fresh_name(context.layer.class_name.lower())
    core = translate(replace(context, name=name, scope=name))
    x = low.translated(core, *low.inputs, shape=common_shapes(context.results)[0])
    return low.model(apply_activation(low, value, x, context.layer.generation))


def _tell_the_rest(context: LayerContext, translate: Translate) -> None:
    """Report what else is wrong with a layer that has no translation anyway."""
    with suppress(*NONSENSE):
        translate(context)


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
    lower = FORMULAS.get(found.name)
    if lower is not None:
        with suppress(NotLoweredError):
            return lower(low, x, found.arguments)
    arguments = {"function": found.name, **found.arguments}
    shape = halved(x.shape, found.arguments["axis"]) if found.name == "glu" else x.shape
    return low.companion("Activation", arguments, x, shape=shape)


def _simplified(found: Activation, rank: int) -> Activation:
    """Return the activation with an axis that is the last one spelled -1."""
    axis = found.arguments.get("axis")
    if axis in (rank - 1, [-1], [rank - 1]):
        return replace(found, arguments={**found.arguments, "axis": -1})
    return found
