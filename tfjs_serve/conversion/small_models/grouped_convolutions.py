"""Grouped convolutions within small models, because TF.js has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tfjs_serve.conversion.model.shapes import known_product
from tfjs_serve.conversion.model.sources import Array, computed_source, constant
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError
from tfjs_serve.conversion.small_models.convolutions import (
    Kernel,
    convolve,
    depthwise,
    imagewise,
    padded,
)
from tfjs_serve.conversion.small_models.spatial import as_image, from_image, known_channels
from tfjs_serve.conversion.small_models.windows import Windows

_MOST_PARTS = 8
"""Up to here, one convolution for each group is fastest."""
_MOST_PRODUCTS = 1 << 22
"""Most numbers per example in an intermediate result: 16 MiB."""


def grouped(low: Lowering, x: Tensor, windows: Windows, kernel: Kernel, groups: int) -> Tensor:
    """Return the convolution of each group of channels of `x` by itself.

    If each group has one channel, this is a depthwise convolution. A few groups are cut apart. Many
    groups are multiplied by a depthwise convolution, and its results are summed. A kernel with
    zeros between the groups would do too, but would multiply the size of the model.

    Parameters
    ----------
    x
        A sequence, image or volume: ``(batch, *sizes, channels)``.
    windows
        One number for each spatial axis.
    kernel
        Of shape ``(*windows.size, channels // groups, filters)``.
    groups
        The number of groups; it divides the channels and the filters.

    Raises
    ------
    UnknownShapeError
        Several sizes are not known, and there are many groups, or it is a volume; or sizes are not
        known that the padding or the dilation needs.
    """
    if groups == 1:
        return convolve(low, x, windows, kernel)
    if len(windows.size) == 1:
        rows = grouped(low, as_image(low, x), imagewise(windows), kernel.upright(), groups)
        return from_image(low, rows)
    if windows.padding == "causal":
        x, windows = padded(low, x, windows)
    width, filters = kernel.values.shape[-2:]
    if len(windows.size) == 2 and width == 1:
        multiplier = filters // groups
        split = kernel.reshaped(*windows.size, groups, multiplier)
        return depthwise(low, x, windows, split)
    if groups > _MOST_PARTS and _is_summable(x, windows, kernel):
        return _summed(low, x, windows, kernel, groups)
    return _cut_apart(low, x, windows, kernel, groups)


def _is_summable(x: Tensor, windows: Windows, kernel: Kernel) -> bool:
    sizes = known_product([*x.shape[1:], kernel.values.shape[-1] // known_channels(x)])
    plain = len(windows.size) == 2 and not windows.is_dilated
    return plain and sizes is not None and sizes <= _MOST_PRODUCTS


def _summed(low: Lowering, x: Tensor, windows: Windows, kernel: Kernel, groups: int) -> Tensor:
    """Multiply channel by channel, then sum the channels of each group."""
    *size, width, filters = kernel.values.shape
    each = filters // groups

    def by_channel(values: Array) -> Array:
        parts = values.reshape(*size, width, groups, each)
        return np.moveaxis(parts, -2, -3).reshape(*size, groups * width, each)

    values = computed_source(by_channel, kernel.values, shape=(*size, groups * width, each))
    products = depthwise(low, x, windows, replace(kernel, values=values, bias=None))
    rows, columns = products.shape[1:3]
    lines = low.reshape(products, (known_product((rows, columns, groups)), width, each))
    config = {"pool_size": [1, width], "strides": [1, width], "padding": "valid"}
    means = low.layer("AveragePooling2D", config, lines)
    sums = low.rescale(low.reshape(means, (rows, columns, filters)), float(width))
    return sums if kernel.bias is None else low.affine(sums, None, kernel.bias)


def _cut_apart(low: Lowering, x: Tensor, windows: Windows, kernel: Kernel, groups: int) -> Tensor:
    parts = [
        convolve(low, _channels(low, x, index, groups), windows, _part(kernel, index, groups))
        for index in range(groups)
    ]
    return low.concatenate(parts, -1)


def _part(kernel: Kernel, index: int, groups: int) -> Kernel:
    """Return the filters of one group."""
    *rest, filters = kernel.values.shape
    each = filters // groups
    kept = slice(index * each, (index + 1) * each)

    def cut(values: Array) -> Array:
        return values[..., kept]

    values = computed_source(cut, kernel.values, shape=(*rest, each))
    bias = kernel.bias and computed_source(cut, kernel.bias, shape=(each,))
    return replace(kernel, values=values, bias=bias)


def _channels(low: Lowering, x: Tensor, index: int, groups: int) -> Tensor:
    """Return the channels of one group."""
    width = known_channels(x) // groups
    try:
        return low.slice(x, -1, index * width, width)
    except UnknownShapeError:
        if groups > _MOST_PARTS:
            raise
    return _chosen(low, x, index * width, width)


def _chosen(low: Lowering, x: Tensor, start: int, width: int) -> Tensor:
    """Choose channels with a convolution of one pixel, for which no size must be known."""
    rank = len(x.shape) - 2
    kernel = np.eye(known_channels(x), dtype=np.float32)[:, start : start + width]
    one = [1] * rank
    return low.layer(
        f"Conv{rank}D",
        {"filters": width, "kernel_size": one, "use_bias": False},
        x,
        weights={"kernel": constant(kernel.reshape(*one, *kernel.shape))},
        trainable=False,
    )
