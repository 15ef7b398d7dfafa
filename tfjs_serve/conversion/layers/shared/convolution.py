"""What the rules of all convolutions share: they read the same arguments and lower alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.shapes import (
    Shape,
    ShapeRule,
    Shapes,
    Size,
    channels_of,
    convolved,
)
from tfjs_serve.conversion.model.sources import Weights, constant
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.initializers import parameter
from tfjs_serve.conversion.small_models.activations import followed_by_activation
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError
from tfjs_serve.conversion.small_models.convolutions import Kernel, window_config
from tfjs_serve.conversion.small_models.spatial import with_first_channels, with_last_channels
from tfjs_serve.conversion.small_models.windows import Windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Convolution:
    """The arguments that all convolutions share.

    Attributes
    ----------
    parameters
        Initializer, regularizer and constraint of the bias.
    """

    windows: Windows
    data_format: str
    use_bias: bool
    activation: str
    parameters: Mapping[str, Json]

    @property
    def channels_first(self) -> bool:
        """Whether the channels come before the spatial axes."""
        return self.data_format == "channels_first"

    @property
    def steps_and_skips(self) -> bool:
        """Whether there are both strides and dilation, which TF.js forbids."""
        return self.windows.is_strided and self.windows.is_dilated

    def config(self) -> dict[str, Json]:
        """Return the arguments of TF.js's layers, except those of the weights."""
        return {
            **window_config(self.windows),
            "data_format": self.data_format,
            "activation": self.activation,
            "use_bias": self.use_bias,
        }


def read_convolution(
    context: LayerContext,
    rank: int,
    activation: str,
    paddings: tuple[str, ...] = ("valid", "same"),
) -> Convolution:
    """Read the arguments that all convolutions share, except those of their kernels.

    Parameters
    ----------
    rank
        Number of spatial axes.
    activation
        The activation of the output by TF.js's name; see ``activated``.
    paddings
        The values of ``padding`` that the layer has in Keras.
    """
    read = context.read
    # Saved kernels include their LoRA weights.
    read.ignore("activity_regularizer", "rank", "lora_rank", "lora_alpha")
    size = read.integers("kernel_size", rank)
    dilation = read.integers("dilation_rate", rank, 1)
    return Convolution(
        windows=Windows(
            size=tuple(size),
            strides=tuple(read.integers("strides", rank, 1)),
            dilation=tuple(1 if k == 1 else d for k, d in zip(size, dilation, strict=True)),
            padding=read.choice("padding", "valid", paddings, f"Use one of {', '.join(paddings)}."),
        ),
        data_format=read.text("data_format", "channels_last"),
        use_bias=read.boolean("use_bias", True),
        activation=activation,
        parameters=parameter(context, "bias"),
    )


def read_kernel(
    context: LayerContext, conv: Convolution, variable: str = "kernel", prefix: str = "kernel"
) -> Kernel:
    """Return a kernel of a layer, with the bias that the layer adds at its end.

    Parameters
    ----------
    variable
        Name of the kernel's variable.
    prefix
        Prefix of the kernel's arguments, such as ``"depthwise"`` for ``depthwise_initializer``.
    """
    own = parameter(context, variable, prefix)
    named = {key.replace(f"{prefix}_", "kernel_"): value for key, value in own.items()}
    return Kernel(
        # A weight that is missing in the file is reported elsewhere.
        values=context.weights.get(variable, constant(0.0)),
        bias=context.weights.get("bias"),
        parameters={**named, **conv.parameters},
    )


def lowered_convolution(
    context: LayerContext,
    conv: Convolution,
    lower: Callable[[Lowering, Tensor], Tensor],
    companion: str,
    **arguments: Json,
) -> TfjsLayer:
    """Return the small model of a convolution, or a companion if it would need unknown sizes.

    Parameters
    ----------
    lower
        Takes the input with its channels last; returns the output before its activation.
    companion
        The class in ``layers.js``, which gets `arguments` besides the windows.
    """
    rank = len(conv.windows.size)
    try:
        low = Lowering(context)
        x = with_last_channels(low, low.inputs[0], conv.data_format, rank)
        y = with_first_channels(low, lower(low, x), conv.data_format, rank)
    except UnknownShapeError:
        return _companion(context, conv, companion, arguments)
    return low.model(y if conv.activation == "linear" else low.activation(y, conv.activation))


def _companion(
    context: LayerContext, conv: Convolution, class_name: str, arguments: Mapping[str, Json]
) -> TfjsLayer:
    """Return the convolution of ``layers.js``, followed by its activation."""
    windows = conv.windows
    full = {
        "strides": list(windows.strides),
        "dilation": list(windows.dilation),
        "padding": windows.padding,
        "channels_first": conv.channels_first,
        **arguments,
    }
    if conv.activation == "linear":
        return context.companion(class_name, full)
    value = context.read.take("activation")
    return followed_by_activation(context, value, lambda inner: inner.companion(class_name, full))


def image_shape(layer: KerasLayer, channels: Size, rank: int) -> Shape:
    """Return the shape of images with `rank` spatial axes, all of unknown size."""
    sizes = (None,) * rank
    if layer.config.get("data_format") == "channels_first":
        return (None, channels, *sizes)
    return (None, *sizes, channels)


def images(
    rank: int, layer: KerasLayer, weights: Weights, *, channels_axis: int = -2
) -> Iterator[Shape]:
    """Yield the shape of a convolution's inputs; its kernel tells the number of channels.

    Parameters
    ----------
    rank
        Number of spatial axes.
    channels_axis
        The axis of the kernel along which the channels of the inputs lie.
    """
    kernel = weights.get("depthwise_kernel") or weights.get("kernel")
    channels = None
    if kernel is not None:
        channels = kernel.shape[channels_axis] * int(layer.config.get("groups") or 1)
    yield image_shape(layer, channels, rank)


def shape_rule(rank: int, channels: Callable[[Mapping[str, Json], Shape], Size]) -> ShapeRule:
    """Return the shape rule of a convolution over `rank` axes.

    Further axes before these, which Keras 2 treats like the batch axis, keep their sizes.

    Parameters
    ----------
    channels
        From the configuration and the input's shape to the channels of the output.
    """

    def shapes(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
        extra = len(inputs[0]) - rank - 2
        inner = inputs[0][extra:]
        done = convolved(layer.config, inner, channels(layer.config, inner))
        return ((*inputs[0][:extra], *done),)

    return shapes


def filters_of(config: Mapping[str, Json], _shape: Shape) -> Size:
    """Return the number of filters: the channels of the output."""
    return int(config["filters"])


def multiplied_channels(config: Mapping[str, Json], shape: Shape) -> Size:
    """Return the channels of a depthwise convolution's output."""
    channels, multiplier = channels_of(config, shape), config.get("depth_multiplier") or 1
    return None if channels is None else channels * multiplier
