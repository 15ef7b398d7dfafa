"""Turns the arguments of Keras 1's layers into those of Keras 2: other names, other values.

The names follow ``legacy/interfaces.py`` of Keras 2.2, which does the same for Python code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfjs_serve.conversion.model.layers import Json

Arguments = dict[str, Json]

CLASSES = {
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "SeparableConvolution2D": "SeparableConv2D",
    "TimeDistributedDense": "Dense",
}
"""Classes that have another name in Keras 2; for Merge, see ``merging.py``."""

_NAMES = {
    "atrous_rate": "dilation_rate",
    "bias": "use_bias",
    "border_mode": "padding",
    "dim_ordering": "data_format",
    "dropout_U": "recurrent_dropout",
    "dropout_W": "dropout",
    "filter_length": "kernel_size",
    "inner_activation": "recurrent_activation",
    "input_dtype": "dtype",
    "length": "size",
    "nb_feature": "features",
    "nb_filter": "filters",
    "p": "rate",
    "pool_length": "pool_size",
    "sigma": "stddev",
    "stride": "strides",
    "subsample": "strides",
    "subsample_length": "strides",
}
_FORMATS = {"th": "channels_first", "tf": "channels_last"}
_KERNEL_SIZES = ("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3")
_WITHOUT_EFFECT = frozenset(
    {"activity_regularizer", "consume_less", "input_dim", "input_length", "inner_init", "init"}
    | {"forget_bias_init", "transform_bias", "weights"}
)
"""Keys for training only, keys that the layer's input tells, and those translated separately."""

_INITIALIZERS: dict[str, tuple[str, Arguments]] = {
    "identity": ("Identity", {"gain": 1.0}),
    "normal": ("RandomNormal", {"mean": 0.0, "stddev": 0.05, "seed": None}),
    "one": ("Ones", {}),
    "orthogonal": ("Orthogonal", {"gain": 1.1, "seed": None}),
    "uniform": ("RandomUniform", {"minval": -0.05, "maxval": 0.05, "seed": None}),
    "zero": ("Zeros", {}),
}
_CONSTRAINTS = {
    "MaxNorm": {"m": "max_value", "axis": "axis"},
    "MinMaxNorm": {"low": "min_value", "high": "max_value", "rate": "rate", "axis": "axis"},
    "NonNeg": {},
    "UnitNorm": {"axis": "axis"},
}
_VARIABLES = {"W": "kernel", "U": "recurrent", "b": "bias", "gamma": "gamma", "beta": "beta"}

_PREFIXES: dict[str, dict[str, str]] = {
    "Embedding": {"W": "embeddings"},
}
_WITH_INIT = {
    "Embedding": "embeddings_initializer",
    "PReLU": "alpha_initializer",
}
_WITH_UNITS = frozenset(
    {"Dense", "GRU", "LSTM", "MaxoutDense", "SimpleRNN", "TimeDistributedDense"}
)


def modern_arguments(
    class_name: str, config: Mapping[str, Json], data_format: str | None
) -> Arguments:
    """Return the arguments of a layer of Keras 1 as Keras 2 has them.

    Parameters
    ----------
    class_name
        Name of the class in Keras 1.
    config
        Arguments of the layer in Keras 1.
    data_format
        The data format, if the layer has one and does not write it.
    """
    ignored = _WITHOUT_EFFECT - {"input_dim"} if class_name == "Embedding" else _WITHOUT_EFFECT
    left = {key: value for key, value in config.items() if key not in ignored}
    arguments = _initializers(class_name, config)
    arguments |= _objects(class_name, left)
    for names in _KERNEL_SIZES:
        if names[0] in left:
            arguments["kernel_size"] = [left.pop(name, 1) for name in names]
    if class_name in _WITH_UNITS and "output_dim" in left:
        arguments["units"] = left.pop("output_dim")
    for key, value in left.items():
        arguments[_NAMES.get(key, key)] = value
    if data_format is not None:
        arguments.setdefault("data_format", data_format)
    written = arguments.get("data_format")
    if written is not None:
        arguments["data_format"] = _FORMATS.get(written, data_format or "channels_last")
    return _adjusted(class_name, arguments)


def _initializers(class_name: str, config: Mapping[str, Json]) -> Arguments:
    arguments: Arguments = {}
    if "init" in config:
        key = _WITH_INIT.get(class_name, "kernel_initializer")
        arguments[key] = _initializer(config["init"])
    if "inner_init" in config:
        arguments["recurrent_initializer"] = _initializer(config["inner_init"])
    if "forget_bias_init" in config:
        arguments["unit_forget_bias"] = config["forget_bias_init"] == "one"
    return arguments


def _initializer(name: Json) -> Json:
    if name not in _INITIALIZERS:
        return name
    class_name, config = _INITIALIZERS[name]
    return {"class_name": class_name, "config": dict(config)}


def _objects(class_name: str, left: Arguments) -> Arguments:
    """Take regularizers and constraints out of `left` and return them."""
    names = {**_VARIABLES, **_PREFIXES.get(class_name, {})}
    # If a kernel is saved with its axes in another order, its constraints name other axes.
    keeps_axes = left.get("dim_ordering") != "th"
    arguments: Arguments = {}
    for old, new in names.items():
        regularizer = left.pop(f"{old}_regularizer", None)
        constraint = left.pop(f"{old}_constraint", None)
        if isinstance(regularizer, dict):
            arguments[f"{new}_regularizer"] = _regularizer(regularizer)
        if isinstance(constraint, dict) and (keeps_axes or old == "b"):
            arguments[f"{new}_constraint"] = _constraint(constraint)
    return arguments


def _regularizer(saved: Mapping[str, Json]) -> Json:
    if "l1" not in saved and "l2" not in saved:
        return {"class_name": saved.get("name"), "config": {}}
    strengths = {key: saved.get(key, 0.0) for key in ("l1", "l2")}
    return {"class_name": "L1L2", "config": strengths}


def _constraint(saved: Mapping[str, Json]) -> Json:
    name = str(saved.get("name"))
    keys = _CONSTRAINTS.get(name, {})
    config = {new: saved[old] for old, new in keys.items() if old in saved}
    return {"class_name": name, "config": config}


def _adjusted(class_name: str, arguments: Arguments) -> Arguments:
    """Return the arguments after changes of single classes, where not only names differ."""
    if class_name == "GRU":
        arguments["reset_after"] = False
    if class_name == "Embedding":
        # Embeddings are dropped in training only.
        arguments.pop("dropout", None)
    if class_name.startswith("ZeroPadding"):
        arguments["padding"] = _padding(class_name, arguments.get("padding", 1))
    if class_name != "InputLayer":
        arguments.pop("dtype", None)
    return arguments


def _padding(class_name: str, padding: Any) -> Json:
    """Return the sides of ZeroPadding1D and 2D in pairs; in Keras 1 they may be in a dict."""
    if isinstance(padding, dict):
        sides = {"ZeroPadding1D": ("left_pad", "right_pad")}.get(
            class_name, ("top_pad", "bottom_pad", "left_pad", "right_pad")
        )
        padding = [padding.get(side, 0) for side in sides]
    if class_name == "ZeroPadding2D" and isinstance(padding, list) and len(padding) == 4:
        return [padding[:2], padding[2:]]
    return padding
