"""Resizing and cropping of images (``tfjs-layers/src/layers/preprocessing``).

TF.js's own layers sample other pixels, and were written for single images.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from tfjs_serve.conversion.layers.image_augmentation import one_image
from tfjs_serve.conversion.layers.shared.unchanged import unchanged
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.shapes import Shape, Shapes, of_each
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.small_models.arithmetic import Lowering, UnknownShapeError, common_shapes
from tfjs_serve.conversion.small_models.interpolation import METHODS, resizing_matrix
from tfjs_serve.conversion.small_models.resampling import (
    LARGEST_MATRIX,
    AxisMap,
    cut,
    fitted,
    resampled,
)

_BILINEAR = partial(resizing_matrix, "bilinear")


def image_axes(config: Mapping[str, Json], rank: int) -> tuple[int, int]:
    """Return the axes of rows and columns of an image, or of a batch of images."""
    first = rank - 2 if config.get("data_format") == "channels_first" else rank - 3
    return first, first + 1


def _resized(config: Mapping[str, Json], shape: Shape) -> Shape:
    sizes = list(shape)
    for axis, key in zip(image_axes(config, len(shape)), ("height", "width"), strict=True):
        sizes[axis] = config[key]
    return tuple(sizes)


def _known_sizes(context: LayerContext) -> tuple[int, int] | None:
    """Return height and width of the images of a batch if they are the same in all calls."""
    try:
        shape = common_shapes(context.calls)[0]
    except UnknownShapeError:
        return None
    rows, columns = (shape[axis] for axis in image_axes(context.layer.config, len(shape)))
    if len(shape) != 4 or rows is None or columns is None:
        return None
    return rows, columns


def _mapped(context: LayerContext, maps: list[AxisMap], fill: float = 0.0) -> TfjsLayer:
    if all(change.is_identity for change in maps):
        return unchanged(context)
    low = Lowering(context)
    (x,) = low.inputs
    axes = image_axes(context.layer.config, len(x.shape))
    return low.model(resampled(low, x, axes, maps, fill))


def _size(context: LayerContext) -> dict[str, Json]:
    """Read the arguments that all companions of these layers take."""
    channels_first = context.read.text("data_format", "channels_last") == "channels_first"
    return {
        "height": context.read.integer("height"),
        "width": context.read.integer("width"),
        "channels_first": channels_first,
    }


@rule(
    "Resizing",
    outcome=Outcome.LOWERED,
    shape=of_each(_resized),
    support=Support(
        lowered="images of known size: Dense along each axis; UpSampling2D for `nearest` by an "
        "integer factor",
        companion="images of unknown or large size, single images; integers, which are rounded",
        training="`nearest` by an integer factor",
        notes="bicubic as JAX computes it in models of Keras 3: TensorFlow rounds its weights",
    ),
)
def resizing(context: LayerContext) -> TfjsLayer:
    """Samples at the centres of pixels, which TF.js's layer does not."""
    one_image(context)
    read = context.read
    read.only("fill_mode", "constant", hint="Use fill_mode='constant'.")
    method = read.text("interpolation", "bilinear").lower()
    if method not in METHODS:
        read.unsupported("interpolation", method, f"Use one of {', '.join(METHODS)}.")
        return unchanged(context)
    if (
        method == "bicubic"
        and context.layer.generation >= 3
        and not context.layer.config.get("antialias")
    ):
        context.warn(CUBIC_WEIGHTS)
    arguments = {
        **_size(context),
        "method": method,
        "fit": _fit(context),
        "fill": read.number("fill_value", 0.0),
        "antialias": read.boolean("antialias", False),
        "range": _range(context, method),
        "in_float32": context.layer.generation < 3,
    }
    sizes = _known_sizes(context)
    targets = (arguments["height"], arguments["width"])
    if sizes is None or arguments["range"] is not None or _is_large(sizes, targets):
        return context.companion("Resizing", arguments)
    if method == "nearest" and arguments["fit"] == "stretch" and _are_multiples(sizes, targets):
        return _repeated(context, sizes, targets)
    matrix = partial(
        resizing_matrix,
        method,
        antialias=arguments["antialias"],
        generation=context.layer.generation,
    )
    return _mapped(context, fitted(sizes, targets, arguments["fit"], matrix), arguments["fill"])


CUBIC_WEIGHTS = (
    "Keras on TensorFlow rounds the weights of bicubic interpolation to one of 1,024 steps. The "
    "page computes them as on JAX and numpy: numbers differ by up to 6e-4 of the largest."
)
ROUNDS_SINCE = (3, 6)
NOT_ROUNDED = (
    "Keras 3.0 to 3.5 does not round what is between two integers: on TensorFlow it cuts off the "
    "fraction, on JAX it keeps it. The page keeps it. Save the model with a newer Keras to have "
    "it rounded."
)


