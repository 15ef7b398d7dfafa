"""Padding, and blocks of pixels as channels: ZeroPadding2D, Reshape, Permute."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.model.shapes import known_product
from tfjs_serve.conversion.operations.lowered.pieces import picked
from tfjs_serve.conversion.operations.lowered.registry import (
    Build,
    NotLoweredError,
    lowered,
)
from tfjs_serve.conversion.operations.settings import blocks_by_channel
from tfjs_serve.conversion.operations.specs.shaping import pad_pairs
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, known_sizes


@lowered("pad")
def pad(build: Build) -> Tensor:
    """ZeroPadding2D, or the steps that are repeated around."""
    x = build.tensor("x")
    pairs = pad_pairs(build.get("pad_width"), len(x.shape))
    if any(pairs[0]):
        raise NotLoweredError("the batch is padded")
    value = build.get("constant_values")
    if build.get("mode") == "constant":
        if value is not None and value.number != 0:
            raise NotLoweredError("what is around is not zero")
        return zero_padded(build.low, x, pairs)
    for axis, (before, after) in enumerate(pairs):
        size = x.shape[axis]
        if (before or after) and size is None:
            raise NotLoweredError("a size is not known")
        if before or after:
            steps = _around(build.get("mode"), size or 0, before, after)
            x = picked(build.low, x, axis, steps)
    return build.low.activation(x, "linear") if x in build.low.inputs else x


def zero_padded(low: Lowering, x: Tensor, pairs: Sequence[Sequence[int]]) -> Tensor:
    """Return `x` with zeros around its axes; `pairs` has one for the batch too."""
    padded = [axis for axis, pair in enumerate(pairs) if any(pair)]
    if len(x.shape) == 4 and set(padded) <= {1, 2}:
        return _zeros(low, x, [list(pairs[1]), list(pairs[2])])
    for axis in padded:
        before, after = known_product(x.shape[1:axis]), known_product(x.shape[axis + 1 :])
        size = x.shape[axis]
        flat = low.reshape(x, (before, size, after))
        made = _zeros(low, flat, [[0, 0], list(pairs[axis])])
        grown = None if size is None else size + sum(pairs[axis])
        x = low.reshape(made, (*x.shape[1:axis], grown, *x.shape[axis + 1 :]))
    return low.activation(x, "linear") if x in low.inputs else x


def _zeros(low: Lowering, x: Tensor, padding: list[list[int]]) -> Tensor:
    config = {"padding": padding, "data_format": "channels_last"}
    return low.layer("ZeroPadding2D", config, x)


def _around(mode: str, size: int, before: int, after: int) -> list[int]:
    """Return which step stands at each place (``numpy.pad``)."""
    places = range(-before, size + after)
    if mode == "edge":
        return [min(max(place, 0), size - 1) for place in places]
    if mode == "wrap":
        return [place % size for place in places]
    if mode not in ("reflect", "symmetric"):
        raise NotLoweredError(f"there is no mode {mode}")
    skip = mode == "reflect"
    period = max(2 * (size - skip), 1)
    folded = [place % period for place in places]
    return [place if place < size else period - (not skip) - place for place in folded]


@lowered("depth_to_space", "space_to_depth")
def blocks(build: Build) -> Tensor:
    """Reshape, Permute, Reshape."""
    low, x = build.low, build.tensor("x")
    grows = build.call.name == "depth_to_space"
    block = build.get("block_size")
    if blocks_by_channel(build.call.arguments, build.generation):
        return (_grown_channels if grows else _shrunk_channels)(low, x, block)
    first = build.get("data_format") == "channels_first"
    if first:
        x = low.permute(x, [0, 2, 3, 1])
    made = (_grown if grows else _shrunk)(low, x, block)
    return low.permute(made, [0, 3, 1, 2]) if first else made


def _grown(low: Lowering, x: Tensor, block: int) -> Tensor:
    height, width, channels = known_sizes(x.shape[1:])
    depth = channels // block**2
    split = low.reshape(x, (height, width, block, block * depth))
    turned = low.permute(split, [0, 1, 3, 2, 4])
    return low.reshape(turned, (height * block, width * block, depth))


def _shrunk(low: Lowering, x: Tensor, block: int) -> Tensor:
    height, width, channels = known_sizes(x.shape[1:])
    split = low.reshape(x, (height // block, block, width // block, block * channels))
    turned = low.permute(split, [0, 1, 3, 2, 4])
    return low.reshape(turned, (height // block, width // block, block**2 * channels))


def _grown_channels(low: Lowering, x: Tensor, block: int) -> Tensor:
    channels, height, width = known_sizes(x.shape[1:])
    depth = channels // block**2
    split = low.reshape(x, (depth, block, block, height, width))
    turned = low.permute(split, [0, 1, 4, 2, 5, 3])
    return low.reshape(turned, (depth, height * block, width * block))


def _shrunk_channels(low: Lowering, x: Tensor, block: int) -> Tensor:
    channels, height, width = known_sizes(x.shape[1:])
    split = low.reshape(x, (channels, height // block, block, width // block, block))
    turned = low.permute(split, [0, 1, 3, 5, 2, 4])
    return low.reshape(turned, (channels * block**2, height // block, width // block))
