"""Convolutions, cropping and upsampling.

``tfjs-layers/src/layers/convolutional.ts`` and ``convolutional_depthwise.ts``.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import le

from tfjs_serve.conversion.activations import activation
from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.layers.padding import edges, padding_3d
from tfjs_serve.conversion.model import Json
from tfjs_serve.conversion.objects import parameter
from tfjs_serve.conversion.registry import kernel_and_bias, rule
from tfjs_serve.conversion.shapes import (
    Shape,
    channels_of,
    convolved,
    of_each,
    pair,
    spatial,
    transposed_length,
    with_channels,
)

_PADDINGS = ("valid", "same")


def _convolution(context: LayerContext, rank: int) -> dict[str, Json]:
    """Return the arguments that all convolutions share, filters aside."""
    read = context.read
    read.ignore("activity_regularizer", "rank")
    read.only("groups", 1, hint="TensorFlow.js has no grouped convolution; use groups=1.")
    read.only("lora_rank", hint="Merge the LoRA weights into the kernel and save again.")
    return {
        "kernel_size": read.integers("kernel_size", rank),
        "strides": read.integers("strides", rank, 1),
        "padding": read.choice("padding", "valid", _PADDINGS, "Use 'valid' or 'same'."),
        "data_format": read.text("data_format", "channels_last"),
        "dilation_rate": read.integers("dilation_rate", rank, 1),
        "activation": activation(context),
        "use_bias": read.boolean("use_bias", True),
        **parameter(context, "bias"),
    }


_STRIDES_3D = "strides no larger than the window with padding='same'"
_PLAIN_NOTES = {
    1: "groups=1, channels last, no causal padding",
    2: "groups=1",
    3: f"groups=1, {_STRIDES_3D}",
}
_TRANSPOSED_NOTES = {2: "no dilation, no output_padding"}
_TRANSPOSED_NOTES[3] = f"{_TRANSPOSED_NOTES[2]}, no mixture of strides above and below the window"


def _filtered(config: Mapping[str, Json], shape: Shape) -> Shape:
    return convolved(config, shape, config["filters"])


def _multiplied(config: Mapping[str, Json], shape: Shape) -> Shape:
    channels, multiplier = channels_of(config, shape), config.get("depth_multiplier", 1)
    return convolved(config, shape, None if channels is None else channels * multiplier)


def _enlarged(config: Mapping[str, Json], shape: Shape) -> Shape:
    count = len(shape) - 2
    windows, strides = pair(config["kernel_size"], count), pair(config.get("strides", 1), count)
    padding = config.get("padding", "valid")

    def change(axis: int, size: int) -> int:
        return transposed_length(size, windows[axis], strides[axis], padding)

    return with_channels(config, shape, spatial(config, shape, change), config["filters"])


def _cropped(config: Mapping[str, Json], shape: Shape) -> Shape:
    removed = [sum(sides) for sides in edges(config.get("cropping", 0))]
    sizes = spatial(config, shape, lambda axis, size: size - removed[axis])
    return with_channels(config, shape, sizes, channels_of(config, shape))


def _repeated(config: Mapping[str, Json], shape: Shape) -> Shape:
    factors = pair(config.get("size", 2), 2)
    sizes = spatial(config, shape, lambda axis, size: size * factors[axis])
    return with_channels(config, shape, sizes, channels_of(config, shape))


def _plain(class_name: str, rank: int) -> None:
    @rule(
        class_name,
        variables=kernel_and_bias("kernel"),
        shape=of_each(_filtered),
        notes=_PLAIN_NOTES[rank],
    )
    def translate(context: LayerContext) -> TfjsLayer:
        if rank == 1:
            _channels_last(context)
        config = {
            "filters": context.read.integer("filters"),
            **_convolution(context, rank),
            **parameter(context, "kernel"),
        }
        if rank == 3:
            config["padding"] = padding_3d(context, "kernel_size", config["strides"])
        return context.native(class_name, config)


def _channels_last(context: LayerContext) -> None:
    """Report ``channels_first`` where TF.js forgets to turn the output, or its bias, back."""
    hint = "Use data_format='channels_last'."
    context.read.choice("data_format", "channels_last", ("channels_last",), hint)


def _transposed(class_name: str, rank: int) -> None:
    @rule(
        class_name,
        variables=kernel_and_bias("kernel"),
        shape=of_each(_enlarged),
        notes=_TRANSPOSED_NOTES[rank],
    )
    def translate(context: LayerContext) -> TfjsLayer:
        _no_dilation(context, rank)
        context.read.only("output_padding", hint="Leave output_padding out.")
        config = {
            "filters": context.read.integer("filters"),
            **_convolution(context, rank),
            **parameter(context, "kernel"),
        }
        if rank == 3 and all(map(le, config["kernel_size"], config["strides"])):
            # "same" then cuts nothing off, and TF.js's negative padding is avoided.
            config["padding"] = "valid"
        elif rank == 3:
            config["padding"] = padding_3d(context, "kernel_size", config["strides"])
        return context.native(class_name, config)


def _no_dilation(context: LayerContext, rank: int) -> None:
    """Report a dilation, which TF.js's layer reads and then ignores."""
    rate = context.read.integers("dilation_rate", rank, 1)
    if set(rate) != {1}:
        context.read.unsupported("dilation_rate", rate, "Use dilation_rate=1.")


