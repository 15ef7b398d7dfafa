"""Images: UpSampling2D, Dense along axes, ZeroPadding2D and Cropping2D."""

from __future__ import annotations

from functools import partial

import numpy as np

from tfjs_serve.conversion.operations.lowering import Build, NotLoweredError, lowered
from tfjs_serve.conversion.operations.settings import resizing
from tfjs_serve.conversion.operations.specs.images import image_axes
from tfjs_serve.conversion.small_models.arithmetic import Tensor, known_sizes
from tfjs_serve.conversion.small_models.interpolation import resizing_matrix
from tfjs_serve.conversion.small_models.resampling import LARGEST_MATRIX, fitted, resampled

_GRAY = ((0.2989,), (0.5870,), (0.1140,))


@lowered("resize")
def resize(build: Build) -> Tensor:
    """UpSampling2D for integer factors and `nearest`, otherwise Dense along each axis."""
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
    """Dense along the channels, which must be last."""
    x = build.tensor("images")
    if len(x.shape) != 4 or build.get("data_format") == "channels_first":
        raise NotLoweredError("the channels are not last")
    if x.shape[-1] != 3:
        raise NotLoweredError("it has other channels")
    return build.low.dense(x, np.asarray(_GRAY))


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
    change = build.low.pad_image if what == "padding" else build.low.crop_image
    return change(x, [rows, columns])


def _margins(build: Build, size: int | None, keys: tuple[str, ...], sign: int) -> list[int]:
    wanted, first, last = map(build.get, keys)
    if first is not None and last is not None:
        return [first, last]
    (known,) = known_sizes([size])
    total = sign * (wanted - known)
    return [total - last, last] if first is None else [first, total - first]
