"""Convolutions within small models, also those that no single layer of TF.js computes.

Inputs and outputs have their channels last, and shapes count the batch axis.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import known_product
from tfjs_serve.conversion.model.sources import constant, reshaped_source
from tfjs_serve.conversion.rules.context import LayerContext
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError
from tfjs_serve.conversion.small_models.patches import patches
from tfjs_serve.conversion.small_models.spatial import (
    as_image,
    from_image,
    known_channels,
    zero_padded,
)
from tfjs_serve.conversion.small_models.windows import Windows
from tfjs_serve.layers_model.model import TensorSource

_MOST_MIXED_CHANNELS = 512
"""Up to here, mixing channels with a matrix of ones and zeros costs little beside the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """The weights of a convolution, with their regularizers and constraints.

    Attributes
    ----------
    values
        Shape ``(*window, channels, filters)``; ``(*window, channels, multiplier)`` for a depthwise
        convolution.
    bias
        Shape ``(filters,)`` or ``(channels * multiplier,)``; ``None`` if there is no bias.
    parameters
        Arguments of TF.js's layer for initializers, regularizers and constraints; those of the
        values begin with ``kernel_``.
    """

    values: TensorSource
    bias: TensorSource | None
    parameters: Mapping[str, Json]

    def weights(self, name: str = "kernel") -> dict[str, TensorSource]:
        """Return the weights for a layer of TF.js that calls its kernel `name`."""
        weights = {name: self.values}
        return weights if self.bias is None else {**weights, "bias": self.bias}

    def parameters_as(self, name: str) -> dict[str, Json]:
        """Return the parameters for a layer that calls its kernel `name`."""
        return {key.replace("kernel_", f"{name}_"): value for key, value in self.parameters.items()}

    def reshaped(self, *shape: int) -> Kernel:
        """Return the same numbers in another shape.

        Raises
        ------
        ValueError
            The shape has another number of elements.
        """
        return replace(self, values=reshaped_source(self.values, shape))

    def upright(self) -> Kernel:
        """Return the kernel for sequences as a kernel for images of one column."""
        size, *rest = self.values.shape
        return self.reshaped(size, 1, *rest)


def elementwise(context: LayerContext, kernel: Kernel) -> Kernel:
    """Return the kernel for a layer that has its numbers in another shape.

    Initializers are left out. So are constraints that depend on more than one number, with a
    warning.
    """
    kept: dict[str, Json] = {}
    for key, value in kernel.parameters.items():
        if key.endswith("_constraint") and value["class_name"] != "NonNeg":
            context.warn(
                f"its constraint {value['class_name']} is left out: TensorFlow.js holds the "
                "weight in another shape."
            )
        elif not key.endswith("_initializer"):
            kept[key] = value
    return replace(kernel, parameters=kept)


def window_config(windows: Windows) -> dict[str, Json]:
    """Return the arguments of a TF.js layer that say how windows move."""
    return {
        "kernel_size": list(windows.size),
        "strides": list(windows.strides),
        "padding": windows.padding,
        "dilation_rate": list(windows.dilation),
        "data_format": "channels_last",
    }


def padded(low: Lowering, x: Tensor, windows: Windows) -> tuple[Tensor, Windows]:
    """Return `x` with the zeros of the padding around it, and the windows without padding.

    Parameters
    ----------
    x
        A sequence, image or volume: ``(batch, *sizes, channels)``.
    windows
        One number for each spatial axis.

    Raises
    ------
    UnknownShapeError
        The number of zeros depends on a size that is not known, or it is a volume and several
        sizes are not known.
    """
    edges = windows.edges(x.shape[1:-1])
    return zero_padded(low, x, edges), replace(windows, padding="valid")


def imagewise(windows: Windows) -> Windows:
    """Return the windows over sequences as windows over images of one column."""
    one = (1,)
    return replace(
        windows,
        size=windows.size + one,
        strides=windows.strides + one,
        dilation=windows.dilation + one,
    )


def convolve(low: Lowering, x: Tensor, windows: Windows, kernel: Kernel) -> Tensor:
    """Return the convolution of `x`, without groups.

    Parameters
    ----------
    x
        A sequence, image or volume: ``(batch, *sizes, channels)``.
    windows
        One number for each spatial axis.
    kernel
        Of shape ``(*windows.size, channels, filters)``.

    Raises
    ------
    UnknownShapeError
        TF.js's layer does not pad like this, and :func:`padded` needs sizes that are not known.
    """
    rank = len(windows.size)
    if windows.padding == "causal" or (rank == 3 and not fits_tfjs_volumes(windows)):
        x, windows = padded(low, x, windows)
    filters = kernel.values.shape[-1]
    config = {
        "filters": filters,
        **window_config(windows),
        "use_bias": kernel.bias is not None,
        **kernel.parameters,
    }
    return low.layer(f"Conv{rank}D", config, x, weights=kernel.weights())


