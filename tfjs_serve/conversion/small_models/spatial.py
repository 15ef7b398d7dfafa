"""Padding, cropping, pooling and the like along the spatial axes of sequences, images and volumes.

TF.js has most of these layers for images only. As each spatial axis is treated by itself, they
serve for all: a sequence is an image of one column, and a volume becomes an image twice. Shapes
count the batch axis. All functions but the first two take tensors whose channels are last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tfjs_serve.conversion.model.shapes import known_product
from tfjs_serve.conversion.model.sources import constant
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError
from tfjs_serve.conversion.small_models.windows import Edges, Windows

Step = Callable[[Tensor, int | None, int | None], Tensor]
"""Takes an image, and the indices of the spatial axes of the whole tensor that are its rows and
columns (``None``: neither is changed along it); returns another image."""


def with_last_channels(low: Lowering, x: Tensor, data_format: str, rank: int) -> Tensor:
    """Return `x` with its channels after its spatial axes.

    Parameters
    ----------
    x
        A tensor of at least ``rank + 2`` axes.
    data_format
        ``"channels_first"``; with anything else, the channels are last already.
    rank
        The number of spatial axes.
    """
    if data_format != "channels_first":
        return x
    axes = list(range(len(x.shape)))
    axes.append(axes.pop(-1 - rank))
    return low.permute(x, axes)


def with_first_channels(low: Lowering, x: Tensor, data_format: str, rank: int) -> Tensor:
    """Undo :func:`with_last_channels`.

    Parameters
    ----------
    x
        A tensor of at least ``rank + 2`` axes, with its channels last.
    data_format
        ``"channels_first"``; with anything else, the channels stay last.
    rank
        The number of spatial axes.
    """
    if data_format != "channels_first":
        return x
    axes = list(range(len(x.shape)))
    axes.insert(len(axes) - 1 - rank, axes.pop())
    return low.permute(x, axes)


def in_images(low: Lowering, x: Tensor, step: Step) -> Tensor:
    """Apply `step` along all spatial axes of `x`.

    Parameters
    ----------
    x
        A sequence, image or volume: ``(batch, *sizes, channels)``.
    step
        Called once for a sequence or an image, and twice for a volume.

    Raises
    ------
    UnknownShapeError
        It is a volume of which several sizes are not known.
    """
    if len(x.shape) == 4:
        return step(x, 0, 1)
    if len(x.shape) == 3:
        return from_image(low, step(as_image(low, x), 0, None))
    depth, height, width, channels = x.shape[1:]
    image = low.reshape(x, (depth, height, known_product((width, channels))))
    image = step(image, 0, 1)
    depth, height = image.shape[1:3]
    image = step(low.reshape(image, (known_product((depth, height)), width, channels)), None, 2)
    return low.reshape(image, (depth, height, *image.shape[2:]))


def as_image(low: Lowering, x: Tensor) -> Tensor:
    """Return a sequence ``(batch, steps, channels)`` as an image of one column.

    Raises
    ------
    UnknownShapeError
        Neither the number of steps nor that of channels is known.
    """
    return low.reshape(x, (x.shape[1], 1, x.shape[2]))


def from_image(low: Lowering, image: Tensor) -> Tensor:
    """Undo :func:`as_image`; raises what it raises."""
    return low.reshape(image, (image.shape[1], image.shape[3]))


def zero_padded(low: Lowering, x: Tensor, edges: Edges) -> Tensor:
    """Return `x` with zeros around it.

    Parameters
    ----------
    x
        A sequence, image or volume: ``(batch, *sizes, channels)``.
    edges
        How many zeros lie before and after, for each spatial axis.

    Raises
    ------
    UnknownShapeError
        It is a volume of which several sizes are not known.
    """
    return _with_edges(low, x, edges, low.pad_image)


def cropped(low: Lowering, x: Tensor, edges: Edges) -> Tensor:
    """Return `x` without its outermost steps.

    Parameters
    ----------
    x
        A sequence, image or volume: ``(batch, *sizes, channels)``.
    edges
        How many steps are cut off before and after, for each spatial axis.

    Raises
    ------
    UnknownShapeError
        It is a volume of which several sizes are not known, or neither the channels nor the size
        along a cropped axis are known.
    """

    def crop(image: Tensor, sides: Edges) -> Tensor:
        if None in image.shape[1:3]:
            return _convolved_crop(low, image, sides)
        return low.crop_image(image, sides)

    return _with_edges(low, x, edges, crop)


def _with_edges(
    low: Lowering, x: Tensor, edges: Edges, change: Callable[[Tensor, Edges], Tensor]
) -> Tensor:
    def step(image: Tensor, *axes: int | None) -> Tensor:
        sides = [(0, 0) if axis is None else edges[axis] for axis in axes]
        return change(image, sides) if any(map(any, sides)) else image

    return in_images(low, x, step) if any(map(any, edges)) else x


def _convolved_crop(low: Lowering, image: Tensor, sides: Edges) -> Tensor:
    """Crop by a convolution that moves pixels: Cropping2D has to know sizes beforehand."""
    for axis, (before, after) in enumerate(sides):
        if not before and not after:
            continue
        window = [before + after + 1 if axis == other else 1 for other in range(2)]
        kernel = np.zeros((before + after + 1, known_channels(image)), np.float32)
        kernel[before] = 1
        image = low.layer(
            "DepthwiseConv2D",
            {"kernel_size": window, "use_bias": False, "padding": "valid"},
            image,
            weights={"depthwise_kernel": constant(kernel.reshape(*window, -1, 1))},
            trainable=False,
        )
    return image


def known_channels(x: Tensor) -> int:
    """Return the number of channels, the size of the last axis.

    Raises
    ------
    UnknownShapeError
        It is not known.
    """
    channels = x.shape[-1]
    if channels is None:
        raise UnknownShapeError("the number of its channels is not known")
    return channels


def repeated(low: Lowering, x: Tensor, factors: Sequence[int]) -> Tensor:
    """Return `x` with each step repeated along each spatial axis.

    A sequence does not become an image: its repetitions are joined along the channels. TF.js's
    gradient of UpSampling2D on the CPU is wrong for batches (``ResizeNearestNeighborGrad.ts``).

    Parameters
    ----------
    x
        A sequence, image or volume: ``(batch, *sizes, channels)``.
    factors
        How often a step is repeated, for each spatial axis.

    Raises
    ------
    UnknownShapeError
        Several sizes of a volume or of a sequence are not known.
    """
    if len(factors) == 1:
        _, steps, channels = x.shape
        longer = None if steps is None else steps * factors[0]
        return low.reshape(low.concatenate([x] * factors[0], 2), (longer, channels))

    def step(image: Tensor, *axes: int | None) -> Tensor:
        size = [1 if axis is None else factors[axis] for axis in axes]
        config = {"size": size, "data_format": "channels_last", "interpolation": "nearest"}
        return image if size == [1, 1] else low.layer("UpSampling2D", config, image)

    return in_images(low, x, step)


def pooled(low: Lowering, kind: str, x: Tensor, windows: Windows) -> Tensor:
    """Return the largest number or the average in each window.

    Parameters
    ----------
    kind
        ``"Max"`` or ``"Average"``. Padding does not count in either.
    x
        A sequence, image or volume: ``(batch, *sizes, channels)``.
    windows
        One number for each spatial axis.

    Raises
    ------
    UnknownShapeError
        It is a volume of which several sizes are not known.
    """

    def step(image: Tensor, *axes: int | None) -> Tensor:
        config = {
            "pool_size": [1 if axis is None else windows.size[axis] for axis in axes],
            "strides": [1 if axis is None else windows.strides[axis] for axis in axes],
            "padding": windows.padding,
            "data_format": "channels_last",
        }
        return low.layer(f"{kind}Pooling2D", config, image)

    return in_images(low, x, step)