def _fit(context: LayerContext) -> str:
    flags = {"crop": "crop_to_aspect_ratio", "pad": "pad_to_aspect_ratio"}
    chosen = [fit for fit, flag in flags.items() if context.read.boolean(flag, False)]
    return chosen[0] if chosen else "stretch"


def _range(context: LayerContext, method: str) -> list[Json] | None:
    """Return the range of integers that Keras rounds its results to, ``None`` if it does not.

    An empty list: Keras rounds, but no image exceeds the range, as with 32 bits.
    """
    dtype = next((fact.dtype for call in context.calls for fact in call if fact.is_integer), None)
    if dtype is None or context.layer.generation < 3 or method == "nearest":
        return None
    if context.layer.version < ROUNDS_SINCE:
        context.warn(NOT_ROUNDED)
        return None
    if dtype == "bool" or np.dtype(dtype).itemsize > 2:
        return []
    limits = np.iinfo(dtype)
    return [int(limits.min), int(limits.max)]


def _is_large(sizes: tuple[int, int], targets: tuple[int, int]) -> bool:
    return any(size * target > LARGEST_MATRIX for size, target in zip(sizes, targets, strict=True))


def _are_multiples(sizes: tuple[int, int], targets: tuple[int, int]) -> bool:
    return all(target % size == 0 for size, target in zip(sizes, targets, strict=True))


def _repeated(context: LayerContext, sizes: tuple[int, int], targets: tuple[int, int]) -> TfjsLayer:
    factors = [target // size for size, target in zip(sizes, targets, strict=True)]
    data_format = context.read.text("data_format", "channels_last")
    config = {"size": factors, "data_format": data_format, "interpolation": "nearest"}
    return context.native("UpSampling2D", config)


@rule(
    "CenterCrop",
    outcome=Outcome.LOWERED,
    shape=of_each(_resized),
    support=Support(
        lowered="images of known size: Cropping2D; Dense along each axis if they are too small",
        companion="images of unknown size, single images",
    ),
)
def center_crop(context: LayerContext) -> TfjsLayer:
    """Keras resizes images that are smaller than the crop."""
    one_image(context)
    arguments = _size(context)
    sizes, targets = _known_sizes(context), (arguments["height"], arguments["width"])
    if sizes is None:
        return context.companion("CenterCrop", arguments)
    removed = [size - target for size, target in zip(sizes, targets, strict=True)]
    if min(removed) < 0:
        return _mapped(context, fitted(sizes, targets, "crop", _BILINEAR))
    cropping = [[count // 2, count - count // 2] for count in removed]
    data_format = context.read.text("data_format", "channels_last")
    return context.native("Cropping2D", {"cropping": cropping, "data_format": data_format})


def _cropped_at_random(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    """Return the shape; newer versions change nothing, whatever ``compute_output_shape`` says."""
    if _random_crop(layer.version) == "whole":
        return (inputs[0],)
    return (_resized(layer.config, inputs[0]),)


def _random_crop(version: tuple[int, ...]) -> str:
    """Return what a version of RandomCrop does to images at inference."""
    if version < (3, 6):
        return "resized"
    return "cut" if version < (3, 8) else "whole"


@rule(
    "RandomCrop",
    outcome=Outcome.LOWERED,
    shape=_cropped_at_random,
    support=Support(
        lowered="up to Keras 3.7, images of known size: Dense along each axis",
        companion="up to Keras 3.5, images of unknown size, single images",
        notes="cuts nothing out in training; at inference, Keras 3.8 and newer change nothing",
    ),
)
def random_crop(context: LayerContext) -> TfjsLayer:
    """At inference, Keras resizes, cuts out the middle or does nothing; see `_random_crop`."""
    one_image(context)
    context.read.ignore("seed")
    arguments = _size(context)
    way = _random_crop(context.layer.version)
    sizes, targets = _known_sizes(context), (arguments["height"], arguments["width"])
    if way == "whole" or sizes == targets:
        return unchanged(context)
    if sizes is None:
        extra = {"method": "bilinear", "fit": "crop", "fill": 0.0, "antialias": False}
        flags = {"range": None, "in_float32": context.layer.generation < 3}
        return context.companion("Resizing", {**arguments, **extra, **flags})
    maps = fitted(sizes, targets, "crop", _BILINEAR)
    return _mapped(context, _cut_in_the_middle(sizes, targets) if way == "cut" else maps)


def _cut_in_the_middle(sizes: tuple[int, int], targets: tuple[int, int]) -> list[AxisMap]:
    """Return the part that Keras 3.6 and 3.7 cut out.

    It starts where the largest part with the aspect ratio of the target would start.
    """
    (height, width), (rows, columns) = sizes, targets
    wanted = (int(width * rows / columns), int(height * columns / rows))
    maps = []
    for size, target, fitting in zip(sizes, targets, wanted, strict=True):
        start = (size - max(min(size, fitting), 1)) // 2
        maps.append(cut(size, start, min(target, size - start), target, _BILINEAR))
    return maps