def fits_tfjs_volumes(windows: Windows) -> bool:
    """Whether TF.js pads a volume as Keras does.

    Where a stride is larger than the window, "same" can mean a negative padding in TF.js
    (``get3DPadAndOutInfo`` in ``tfjs-core/src/ops/conv_util.ts``), which shifts the window.
    """
    steps = zip(windows.strides, windows.extent, strict=True)
    return windows.padding != "same" or all(stride <= extent for stride, extent in steps)


def depthwise(low: Lowering, x: Tensor, windows: Windows, kernel: Kernel) -> Tensor:
    """Return the depthwise convolution of an image or a sequence.

    TF.js's layer ignores a dilation. So what each window sees becomes a row of its own, over which
    the convolution has no dilation. That takes known sizes. If they are not known, SeparableConv2D
    computes it, which does not ignore a dilation, with a second kernel that mixes no channels.

    Parameters
    ----------
    x
        A sequence or image: ``(batch, *sizes, channels)``.
    windows
        One number for each spatial axis.
    kernel
        Of shape ``(*windows.size, channels, multiplier)``.

    Raises
    ------
    UnknownShapeError
        Sizes are not known that the padding or the dilation needs.
    """
    if len(windows.size) == 1:
        return from_image(
            low, depthwise(low, as_image(low, x), imagewise(windows), kernel.upright())
        )
    if windows.padding == "causal":
        x, windows = padded(low, x, windows)
    if not windows.is_dilated:
        return _depthwise_layer(low, x, window_config(windows), kernel)
    if None in x.shape[1:3] and not windows.is_strided:
        return _mixing_nothing(low, x, windows, kernel)
    seen = patches(low, x, windows)
    rows, columns = seen.shape[1:3]
    taps = math.prod(windows.size)
    flat = low.reshape(seen, (known_product((rows, columns)), taps, known_channels(x)))
    config = {"kernel_size": [1, taps], "padding": "valid", "data_format": "channels_last"}
    flat_kernel = kernel.reshaped(1, taps, *kernel.values.shape[2:])
    done = _depthwise_layer(low, flat, config, flat_kernel)
    return low.reshape(done, (rows, columns, done.shape[-1]))


def _depthwise_layer(
    low: Lowering, image: Tensor, config: Mapping[str, Json], kernel: Kernel
) -> Tensor:
    full = {
        "depth_multiplier": kernel.values.shape[-1],
        **config,
        "use_bias": kernel.bias is not None,
        **kernel.parameters_as("depthwise"),
    }
    return low.layer("DepthwiseConv2D", full, image, weights=kernel.weights("depthwise_kernel"))


def _mixing_nothing(low: Lowering, image: Tensor, windows: Windows, kernel: Kernel) -> Tensor:
    channels = math.prod(kernel.values.shape[-2:])
    if channels > _MOST_MIXED_CHANNELS:
        raise UnknownShapeError("a size of its input is not known")
    nothing = Kernel(values=constant(np.eye(channels)[None, None]), bias=kernel.bias, parameters={})
    return separable(low, image, windows, kernel, nothing)


def separable(
    low: Lowering, image: Tensor, windows: Windows, kernel: Kernel, mixing: Kernel
) -> Tensor:
    """Return the separable convolution of an image.

    Parameters
    ----------
    image
        Of shape ``(batch, rows, columns, channels)``.
    windows
        Two numbers of each kind, for rows and columns.
    kernel
        The depthwise kernel: ``(*windows.size, channels, multiplier)``. Its bias is not used.
    mixing
        The pointwise kernel: ``(1, 1, channels * multiplier, filters)``, and the bias.
    """
    config = {
        "filters": mixing.values.shape[-1],
        "depth_multiplier": kernel.values.shape[-1],
        **window_config(windows),
        "use_bias": mixing.bias is not None,
        **kernel.parameters_as("depthwise"),
        **mixing.parameters_as("pointwise"),
    }
    weights = {"depthwise_kernel": kernel.values, **mixing.weights("pointwise_kernel")}
    return low.layer("SeparableConv2D", config, image, weights=weights)
