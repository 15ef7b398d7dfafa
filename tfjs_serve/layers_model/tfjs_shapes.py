"""Shapes of outputs of a layers model that another program wrote, where its layers tell them.

A ``model.json`` has the shapes of inputs only. Along layers in a row, the last one often says the
rest: ``Dense`` its units, whatever comes before. What is not certain is not told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from tfjs_serve.layers_model.model import Json

Sizes = tuple[int | None, ...]

_UNKNOWN = -1
"""A size that the layers tell to TensorFlow.js, but not to us; ``None`` is any size."""
_SAME = frozenset(
    {
        *("Activation", "ActivityRegularization", "BatchNormalization", "Dropout", "ELU"),
        *("GaussianDropout", "GaussianNoise", "InputLayer", "LayerNormalization", "LeakyReLU"),
        *("PReLU", "ReLU", "Softmax", "SpatialDropout1D", "ThresholdedReLU"),
    }
)
_CONVOLUTIONS = frozenset({"Conv1D", "Conv2D", "Conv2DTranspose", "Conv3D", "SeparableConv2D"})
_WINDOWS = ("AveragePooling", "MaxPooling")
_GLOBAL = ("GlobalAveragePooling", "GlobalMaxPooling")
_RECURRENT = frozenset({"GRU", "LSTM", "SimpleRNN"})


def shape_after(shape: Sizes | None, class_name: str, config: Mapping[str, Json]) -> Sizes | None:
    """Return the shape of the output of a layer with channels last; ``None`` if it is not known."""
    if not shape or len(shape) < 2:
        return None
    *before, last = shape
    if class_name in _SAME:
        return shape
    if class_name == "Dense":
        return (*before, _size(config.get("units")))
    if class_name == "Flatten":
        return (shape[0], _product(shape[1:]))
    if config.get("data_format") == "channels_first":
        return None
    if class_name in _CONVOLUTIONS:
        return (shape[0], *(_UNKNOWN for _ in before[1:]), _size(config.get("filters")))
    if class_name.startswith(_WINDOWS):
        return (shape[0], *(_UNKNOWN for _ in before[1:]), last)
    if class_name.startswith(_GLOBAL):
        return (shape[0], last)
    if class_name in _RECURRENT and config.get("return_sequences") is False:
        return (shape[0], _size(config.get("units")))
    return None


def told(shape: Sizes | None) -> Sizes | None:
    """Return a shape if all of its sizes are certain."""
    return None if shape is None or _UNKNOWN in shape else shape


def _size(value: Json) -> int:
    return value if type(value) is int and 0 < value < 1 << 31 else _UNKNOWN


def _product(sizes: Sizes) -> int | None:
    if _UNKNOWN in sizes:
        return _UNKNOWN
    known = [size for size in sizes if size is not None]
    product = math.prod(known) if len(known) == len(sizes) else None
    return product if product is None or product < 1 << 62 else _UNKNOWN
