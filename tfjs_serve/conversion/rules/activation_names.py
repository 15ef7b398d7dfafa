"""Every spelling of an activation that Keras has written, as one name and its arguments.

Sources: ``keras/src/activations`` and ``keras/src/layers/activations`` of Keras 3, and
``activations.py`` of Keras 2, which also knows some functions of ``tf.nn``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.serialized import snake_case

_PARAMETERS: Mapping[str, Mapping[str, Json]] = {
    **{
        name: {}
        for name in (
            *("exponential", "hard_sigmoid", "hard_silu", "hard_tanh", "linear", "log_sigmoid"),
            *("mish", "relu6", "selu", "sigmoid", "silu", "softplus", "softsign", "sparse_plus"),
            *("sparse_sigmoid", "tanh", "tanh_shrink"),
        )
    },
    "celu": {"alpha": 1.0},
    "elu": {"alpha": 1.0},
    "gelu": {"approximate": False},
    "glu": {"axis": -1},
    "hard_shrink": {"threshold": 0.5},
    "hard_sigmoid_keras2": {},
    "leaky_relu": {"negative_slope": 0.2},
    "log_softmax": {"axis": -1},
    "relu": {"negative_slope": 0.0, "max_value": None, "threshold": 0.0},
    "soft_shrink": {"threshold": 0.5},
    "softmax": {"axis": -1},
    "sparsemax": {"axis": -1},
    "squareplus": {"b": 4},
    "threshold": {"threshold": 0.0, "default_value": 0.0},
}
"""Functions and their arguments' defaults, as Keras 3 calls them."""

_ALIASES = {
    "exp": "exponential",
    "gelu_v2": "gelu",
    "hard_swish": "hard_silu",
    "log_softmax_v2": "log_softmax",
    "leaky_re_lu": "leaky_relu",
    "re_lu": "relu",
    "re_lu6": "relu6",
    "softmax_v2": "softmax",
    "swish": "silu",
    "thresholded_re_lu": "threshold",
}
"""Other names, also those of TensorFlow's functions and of classes in snake case."""

_RENAMED = {
    "leaky_relu": {"alpha": "negative_slope"},
    "relu": {"alpha": "negative_slope"},
    "threshold": {"theta": "threshold", "value": "default_value"},
}
"""Arguments that have other names in Keras 2, in TensorFlow, or as arguments of a layer."""

_DEFAULTS_OF_LAYERS = {
    "LeakyReLU": {"negative_slope": 0.3},
    "ThresholdedReLU": {"threshold": 1.0},
}
"""Layers whose defaults are not those of the function."""

_INACTIVE = frozenset(
    {"ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise"}
    | {"Identity", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"}
)
"""Layers that return their input at inference."""

_OF_ANY_LAYER = frozenset(
    {"name", "trainable", "dtype", "batch_input_shape", "batch_shape", "autocast", "features"}
)


class UnknownActivationError(ValueError):
    """An activation that Keras does not ship, or arguments that the activation does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """An activation as :func:`named` spells it.

    Attributes
    ----------
    name
        As in ``keras.activations`` of Keras 3; ``hard_sigmoid_keras2`` is ``0.2 x + 0.5``.
    arguments
        All arguments of the function, also those that have their default values.
    """

    name: str
    arguments: Mapping[str, Json]

    @property
    def has_defaults(self) -> bool:
        """Whether all arguments have the function's default values."""
        return self.arguments == _PARAMETERS[self.name]


def named(value: Json, generation: int) -> Activation:
    """Return the activation that a configuration spells.

    Parameters
    ----------
    value
        A name, an object ``{"class_name", "config"}``, or ``None`` for none.
    generation
        Generation of Keras, which decides what ``hard_sigmoid`` is.

    Raises
    ------
    UnknownActivationError
        Keras does not ship it, or an argument is not one of the function's.
    """
    if value is None:
        return Activation(name="linear", arguments={})
    if not isinstance(value, dict):
        return _made(str(value), {}, generation)
    config = value.get("config")
    class_name = str(value.get("class_name"))
    arguments = config if isinstance(config, dict) else {}
    if class_name == "Activation":
        return named(arguments.get("activation"), generation)
    if class_name in _INACTIVE:
        return Activation(name="linear", arguments={})
    return _made(class_name, arguments, generation)


def _made(spelled: str, given: Mapping[str, Json], generation: int) -> Activation:
    name = snake_case(spelled)
    name = _ALIASES.get(name, name)
    if name == "hard_sigmoid" and generation < 3:
        name = "hard_sigmoid_keras2"
    if name not in _PARAMETERS or not spelled.isidentifier():
        raise UnknownActivationError(f"its activation {spelled} is not one that Keras ships")
    renamed = _RENAMED.get(name, {})
    arguments = {**_PARAMETERS[name], **_DEFAULTS_OF_LAYERS.get(spelled, {})}
    for key, item in given.items():
        if key in _OF_ANY_LAYER:
            continue
        own = renamed.get(key, key)
        if own not in arguments:
            raise UnknownActivationError(f"its activation {spelled} has an unknown argument {key}")
        arguments[own] = item
    return Activation(name=name, arguments=arguments)
