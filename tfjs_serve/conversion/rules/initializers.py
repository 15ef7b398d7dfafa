"""Initializers, regularizers and constraints in TF.js's terms.

Sources: ``initializers.ts``, ``regularizers.ts`` and ``constraints.ts`` of tfjs-layers, and the
modules of the same names in Keras.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.report import left_out
from tfjs_serve.conversion.rules.constraints import is_satisfied
from tfjs_serve.conversion.rules.context import LayerContext

_INITIALIZERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Constant": ("Constant", ("value",)),
    "GlorotNormal": ("GlorotNormal", ()),
    "GlorotUniform": ("GlorotUniform", ()),
    "HeNormal": ("HeNormal", ()),
    "HeUniform": ("HeUniform", ()),
    "Identity": ("Identity", ("gain",)),
    "LecunNormal": ("LeCunNormal", ()),
    "LecunUniform": ("LeCunUniform", ()),
    "Ones": ("Ones", ()),
    "Orthogonal": ("Orthogonal", ("gain",)),
    "RandomNormal": ("RandomNormal", ("mean", "stddev")),
    "RandomUniform": ("RandomUniform", ("minval", "maxval")),
    "TruncatedNormal": ("TruncatedNormal", ("mean", "stddev")),
    "VarianceScaling": ("VarianceScaling", ("scale", "mode", "distribution")),
    "Zeros": ("Zeros", ()),
}
"""From the class in Keras to the class in TF.js, and the arguments that both have."""

_ALIASES = {
    "IdentityInitializer": "Identity",
    "Maxnorm": "MaxNorm",
    "Nonneg": "NonNeg",
    "Normal": "RandomNormal",
    "One": "Ones",
    "OrthogonalInitializer": "Orthogonal",
    "Uniform": "RandomUniform",
    "Unitnorm": "UnitNorm",
    "Zero": "Zeros",
}
"""Other names that Keras uses or used. Those that are in snake case are in camel case here."""

_WITH_SEED = frozenset(_INITIALIZERS) - {"Constant", "Identity", "Ones", "Zeros"}


def parameter(
    context: LayerContext, variable: str, prefix: str | None = None, regularizer: bool = True
) -> dict[str, Json]:
    """Return the arguments of TF.js's layer for the initializer, regularizer and constraint.

    Parameters
    ----------
    variable
        Name of the variable, such as ``"kernel"``.
    prefix
        First part of the names of the arguments, if it is not the variable's name:
        ``"depthwise"`` for ``depthwise_kernel``.
    regularizer
        Whether layers of this class have a regularizer for the variable.
    """
    prefix = variable if prefix is None else prefix
    translated: dict[str, tuple[Callable[[LayerContext, str, Json], Json], str]] = {
        "initializer": (_initializer, variable),
        "constraint": (_constraint, variable),
    }
    if regularizer:
        translated["regularizer"] = (_regularizer, variable)
    config: dict[str, Json] = {}
    for kind, (translate, name) in translated.items():
        value = context.read.take(f"{prefix}_{kind}")
        result = None if value is None else translate(context, name, value)
        if result is not None:
            config[f"{prefix}_{kind}"] = result
    return config


def parameters(context: LayerContext, *variables: str) -> dict[str, Json]:
    """Return what :func:`parameter` returns, for several variables."""
    merged: dict[str, Json] = {}
    for variable in variables:
        merged.update(parameter(context, variable))
    return merged


def parameters_of_parts(context: LayerContext, variable: str) -> dict[str, Json]:
    """Return the regularizer of a variable that is written in parts or in another shape.

    A regularizer means the same for the parts as for the whole. A constraint need not, so it is
    left out with a warning.
    """
    read = context.read
    read.ignore(f"{variable}_initializer")
    if read.take(f"{variable}_constraint") is not None:
        context.warn(f"its {variable}_constraint is left out: training in a page ignores it.")
    value = read.take(f"{variable}_regularizer")
    result = None if value is None else _regularizer(context, variable, value)
    return {} if result is None else {f"{variable}_regularizer": result}


def _object(value: Json) -> tuple[str, dict[str, Json]]:
    """Return class name and config of a serialized object; Keras 2 also writes bare names."""
    config: Json = {}
    if isinstance(value, dict):
        config, value = value.get("config"), value.get("class_name")
    name = str(value)
    if name == name.lower():
        name = "".join(part.capitalize() for part in name.split("_"))
    return _ALIASES.get(name, name), config if isinstance(config, dict) else {}


def _is_plain(value: Json) -> bool:
    """Whether it is a string or a finite number, which can be written as it is."""
    return isinstance(value, str) or (isinstance(value, int | float) and math.isfinite(value))


def _left_out(context: LayerContext, kind: str, class_name: str) -> None:
    context.warn(left_out(kind, class_name))


def _initializer(context: LayerContext, variable: str, value: Json) -> Json:
    class_name, config = _object(value)
    if class_name not in _INITIALIZERS or not _fits(context, variable, class_name):
        _left_out(context, "initializer", class_name)
        return None
    target, keys = _INITIALIZERS[class_name]
    arguments = {key: config[key] for key in keys if config.get(key) is not None}
    if not all(map(_is_plain, arguments.values())):
        _left_out(context, "initializer", class_name)
        return None
    if arguments.get("distribution") in ("truncated_normal", "untruncated_normal"):
        arguments["distribution"] = "normal"
    if class_name in _WITH_SEED:
        seed = config.get("seed")
        arguments["seed"] = seed if isinstance(seed, int) else None
    return {"class_name": target, "config": arguments}


def _fits(context: LayerContext, variable: str, class_name: str) -> bool:
    """Whether the initializer works for this shape; some throw when TF.js loads a weight."""
    weight = context.weights.get(variable)
    shape = (1, 1) if weight is None else weight.shape
    if class_name == "Identity":
        return len(shape) == 2 and shape[0] == shape[1]
    return class_name != "Orthogonal" or len(shape) > 1


def _regularizer(context: LayerContext, _variable: str, value: Json) -> Json:
    class_name, config = _object(value)
    if class_name not in ("L1", "L2", "L1L2"):
        _left_out(context, "regularizer", class_name)
        return None
    # TF.js takes 0.01 for an absent one, so both are written. Keras does so for a bare name.
    strengths = {
        key: config.get(key, 0.01 if class_name == key.upper() else 0) or 0 for key in ("l1", "l2")
    }
    if not all(map(_is_plain, strengths.values())):
        _left_out(context, "regularizer", class_name)
        return None
    return {"class_name": "L1L2", "config": strengths}


def _constraint(context: LayerContext, variable: str, value: Json) -> Json:
    class_name, config = _object(value)
    keys = {
        "MaxNorm": ("max_value", "axis"),
        "MinMaxNorm": ("min_value", "max_value", "rate", "axis"),
        "NonNeg": (),
        "UnitNorm": ("axis",),
    }.get(class_name)
    if keys is None:
        _left_out(context, "constraint", class_name)
        return None
    arguments = {key: config[key] for key in keys if config.get(key) is not None}
    if not all(_is_plain(item) or isinstance(item, list) for item in arguments.values()):
        _left_out(context, "constraint", class_name)
        return None
    weight = context.weights.get(variable)
    if weight is not None and not is_satisfied(class_name, arguments, weight):
        # TF.js applies constraints when it loads weights, Keras only after training steps.
        context.warn(f"its constraint {class_name} is left out: the saved {variable} breaks it.")
        return None
    return {"class_name": class_name, "config": arguments}
