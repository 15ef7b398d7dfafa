"""Convolutions with given kernels (``keras/src/ops/nn.py``)."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import (
    Size,
    convolved,
    known_product,
    pair,
    spatial,
    transposed_length,
    with_channels,
)
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.signatures import operation


def _window(kernel: Operand, spatial_rank: int, given: Mapping[str, Json]) -> dict[str, Json]:
    return {**given, "kernel_size": list(kernel.shape[:spatial_rank])}


@operation("conv")
def conv(
    inputs: Operand,
    kernel: Operand,
    /,
    strides: Json = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Json = 1,
) -> Operand:
    """The kernel has the shape ``(*spatial, channels of one group, filters)``."""
    given = {
        "strides": strides,
        "padding": padding,
        "data_format": data_format,
        "dilation_rate": dilation_rate,
    }
    config = _window(kernel, inputs.rank - 2, given)
    return Operand(shape=convolved(config, inputs.shape, kernel.shape[-1]), dtype=inputs.dtype)


@operation("depthwise_conv")
def depthwise_conv(
    inputs: Operand,
    kernel: Operand,
    /,
    strides: Json = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Json = 1,
) -> Operand:
    """The kernel has the shape ``(*spatial, channels, filters of each channel)``."""
    made = conv(inputs, kernel, strides, padding, data_format, dilation_rate)
    return _with_channels(made, data_format, known_product(kernel.shape[-2:]))


def _with_channels(x: Operand, data_format: str | None, channels: Size) -> Operand:
    at = 1 if data_format == "channels_first" else x.rank - 1
    return Operand(shape=(*x.shape[:at], channels, *x.shape[at + 1 :]), dtype=x.dtype)


@operation("separable_conv")
def separable_conv(
    inputs: Operand,
    depthwise_kernel: Operand,
    pointwise_kernel: Operand,
    /,
    strides: Json = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Json = 1,
) -> Operand:
    """A depthwise convolution, and then one of single pixels."""
    made = conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return _with_channels(made, data_format, pointwise_kernel.shape[-1])


@operation("conv_transpose")
def conv_transpose(
    inputs: Operand,
    kernel: Operand,
    /,
    strides: Json = 1,
    padding: str = "valid",
    output_padding: Json = None,
    data_format: str | None = None,
    dilation_rate: Json = 1,
) -> Operand:
    """The kernel has the shape ``(*spatial, filters, channels)``."""
    count = inputs.rank - 2
    windows, steps = list(kernel.shape[:count]), pair(strides, count)
    rates = pair(dilation_rate, count)
    extra = [None] * count if output_padding is None else pair(output_padding, count)

    def change(axis: int, size: int) -> int:
        window = rates[axis] * ((windows[axis] or 1) - 1) + 1
        added = extra[axis]
        if added is None:
            return transposed_length(size, window, steps[axis], padding)
        pad = window // 2 if padding == "same" else 0
        return (size - 1) * steps[axis] + window - 2 * pad + added

    config = {"data_format": data_format}
    shape = with_channels(
        config, inputs.shape, spatial(config, inputs.shape, change), kernel.shape[-2]
    )
    return Operand(shape=shape, dtype=inputs.dtype)
