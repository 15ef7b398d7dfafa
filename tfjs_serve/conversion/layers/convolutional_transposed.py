"""Conv1DTranspose, Conv2DTranspose and Conv3DTranspose (``convolutional.ts`` of tfjs-layers)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from tfjs_serve.conversion.layers.shared.convolution import (
    filters_of,
    images,
    lowered_convolution,
    read_convolution,
    read_kernel,
)
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.shapes import Shapes, pair, spatial, with_channels
from tfjs_serve.conversion.model.sources import Array, computed_source
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Support, kernel_and_bias, rule
from tfjs_serve.conversion.rules.traits import Traits
from tfjs_serve.conversion.small_models.activations import activated
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor
from tfjs_serve.conversion.small_models.convolutions import Kernel, convolve, elementwise, imagewise
from tfjs_serve.conversion.small_models.spatial import as_image, cropped, from_image, zero_padded
from tfjs_serve.conversion.small_models.windows import Windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """How much longer the output of TF.js's "valid" is than that of Keras, along one axis.

    Attributes
    ----------
    before, after
        Steps to cut off; a negative `after` is a number of steps to add.
    """

    before: int
    after: int


def surplus(extent: int, stride: int, padding: str, output_padding: int | None) -> Surplus:
    """Return the surplus along one axis, which does not depend on the size of the input.

    From ``compute_conv_transpose_padding_args_for_jax`` in ``backend_utils.py``; TensorFlow cuts
    off the same (``conv_utils.py`` in Keras 2).

    Parameters
    ----------
    extent
        The size of the window with the steps that dilation skips.
    """
    whole = max(extent, stride)
    if padding == "valid":
        wanted = whole if output_padding is None else extent + output_padding
        return Surplus(before=0, after=whole - wanted)
    wanted = stride if output_padding is None else extent % 2 + output_padding
    before = max((extent - wanted) // 2, 0)
    return Surplus(before=before, after=whole - wanted - before)


def _surpluses(windows: Windows, output_padding: Json) -> list[Surplus]:
    rank = len(windows.size)
    paddings = [None] * rank if output_padding is None else pair(output_padding, rank)
    return [
        surplus(extent, stride, windows.padding, padding)
        for extent, stride, padding in zip(windows.extent, windows.strides, paddings, strict=True)
    ]


def _enlarged(rank: int, layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    """Return the shape as ``compute_conv_transpose_output_shape`` in ``backend_utils.py`` does."""
    config = layer.config
    windows = Windows(
        size=tuple(pair(config["kernel_size"], rank)),
        strides=tuple(pair(config.get("strides", 1), rank)),
        dilation=tuple(pair(config.get("dilation_rate", 1), rank)),
        padding=config.get("padding", "valid"),
    )
    extra = _surpluses(windows, config.get("output_padding"))

    def change(axis: int, size: int) -> int:
        whole = (size - 1) * windows.strides[axis] + max(
            windows.extent[axis], windows.strides[axis]
        )
        return whole - extra[axis].before - extra[axis].after

    sizes = spatial(config, inputs[0], change)
    return (with_channels(config, inputs[0], sizes, filters_of(config, inputs[0])),)


def _transposed(class_name: str, rank: int) -> None:
    @rule(
        class_name,
        variables=kernel_and_bias("kernel"),
        shape=partial(_enlarged, rank),
        traits=Traits(input_shapes=partial(images, rank, channels_axis=-1)),
        support=Support(
            lowered=_LOWERED[rank],
            companion=_COMPANION[rank],
            training="always" if rank == 3 else "dilation",
        ),
    )
    @activated
    def translate(context: LayerContext, activation: str) -> TfjsLayer:
        return convolution_transposed(context, activation, rank)


def convolution_transposed(context: LayerContext, activation: str, rank: int) -> TfjsLayer:
    """Translate a transposed convolution over `rank` axes: ``Conv<rank>DTranspose``."""
    conv = read_convolution(context, rank, activation)
    context.read.only("groups", 1, hint="Use groups=1.")
    filters = context.read.integer("filters")
    extra = _surpluses(conv.windows, context.read.take("output_padding"))
    kernel = read_kernel(context, conv)
    padding = _native_padding(conv.windows, extra)
    if rank > 1 and padding is not None:
        config = {"filters": filters, **conv.config(), "padding": padding}
        return context.native(f"Conv{rank}DTranspose", {**config, **kernel.parameters})
    if rank == 1 or conv.windows.is_dilated:
        kernel = elementwise(context, kernel)

    def lower(low: Lowering, x: Tensor) -> Tensor:
        return _lowered(low, x, conv.windows, kernel, extra)

    cut = [[one.before, one.after] for one in extra]
    return lowered_convolution(context, conv, lower, "ConvolutionTranspose", surplus=cut)


_LOWERED = {
    1: "Conv2DTranspose",
    2: "output_padding: Conv2DTranspose and Cropping2D; dilation: Conv2D",
    3: "output_padding: Conv3DTranspose and Cropping2D; dilation: Conv3D",
}
_COMPANION = {1: "", 2: "", 3: "what is lowered, with several unknown sizes"}


def _native_padding(windows: Windows, extra: Sequence[Surplus]) -> str | None:
    """Return the padding with which TF.js computes the same as Keras, if there is one.

    TF.js ignores dilation. In volumes, its "same" pads by a negative number if a stride is larger
    than the window (``get3DPadAndOutInfo`` in ``tfjs-core/src/ops/conv_util.ts``).
    """
    if windows.is_dilated:
        return None
    if set(extra) == {Surplus(before=0, after=0)}:
        return "valid"
    shape = list(zip(windows.size, windows.strides, strict=True))
    if len(shape) == 3 and any(stride > size for size, stride in shape):
        return None
    same = [surplus(size, stride, "same", None) for size, stride in shape]
    return "same" if same == list(extra) else None


def _lowered(
    low: Lowering, x: Tensor, windows: Windows, kernel: Kernel, extra: Sequence[Surplus]
) -> Tensor:
    if len(windows.size) == 1:
        nothing = Surplus(before=0, after=0)
        image, wide = as_image(low, x), imagewise(windows)
        rows = _lowered(low, image, wide, kernel.upright(), [*extra, nothing])
        return from_image(low, rows)
    if windows.is_dilated and not windows.is_strided:
        return _turned_around(low, x, windows, kernel, extra)
    if windows.is_dilated:
        windows, kernel = _written_out(windows, kernel)
    return _cut_to_size(low, x, windows, kernel, extra)


def _turned_around(
    low: Lowering, x: Tensor, windows: Windows, kernel: Kernel, extra: Sequence[Surplus]
) -> Tensor:
    """With strides of one, a transposed convolution is a convolution with the reversed kernel."""
    margins = [
        (extent - 1 - one.before, extent - 1 - one.after)
        for extent, one in zip(windows.extent, extra, strict=True)
    ]
    rank = len(windows.size)

    def reverse(values: Array) -> Array:
        return np.swapaxes(np.flip(values, axis=tuple(range(rank))), -1, -2)

    *size, filters, channels = kernel.values.shape
    values = computed_source(reverse, kernel.values, shape=(*size, channels, filters))
    plain = replace(windows, padding="valid")
    return convolve(low, zero_padded(low, x, margins), plain, replace(kernel, values=values))


def _written_out(windows: Windows, kernel: Kernel) -> tuple[Windows, Kernel]:
    """Return windows without dilation, and a kernel with zeros at the steps that they skipped."""
    shape = (*windows.extent, *kernel.values.shape[-2:])
    steps = tuple(slice(None, None, rate) for rate in windows.dilation)

    def spread(values: Array) -> Array:
        full = np.zeros(shape, values.dtype)
        full[steps] = values
        return full

    wide = replace(windows, size=windows.extent, dilation=(1,) * len(windows.size))
    values = computed_source(spread, kernel.values, shape=shape)
    return wide, replace(kernel, values=values)


def _cut_to_size(
    low: Lowering, x: Tensor, windows: Windows, kernel: Kernel, extra: Sequence[Surplus]
) -> Tensor:
    """Cut off surplus steps, or add missing ones, which get the bias too."""
    rank = len(windows.size)
    missing = [[0, max(-one.after, 0)] for one in extra]
    late_bias = kernel.bias if any(map(any, missing)) else None
    if late_bias is not None:
        kernel = replace(kernel, bias=None)
    config = {
        "filters": kernel.values.shape[-2],
        "kernel_size": list(windows.size),
        "strides": list(windows.strides),
        "padding": "valid",
        "data_format": "channels_last",
        "use_bias": kernel.bias is not None,
        **kernel.parameters,
    }
    y = low.layer(f"Conv{rank}DTranspose", config, x, weights=kernel.weights())
    y = cropped(low, y, [[one.before, max(one.after, 0)] for one in extra])
    y = zero_padded(low, y, missing)
    return y if late_bias is None else low.affine(y, None, late_bias)


for _rank in (1, 2, 3):
    _transposed(f"Conv{_rank}DTranspose", _rank)