for _rank in (1, 2, 3):
    _plain(f"Conv{_rank}D", _rank)
for _rank in (2, 3):
    _transposed(f"Conv{_rank}DTranspose", _rank)


@rule(
    "SeparableConv2D",
    variables=kernel_and_bias("depthwise_kernel", "pointwise_kernel"),
    shape=of_each(_filtered),
    notes="channels last with a bias or softmax",
)
def separable_conv_2d(context: LayerContext) -> TfjsLayer:
    """TF.js throws on ``kernel_initializer`` and its like, which Keras 2 writes beside."""
    read = context.read
    read.ignore("kernel_initializer", "kernel_regularizer", "kernel_constraint")
    if read.boolean("use_bias", True) or activation(context) in ("softmax", "log_softmax"):
        _channels_last(context)
    return context.native(
        "SeparableConv2D",
        {
            "filters": read.integer("filters"),
            "depth_multiplier": read.integer("depth_multiplier", 1),
            **_convolution(context, 2),
            **parameter(context, "depthwise_kernel", "depthwise"),
            **parameter(context, "pointwise_kernel", "pointwise"),
        },
    )


@rule(
    "DepthwiseConv2D",
    variables=kernel_and_bias("depthwise_kernel"),
    shape=of_each(_multiplied),
    notes="no dilation",
)
def depthwise_conv_2d(context: LayerContext) -> TfjsLayer:
    """TF.js ignores a dilation; Keras 2 writes ``kernel_initializer`` and its like beside."""
    read = context.read
    read.ignore("kernel_initializer", "kernel_regularizer", "kernel_constraint", "filters")
    _no_dilation(context, 2)
    return context.native(
        "DepthwiseConv2D",
        {
            "depth_multiplier": read.integer("depth_multiplier", 1),
            **_convolution(context, 2),
            **parameter(context, "depthwise_kernel", "depthwise"),
        },
    )


@rule("Cropping2D", shape=of_each(_cropped), notes="input of known height and width")
def cropping_2d(context: LayerContext) -> TfjsLayer:
    """``cropping`` as pairs for rows and columns."""
    read = context.read
    data_format = read.text("data_format", "channels_last")
    context.known_sizes(slice(2, 4) if data_format == "channels_first" else slice(1, 3))
    return context.native(
        "Cropping2D", {"cropping": edges(read.take("cropping", 0)), "data_format": data_format}
    )


@rule("UpSampling2D", shape=of_each(_repeated), notes="interpolation nearest")
def up_sampling_2d(context: LayerContext) -> TfjsLayer:
    """TF.js's bilinear resizing samples at other points than Keras's."""
    read = context.read
    hint = "Use interpolation='nearest'."
    return context.native(
        "UpSampling2D",
        {
            "size": read.integers("size", 2, 2),
            "data_format": read.text("data_format", "channels_last"),
            "interpolation": read.choice("interpolation", "nearest", ("nearest",), hint),
        },
    )
