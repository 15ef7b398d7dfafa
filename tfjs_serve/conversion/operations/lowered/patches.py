"""Windows and blocks of images as channels: Reshape, Permute, Reshape."""

from __future__ import annotations

from tfjs_serve.conversion.model.shapes import pair
from tfjs_serve.conversion.operations.lowering import Build, NotLoweredError, lowered
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, known_sizes


@lowered("extract_patches")
def extract_patches(build: Build) -> Tensor:
    """Reshape, Permute, Reshape, for patches side by side."""
    low, x = build.low, build.tensor("images")
    if len(x.shape) != 4 or build.get("data_format") == "channels_first":
        raise NotLoweredError("the channels are not last")
    size, strides = pair(build.get("size"), 2), build.get("strides")
    steps = size if strides is None else pair(strides, 2)
    if steps != size or pair(build.get("dilation_rate"), 2) != [1, 1]:
        raise NotLoweredError("the patches overlap, or have gaps")
    height, width, channels = known_sizes(x.shape[1:])
    down, across = height // size[0], width // size[1]
    fits = (height, width) == (down * size[0], across * size[1])
    if not (fits or build.get("padding") == "valid") or not down * across:
        raise NotLoweredError("the patches reach over the edge")
    cut = low.slice(low.slice(x, 1, 0, down * size[0]), 2, 0, across * size[1])
    split = low.reshape(cut, (down, size[0], across, size[1], channels))
    turned = low.permute(split, [0, 1, 3, 2, 4, 5])
    return low.reshape(turned, (down, across, size[0] * size[1] * channels))


@lowered("depth_to_space", "space_to_depth")
def blocks(build: Build) -> Tensor:
    """Reshape, Permute, Reshape."""
    low, x = build.low, build.tensor("x")
    grows = build.call.name == "depth_to_space"
    block = build.get("block_size")
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
