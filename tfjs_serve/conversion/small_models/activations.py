"""Activations: TF.js's own (``activations.ts``), those that are lowered, those of the companion.

An activation is a function or an object with arguments, such as ``"gelu"`` and ``LeakyReLU(0.1)``.

- The rule of a layer with an activation of its output is decorated with :func:`activated`. If TF.js
  lacks the activation, the layer becomes a small model: the layer without the activation, and the
  activation after it.
- Rules of operations call :func:`apply_activation` in their small models.
- Companion layers that compute activations themselves, such as recurrent cells, get what
  :func:`companion_activation` returns among their arguments: ``{"function": name, ...}``.
  JavaScript calls ``activations[spec.function](x, spec)`` with it.
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
"""From names in Keras to names in TF.js, whose functions compute these with default arguments."""


def native_activation(value: Json, generation: int) -> str | None:
    """Return TF.js's name of the activation; ``None`` if TF.js does not compute it.

    Parameters
    ----------
    value
        As in a layer's configuration: a name, a serialized object, or ``None`` for none.
    generation
        Generation of Keras.
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

    The name is one of the `activations` in ``browser/layers/activations.js``, which has all of
    Keras's. The other keys are the arguments of the function.

    Raises
    ------
    UnknownActivationError
        Keras does not ship it. The translator reports it.
    """
    found = named(value, generation)
    return {"function": found.name, **found.arguments}


def activated(translate: Callable[[LayerContext, str], TfjsLayer]) -> Translate:
    """Return the rule of a layer that has an activation of its output.

    The rule raises an ``UnknownActivationError`` if Keras does not ship the activation, and an
    ``UnknownShapeError`` if the layer becomes a small model and its shapes are not known. The
    translator reports both.

    Parameters
    ----------
    translate
        Returns the layer, given the context and TF.js's name of the activation. If TF.js lacks the
        activation, the name is ``"linear"``, and layers that compute the activation follow.
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
        Returns the layer without the activation, given a context with a name inside the small
        model.

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
    """Report what else is wrong with a layer that cannot be translated anyway."""
    with suppress(*NONSENSE):
        translate(context)


def apply_activation(low: Lowering, value: Json, x: Tensor, generation: int) -> Tensor:
    """Return an activation of `x`, whatever it is, within a small model.

    Parameters
    ----------
    value
        The activation, as in a layer's configuration. Rules of operations give functions with
        arguments as ``{"class_name": "leaky_relu", "config": {"negative_slope": 0.1}}``.
    x
        A tensor of any shape.
    generation
        Generation of Keras.

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
    """Return the activation with -1 for an axis that is the last one."""
    axis = found.arguments.get("axis")
    if axis in (rank - 1, [-1], [rank - 1]):
        return replace(found, arguments={**found.arguments, "axis": -1})
    return found
