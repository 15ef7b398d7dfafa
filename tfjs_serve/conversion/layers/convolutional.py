"""Conv1D, Conv2D and Conv3D (``tfjs-layers/src/layers/convolutional.ts``)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tfjs_serve.conversion.layers.shared.convolution import (
    Convolution,
    filters_of,
    images,
    lowered_convolution,
    read_convolution,
    read_kernel,
    shape_rule,
)
from tfjs_serve.conversion.model.shapes import known_product
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Support, kernel_and_bias, rule
from tfjs_serve.conversion.rules.traits import Traits
from tfjs_serve.conversion.small_models.activations import activated
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError
from tfjs_serve.conversion.small_models.convolutions import Kernel, elementwise, fits_tfjs_volumes
from tfjs_serve.conversion.small_models.grouped_convolutions import grouped
from tfjs_serve.conversion.small_models.windows import Windows

_LOWERED = {
    1: "groups, causal padding, channels first: Conv1D, ZeroPadding2D",
    2: "groups: DepthwiseConv2D, or a Conv2D for each",
    3: "groups: a Conv3D for each; strides larger than the window with padding='same': "
    "ZeroPadding2D",
}
_COMPANION = {
    1: "",
    2: "more than 8 groups and an unknown height and width",
    3: "what is lowered, with several unknown sizes",
}


def _plain(class_name: str, rank: int) -> None:
    paddings = ("valid", "same", "causal") if rank == 1 else ("valid", "same")

    @rule(
        class_name,
        variables=kernel_and_bias("kernel"),
        shape=shape_rule(rank, filters_of),
        traits=Traits(input_shapes=partial(images, rank)),
        support=Support(lowered=_LOWERED[rank], companion=_COMPANION[rank], training="dilation"),
    )
    @activated
    def translate(context: LayerContext, activation: str) -> TfjsLayer:
        conv = read_convolution(context, rank, activation, paddings)
        if rank == 3 and set(conv.windows.size) == {1}:
            conv = replace(conv, windows=replace(conv.windows, padding="valid"))
        filters = context.read.integer("filters")
        groups = int(context.read.take("groups") or 1)
        kernel = read_kernel(context, conv)
        if _is_native(context, conv, groups):
            config = {"filters": filters, **conv.config(), **kernel.parameters}
            return context.native(class_name, config)
        if groups > 1 or _more_axes(context, rank):
            kernel = elementwise(context, kernel)

        def lower(low: Lowering, x: Tensor) -> Tensor:
            return _over_all_axes(low, x, conv.windows, kernel, groups)

        return lowered_convolution(context, conv, lower, "Convolution", groups=groups)


def _more_axes(context: LayerContext, rank: int) -> bool:
    return any(axes > rank + 2 for axes in context.ranks)


def _is_native(context: LayerContext, conv: Convolution, groups: int) -> bool:
    """Whether TF.js computes the same; its Conv1D does not turn ``channels_first`` back."""
    rank = len(conv.windows.size)
    if groups > 1 or conv.steps_and_skips or _more_axes(context, rank):
        return False
    if rank == 1:
        return conv.windows.padding != "causal" and not conv.channels_first
    return rank == 2 or fits_tfjs_volumes(conv.windows)


def _over_all_axes(
    low: Lowering, x: Tensor, windows: Windows, kernel: Kernel, groups: int
) -> Tensor:
    """Convolve over the last axes; Keras 2 treats all axes before them like the batch axis."""
    rank = len(windows.size)
    before, rest = x.shape[1 : -1 - rank], x.shape[-1 - rank :]
    if not before:
        return grouped(low, x, windows, kernel, groups)
    if rank == 3:
        raise UnknownShapeError("TensorFlow.js has no convolution over more than three axes")
    one = (1,)
    taller = replace(
        windows,
        size=one + windows.size,
        strides=one + windows.strides,
        dilation=one + windows.dilation,
    )
    stacked = low.reshape(x, (known_product(before), *rest))
    done = grouped(low, stacked, taller, kernel.reshaped(1, *kernel.values.shape), groups)
    return low.reshape(done, (*before, *done.shape[2:]))


for _rank in (1, 2, 3):
    _plain(f"Conv{_rank}D", _rank)
