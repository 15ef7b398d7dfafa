"""Initializers, regularizers and constraints in TF.js's terms.

Sources: ``initializers.ts``, ``regularizers.ts`` and ``constraints.ts`` of
tfjs-layers, and the modules of the same names in Keras.
"""

from __future__ import annotations

from collections.abc import Callable

from tfjs_serve.conversion.constraints import is_satisfied
from tfjs_serve.conversion.context import LayerContext
from tfjs_serve.conversion.model import Json

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
"""Keras class -> TF.js class and the arguments that both have."""

_WITH_SEED = frozenset(_INITIALIZERS) - {"Constant", "Identity", "Ones", "Zeros"}


def parameter(
    context: LayerContext, variable: str, prefix: str | None = None, regularizer: bool = True
) -> dict[str, Json]:
    """Return initializer, regularizer and constraint of one variable.

    Parameters
    ----------
    variable
        Name of the variable, such as ``"kernel"``.
    prefix
        Of the argument names, if they differ: ``"depthwise"`` for ``depthwise_kernel``.
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
    """Return initializer, regularizer and constraint of several variables."""
    merged: dict[str, Json] = {}
    for variable in variables:
        merged.update(parameter(context, variable))
    return merged


def parameters_of_parts(context: LayerContext, variable: str) -> dict[str, Json]:
    """Return the regularizer of a variable that is written in parts or in another shape.

    It holds for each part as for the whole; a constraint of norms does not, and is left out.
    """
    read = context.read
    read.ignore(f"{variable}_initializer")
    if read.take(f"{variable}_constraint") is not None:
        context.warn(f"its {variable}_constraint is left out: it is not kept while training.")
    value = read.take(f"{variable}_regularizer")
    result = None if value is None else _regularizer(context, variable, value)
    return {} if result is None else {f"{variable}_regularizer": result}


def _object(value: Json) -> tuple[str, dict[str, Json]]:
    """Return class name and config of a serialized object; Keras 2 also writes bare names."""
    if isinstance(value, dict):
        config = value.get("config")
        return str(value.get("class_name")), config if isinstance(config, dict) else {}
    return "".join(part.capitalize() for part in str(value).split("_")), {}


def _left_out(context: LayerContext, kind: str, class_name: str) -> None:
    context.warn(f"its {kind} {class_name} is left out: TensorFlow.js has none like it.")


def _initializer(context: LayerContext, _variable: str, value: Json) -> Json:
    class_name, config = _object(value)
    if class_name not in _INITIALIZERS:
        _left_out(context, "initializer", class_name)
        return None
    target, keys = _INITIALIZERS[class_name]
    arguments = {key: config[key] for key in keys if config.get(key) is not None}
    if not all(isinstance(item, int | float | str) for item in arguments.values()):
        _left_out(context, "initializer", class_name)
        return None
    if arguments.get("distribution") == "untruncated_normal":
        arguments["distribution"] = "normal"
    if class_name in _WITH_SEED:
        seed = config.get("seed")
        arguments["seed"] = seed if isinstance(seed, int) else None
    return {"class_name": target, "config": arguments}


def _regularizer(context: LayerContext, _variable: str, value: Json) -> Json:
    class_name, config = _object(value)
    if class_name not in ("L1", "L2", "L1L2"):
        _left_out(context, "regularizer", class_name)
        return None
    # TF.js takes 0.01 for what is absent, so both are written.
    strengths = {key: config.get(key) or 0 for key in ("l1", "l2")}
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
    weight = context.weights.get(variable)
    if weight is not None and not is_satisfied(class_name, arguments, weight):
        # TF.js applies a constraint when it loads a weight; Keras only after training steps.
        context.warn(f"its constraint {class_name} is left out: the saved {variable} breaks it.")
        return None
    return {"class_name": class_name, "config": arguments}
