"""Depthwise and separable convolutions (``convolutional_depthwise.ts`` of tfjs-layers)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tfjs_serve.conversion.layers.shared.convolution import (
    Convolution,
    filters_of,
    images,
    lowered_convolution,
    multiplied_channels,
    read_convolution,
    read_kernel,
    shape_rule,
)
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Support, kernel_and_bias, rule
from tfjs_serve.conversion.rules.traits import Traits
from tfjs_serve.conversion.small_models.activations import activated
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor
from tfjs_serve.conversion.small_models.convolutions import (
    Kernel,
    convolve,
    depthwise,
    elementwise,
    imagewise,
    padded,
    separable,
)
from tfjs_serve.conversion.small_models.spatial import as_image, from_image
from tfjs_serve.conversion.small_models.windows import Windows

_HINT_GROUPS = "Use groups=1."
_UNKNOWN = "dilation with an unknown height or width, and strides or more than 512 channels"


def _ignore_arguments_of_conv2d(context: LayerContext) -> None:
    """Ignore arguments of Conv2D that Keras 2 writes although these layers do not use them."""
    context.read.ignore("kernel_initializer", "kernel_regularizer", "kernel_constraint")
    context.read.only("groups", 1, hint=_HINT_GROUPS)


def _depthwise(class_name: str, rank: int) -> None:
    @rule(
        class_name,
        variables=kernel_and_bias("depthwise_kernel"),
        shape=shape_rule(rank, multiplied_channels),
        traits=Traits(input_shapes=partial(images, rank)),
        support=Support(
            lowered={1: "DepthwiseConv2D", 2: "dilation: DepthwiseConv2D of laid out windows"}[
                rank
            ],
            companion=_UNKNOWN,
            training="dilation with an unknown height or width",
        ),
    )
    @activated
    def translate(context: LayerContext, activation: str) -> TfjsLayer:
        _ignore_arguments_of_conv2d(context)
        context.read.ignore("filters")
        conv = read_convolution(context, rank, activation)
        multiplier = context.read.integer("depth_multiplier", 1)
        kernel = read_kernel(context, conv, "depthwise_kernel", "depthwise")
        if rank == 2 and not conv.windows.is_dilated:
            config = {"depth_multiplier": multiplier, **conv.config()}
            return context.native(class_name, {**config, **kernel.parameters_as("depthwise")})
        kernel = elementwise(context, kernel)

        def lower(low: Lowering, x: Tensor) -> Tensor:
            return depthwise(low, x, conv.windows, kernel)

        return lowered_convolution(context, conv, lower, "DepthwiseConvolution")


for _rank in (1, 2):
    _depthwise(f"DepthwiseConv{_rank}D", _rank)


def _separable(class_name: str, rank: int) -> None:
    paddings = ("valid", "same", "causal") if rank == 1 else ("valid", "same")

    @rule(
        class_name,
        variables=kernel_and_bias("depthwise_kernel", "pointwise_kernel"),
        shape=shape_rule(rank, filters_of),
        traits=Traits(input_shapes=partial(images, rank)),
        support=Support(
            lowered={1: "SeparableConv2D", 2: "channels first: SeparableConv2D with Permute"}[rank],
            companion="dilation together with strides, and an unknown height or width",
            training="dilation",
        ),
    )
    @activated
    def translate(context: LayerContext, activation: str) -> TfjsLayer:
        """Keras 2 also writes ``kernel_initializer`` and the like, on which TF.js throws."""
        _ignore_arguments_of_conv2d(context)
        conv = read_convolution(context, rank, activation, paddings)
        own = {
            "filters": context.read.integer("filters"),
            "depth_multiplier": context.read.integer("depth_multiplier", 1),
        }
        depth = read_kernel(context, conv, "depthwise_kernel", "depthwise")
        point = read_kernel(context, conv, "pointwise_kernel", "pointwise")
        if rank == 2 and not conv.steps_and_skips and _bias_and_activation_fit(conv):
            parameters = depth.parameters_as("depthwise") | point.parameters_as("pointwise")
            return context.native(class_name, {**own, **conv.config(), **parameters})
        if rank == 1 or conv.steps_and_skips:
            depth, point = elementwise(context, depth), elementwise(context, point)

        def lower(low: Lowering, x: Tensor) -> Tensor:
            return _lowered_separable(low, x, conv.windows, depth, point)

        return lowered_convolution(context, conv, lower, "DepthwiseConvolution")


def _bias_and_activation_fit(conv: Convolution) -> bool:
    """Whether bias and activation are right although TF.js adds them before it turns axes back."""
    return not conv.channels_first or (
        not conv.use_bias and conv.activation not in ("softmax", "log_softmax")
    )


def _lowered_separable(
    low: Lowering, x: Tensor, windows: Windows, depth: Kernel, point: Kernel
) -> Tensor:
    if len(windows.size) == 1:
        upright = depth.upright(), point.upright()
        rows = _lowered_separable(low, as_image(low, x), imagewise(windows), *upright)
        return from_image(low, rows)
    if windows.padding == "causal":
        x, windows = padded(low, x, windows)
    if windows.is_dilated and windows.is_strided:
        return _in_two_steps(low, x, windows, depth, point)
    return separable(low, x, windows, depth, point)


def _in_two_steps(
    low: Lowering, x: Tensor, windows: Windows, depth: Kernel, point: Kernel
) -> Tensor:
    """Apply one kernel after the other: TF.js's layer forbids strides together with dilation."""
    one = Windows(size=(1, 1), strides=(1, 1), dilation=(1, 1), padding="valid")
    return convolve(low, depthwise(low, x, windows, replace(depth, bias=None)), one, point)


for _rank in (1, 2):
    _separable(f"SeparableConv{_rank}D", _rank)
