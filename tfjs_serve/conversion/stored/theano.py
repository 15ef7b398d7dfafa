"""Restores models that were trained with Theano, whose convolutions differ from TensorFlow's.

Theano flips kernels before it multiplies. For "same", it pads by half of the kernel on both sides,
whatever the strides are. For pooling, it pads by one or two steps less than the window (``conv2d``
and ``pool2d`` in ``backend/theano_backend.py`` of Keras 1 and 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.shapes import pair
from tfjs_serve.conversion.model.sources import Weights, computed_source
from tfjs_serve.conversion.stored.forms import FormOf, Restored, StoredForm
from tfjs_serve.conversion.stored.replacements import inner_layer, replacement
from tfjs_serve.layers_model.model import TensorSource

_RANKS = {
    "Conv1D": 1,
    "Conv2D": 2,
    "Conv2DTranspose": 2,
    "Conv3D": 3,
    "Conv3DTranspose": 3,
    "ConvLSTM2D": 2,
    "Deconvolution2D": 2,
}
"""Layers whose kernels Theano flips, and the number of their spatial axes.

Keras itself flips the kernels of depthwise convolutions, so they are saved as in TensorFlow.
"""
_POOLING = {f"{kind}Pooling{rank}D" for kind in ("Average", "Max") for rank in (1, 2, 3)}
_UNCLEAR_AVERAGE = {(2, 0), (2, 1)}
"""Versions of Keras that have releases which count the padding in averages."""
_HINT = "Use padding='valid', with ZeroPadding before it."


def theano_forms(report: Report) -> FormOf:
    """Return the forms of layers of models that were trained with Theano; refusals are reported."""

    def form(layer: KerasLayer) -> StoredForm | None:
        if layer.class_name in _RANKS:
            return StoredForm(
                variables=(), restore=lambda made, weights: _convolution(made, weights, report)
            )
        if layer.class_name in _POOLING and layer.config.get("padding") == "same":
            unclear = layer.class_name.startswith("Average") and layer.version in _UNCLEAR_AVERAGE
            return StoredForm(
                variables=(),
                restore=lambda made, _weights: _pooling(made, report if unclear else None),
            )
        if layer.class_name == "SReLU":
            return StoredForm(variables=(), restore=_s_relu)
        return None

    return form


def _convolution(layer: KerasLayer, weights: Weights, report: Report) -> Restored:
    rank = _RANKS[layer.class_name]
    turned = {name: _turned(name, source, rank) for name, source in weights.items()}
    if layer.config.get("padding") not in ("same", "full") or _pads_alike(layer, rank):
        return layer, {layer.path: turned}
    if layer.class_name in ("Conv1D", "Conv2D", "Conv3D"):
        return _after_padding(layer, turned, rank)
    if layer.class_name == "ConvLSTM2D" or any(size % 2 == 0 for size in _extents(layer, rank)):
        _refuse(layer, report)
        return layer, {layer.path: turned}
    return _before_cropping(layer, turned, rank)


def _turned(name: str, source: TensorSource, rank: int) -> TensorSource:
    if not name.endswith("kernel"):
        return source
    axes = tuple(range(rank))
    return computed_source(lambda kernel: np.flip(kernel, axes), source, shape=source.shape)


def _extents(layer: KerasLayer, rank: int) -> list[int]:
    """Return how many steps a kernel covers along each axis."""
    sizes = pair(layer.config["kernel_size"], rank)
    dilation = pair(layer.config.get("dilation_rate", 1), rank)
    return [(size - 1) * step + 1 for size, step in zip(sizes, dilation, strict=True)]


def _pads_alike(layer: KerasLayer, rank: int) -> bool:
    strides = pair(layer.config.get("strides", 1), rank)
    odd = all(extent % 2 for extent in _extents(layer, rank))
    return layer.config["padding"] == "same" and set(strides) == {1} and odd


def _after_padding(layer: KerasLayer, weights: Weights, rank: int) -> Restored:
    """Return a model in place of the layer: ZeroPadding, and the layer with "valid"."""
    extents = _extents(layer, rank)
    if layer.config["padding"] == "full":
        edges = [[extent - 1] * 2 for extent in extents]
    else:
        edges = [[extent // 2, (extent - 1) // 2] for extent in extents]
    padding = inner_layer(layer, f"ZeroPadding{rank}D", _edges("padding", layer, edges))
    valid = inner_layer(layer, layer.class_name, {**layer.config, "padding": "valid"})
    return replacement(layer, (padding, valid)), {layer.path: {}, valid.path: weights}


def _before_cropping(layer: KerasLayer, weights: Weights, rank: int) -> Restored:
    """Return a model in place of the layer: the layer with "valid", and Cropping."""
    extents, config = _extents(layer, rank), {**layer.config, "padding": "valid"}
    cut = [extent // 2 for extent in extents]
    if "output_shape" in config:
        first = 2 if config.get("data_format") == "channels_first" else 1
        sizes = list(config["output_shape"])
        for axis, size in enumerate(cut, start=first):
            sizes[axis] += size
        config["output_shape"] = sizes
    else:
        strides = pair(config.get("strides", 1), rank)
        config["output_padding"] = [
            stride + size - extent
            for stride, size, extent in zip(strides, cut, extents, strict=True)
        ]
    valid = inner_layer(layer, layer.class_name, config)
    edges = [[size, 0] for size in cut]
    cropping = inner_layer(layer, f"Cropping{rank}D", _edges("cropping", layer, edges))
    return replacement(layer, (valid, cropping)), {layer.path: {}, valid.path: weights}


def _edges(key: str, layer: KerasLayer, edges: Sequence[list[int]]) -> dict[str, Json]:
    if len(edges) == 1:
        return {key: edges[0]}
    return {key: list(edges), "data_format": layer.config.get("data_format") or "channels_last"}


def _refuse(layer: KerasLayer, report: Report) -> None:
    report.problem(
        layer,
        "unsupported-argument",
        "Its padding='same' was computed by Theano, which does not pad as TensorFlow.js does.",
        _HINT,
    )


def _pooling(layer: KerasLayer, unclear: Report | None) -> Restored:
    if unclear is not None:
        _refuse(layer, unclear)
    rank = int(layer.class_name[-2])
    sizes = pair(layer.config.get("pool_size", 2), rank)
    strides = layer.config.get("strides")
    config = {
        "pool_size": sizes,
        "strides": sizes if strides is None else pair(strides, rank),
        "before": [size - 2 if size > 2 and size % 2 else size - 1 for size in sizes],
        "largest": layer.class_name.startswith("Max"),
        "data_format": layer.config.get("data_format") or "channels_last",
    }
    return replace(layer, class_name="HalfPaddedPooling", config=config), {layer.path: {}}


def _s_relu(layer: KerasLayer, weights: Weights) -> Restored:
    """Theano also limits what is below the left threshold: ``K.relu`` with ``max_value``."""
    config = {**layer.config, "limits_below": True}
    return replace(layer, config=config), {layer.path: weights}
