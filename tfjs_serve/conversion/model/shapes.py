"""Shapes of layers' outputs, from the shapes of their inputs, as ``compute_output_shape`` does it.

All shapes count the batch axis. A size that is not known before a prediction is ``None``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from tfjs_serve.conversion.model.layers import Json, KerasLayer

Size = int | None
Shape = tuple[Size, ...]
Shapes = tuple[Shape, ...]

ShapeRule = Callable[[KerasLayer, Shapes, tuple[Shapes, ...]], Shapes]
"""Takes a layer, the shapes of its inputs, and the shapes of the outputs of each layer inside it;
returns the shapes of its outputs."""

CALL = "call"
"""A shape rule finds the other arguments of the call under this key of the layer's `config`."""
RANKS = range(2, 6)
"""Numbers of axes, counting the batch axis, that are tried for a layer that takes any number."""


def same(_layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    """Return the shape of the first input: the output has the same."""
    return (inputs[0],)


def of_each(compute: Callable[[Mapping[str, Json], Shape], Shape]) -> ShapeRule:
    """Return the rule of a layer with one input; `compute` gets its config and its input shape."""
    return lambda layer, inputs, _inner: (compute(layer.config, inputs[0]),)


def known_product(sizes: Sequence[Size]) -> Size:
    """Return the product of sizes; ``None`` if one is not known."""
    known = [size for size in sizes if size is not None]
    return math.prod(known) if len(known) == len(sizes) else None


def pair(value: Json, count: int) -> list[int]:
    """Return `count` numbers, one for each axis; a single number is repeated."""
    return list(value) if isinstance(value, list) else [value] * count


def spatial(
    config: Mapping[str, Json], shape: Shape, change: Callable[[int, int], int]
) -> list[Size]:
    """Return the spatial sizes after `change`, which gets the index of the axis and its size."""
    first = 2 if config.get("data_format") == "channels_first" else 1
    sizes = shape[first : first + len(shape) - 2]
    return [None if size is None else change(axis, size) for axis, size in enumerate(sizes)]


def with_channels(
    config: Mapping[str, Json], shape: Shape, sizes: Sequence[Size], channels: Size
) -> Shape:
    """Return the shape with these spatial sizes and channels in the data format of the layer."""
    if config.get("data_format") == "channels_first":
        return (shape[0], channels, *sizes)
    return (shape[0], *sizes, channels)


def channels_of(config: Mapping[str, Json], shape: Shape) -> Size:
    """Return the number of channels of an input."""
    return shape[1 if config.get("data_format") == "channels_first" else -1]


def window_length(size: int, window: int, stride: int, padding: str, dilation: int = 1) -> int:
    """Return how many windows fit (``compute_conv_output_shape`` in ``operation_utils.py``)."""
    if padding in ("same", "causal"):
        return -(-size // stride)
    return (size - (window - 1) * dilation - 1) // stride + 1


def transposed_length(size: int, window: int, stride: int, padding: str) -> int:
    """Return the length after a transposed convolution (``conv_utils.py`` in Keras 2)."""
    return size * stride if padding == "same" else size * stride + max(window - stride, 0)


def convolved(config: Mapping[str, Json], shape: Shape, channels: Size) -> Shape:
    """Return the shape after a convolution with the arguments in `config`."""
    count = len(shape) - 2
    windows = pair(config["kernel_size"], count)
    strides = pair(config.get("strides", 1), count)
    dilations = pair(config.get("dilation_rate", 1), count)
    padding = config.get("padding", "valid")

    def change(axis: int, size: int) -> int:
        return window_length(size, windows[axis], strides[axis], padding, dilations[axis])

    return with_channels(config, shape, spatial(config, shape, change), channels)


def pooled(config: Mapping[str, Json], shape: Shape) -> Shape:
    """Return the shape after pooling."""
    count = len(shape) - 2
    windows = pair(config.get("pool_size", 2), count)
    strides = windows if config.get("strides") is None else pair(config["strides"], count)
    padding = config.get("padding", "valid")

    def change(axis: int, size: int) -> int:
        return window_length(size, windows[axis], strides[axis], padding)

    sizes = spatial(config, shape, change)
    return with_channels(config, shape, sizes, channels_of(config, shape))


def reshaped(config: Mapping[str, Json], shape: Shape) -> Shape:
    """Return the shape after Reshape; an axis of -1 gets the size that the others leave."""
    target: list[Size] = [None if size in (-1, None) else size for size in config["target_shape"]]
    total = known_product(shape[1:])
    known = known_product([size for size in target if size is not None])
    if target.count(None) == 1 and total is not None and known:
        target[target.index(None)] = total // known
    return (shape[0], *target)


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """Return the shape of an elementwise operation on several inputs."""
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(_common(sizes) for sizes in zip(*padded, strict=True))


def _common(sizes: Sequence[Size]) -> Size:
    larger = [size for size in sizes if size != 1]
    if not larger:
        return 1
    known = [size for size in larger if size is not None]
    return known[0] if known else None
