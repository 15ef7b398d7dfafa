"""Images, pooling and normalization by given layers."""

from __future__ import annotations

from functools import partial

import numpy as np

from tfjs_serve.conversion.layers.scaling import by_root_mean_square
from tfjs_serve.conversion.model.shapes import pair
from tfjs_serve.conversion.operations.lowered.arithmetic import array_of, scaled
from tfjs_serve.conversion.operations.lowered.padding import zero_padded
from tfjs_serve.conversion.operations.lowered.registry import (
    Build,
    NotLoweredError,
    dense,
    lowered,
)
from tfjs_serve.conversion.operations.operand import Array
from tfjs_serve.conversion.operations.settings import resizing
from tfjs_serve.conversion.operations.specs.image import image_axes
from tfjs_serve.conversion.small_models.arithmetic import Tensor, known_sizes
from tfjs_serve.conversion.small_models.interpolation import resizing_matrix
from tfjs_serve.conversion.small_models.last_axis import Rows, on_rows
from tfjs_serve.conversion.small_models.resampling import LARGEST_MATRIX, fitted, resampled

_EPSILON = 1e-14
"""Added to sums of squares; it counts for rows of zeros only."""
_GRAY = ((0.2989,), (0.5870,), (0.1140,))
_POOLING = {"max_pool": "MaxPooling", "average_pool": "AveragePooling"}


@lowered("resize")
def resize(build: Build) -> Tensor:
    """UpSampling2D for whole factors, else a matrix along each axis."""
    x = build.tensor("images")
    if len(x.shape) != 4 or not build.operand("images").dtype.startswith(("float", "bfloat")):
        raise NotLoweredError("it is a single image, or has no fractions")
    how = resizing(build.call.arguments, build.generation)
    first, _ = image_axes(4, build.get("data_format"))
    sizes = known_sizes(x.shape[first : first + 2])
    targets = build.get("size")
    if not isinstance(targets, list) or not all(isinstance(size, int) for size in targets):
        raise NotLoweredError("its size is a tensor")
    pairs = list(zip(sizes, targets, strict=True))
    if any(size * target > LARGEST_MATRIX for size, target in pairs):
        raise NotLoweredError("the images are large")
    whole = all(target % size == 0 for size, target in pairs)
    if how["method"] == "nearest" and how["fit"] == "stretch" and whole:
        config = {
            "size": [target // size for size, target in pairs],
            "data_format": build.get("data_format") or "channels_last",
            "interpolation": "nearest",
        }
        return build.low.layer("UpSampling2D", config, x)
    matrix = partial(
        resizing_matrix, how["method"], antialias=how["antialias"], generation=build.generation
    )
    maps = fitted(sizes, targets, how["fit"], matrix)
    made = resampled(build.low, x, (first, first + 1), maps, how["fill"])
    return build.low.activation(made, "linear") if made is x else made


@lowered("rgb_to_grayscale")
def rgb_to_grayscale(build: Build) -> Tensor:
    """Dense along the channels."""
    x = build.tensor("images")
    if len(x.shape) != 4 or build.get("data_format") == "channels_first":
        raise NotLoweredError("the channels are not last")
    if x.shape[-1] != 3:
        raise NotLoweredError("it has other channels")
    return dense(build.low, x, np.asarray(_GRAY))


@lowered("pad_images", "crop_images")
def framed(build: Build) -> Tensor:
    """ZeroPadding2D or Cropping2D."""
    x = build.tensor("images")
    if len(x.shape) != 4 or build.get("data_format") == "channels_first":
        raise NotLoweredError("the channels are not last")
    what = "padding" if build.call.name == "pad_images" else "cropping"
    sign = 1 if what == "padding" else -1
    rows = _margins(build, x.shape[1], ("target_height", f"top_{what}", f"bottom_{what}"), sign)
    columns = _margins(build, x.shape[2], ("target_width", f"left_{what}", f"right_{what}"), sign)
    if what == "padding":
        return zero_padded(build.low, x, [[0, 0], rows, columns, [0, 0]])
    config = {"cropping": [rows, columns], "data_format": "channels_last"}
    return build.low.layer("Cropping2D", config, x)


def _margins(build: Build, size: int | None, keys: tuple[str, ...], sign: int) -> list[int]:
    wanted, first, last = map(build.get, keys)
    if first is not None and last is not None:
        return [first, last]
    (known,) = known_sizes([size])
    total = sign * (wanted - known)
    return [total - last, last] if first is None else [first, total - first]


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


@lowered("max_pool", "average_pool")
def pool(build: Build) -> Tensor:
    """The layer of as many axes."""
    x = build.tensor("inputs")
    count = len(x.shape) - 2
    if build.get("data_format") == "channels_first":
        raise NotLoweredError("the channels are not last")
    sizes = pair(build.get("pool_size"), count)
    strides = build.get("strides")
    config = {
        "pool_size": sizes if count > 1 else sizes[0],
        "strides": _steps(sizes if strides is None else pair(strides, count)),
        "padding": build.get("padding"),
    }
    if count > 1:
        config["data_format"] = "channels_last"
    return build.low.layer(f"{_POOLING[build.call.name]}{count}D", config, x)


def _steps(steps: list[int]) -> int | list[int]:
    return steps if len(steps) > 1 else steps[0]


_LEAST_NORM = 1.01e-5
"""No row is expected to be smaller, so what becomes of those does not matter."""


@lowered("normalize", "l2_normalize")
def normalize(build: Build) -> Tensor:
    """LayerNormalization of the rows and their opposites, whose mean is zero."""
    x = build.tensor("x")
    if build.call.arguments.get("order", 2) != 2:
        raise NotLoweredError("it is another norm")
    epsilon = build.call.arguments.get("epsilon") or 0.0
    if epsilon > (_LEAST_NORM if build.call.name == "normalize" else _LEAST_NORM**2):
        raise NotLoweredError("it is another for small rows")
    axes = tuple(sorted(build.axes("axis", len(x.shape))))
    size = Rows(x.shape, axes).size
    return on_rows(
        build.low,
        x,
        axes,
        lambda rows: build.low.rescale(
            by_root_mean_square(build.low, rows, _EPSILON / size), size**-0.5
        ),
    )


@lowered("batch_norm")
def batch_norm(build: Build) -> Tensor:
    """One factor and one offset per channel, from constants."""
    x = build.tensor("x")
    if build.axis("axis", len(x.shape)) != len(x.shape) - 1:
        raise NotLoweredError("it normalizes another axis than the last")
    mean, variance = (array_of(build.operand(key)) for key in ("mean", "variance"))
    factor = _optional(build, "scale", 1.0) / np.sqrt(variance + build.get("epsilon"))
    shift = _optional(build, "offset", 0.0) - mean * factor
    return scaled(build.low, x, factor, shift)


def _optional(build: Build, key: str, default: float) -> Array:
    given = build.get(key)
    return np.asarray(default) if given is None else array_of(given)
