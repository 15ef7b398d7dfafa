"""Pooling to a given size (``base_adaptive_pooling.py`` in Keras 3); TF.js has no such layers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape, channels_of, of_each, pair, with_channels
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Traits
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError
from tfjs_serve.conversion.small_models.integers import kept
from tfjs_serve.conversion.small_models.or_companion import lower_or_companion
from tfjs_serve.conversion.small_models.spatial import (
    cropped,
    in_images,
    pooled,
    with_first_channels,
    with_last_channels,
)
from tfjs_serve.conversion.small_models.windows import Windows

_MOST_PARTS = 64
"""The most parts of different lengths that layers cut an axis into; else the companion does it."""


def _adapted(rank: int, config: Mapping[str, Json], shape: Shape) -> Shape:
    sizes = pair(config["output_size"], rank)
    return with_channels(config, shape, sizes, channels_of(config, shape))


def parts(size: int, count: int) -> list[tuple[int, int]]:
    """Return the start and the end of each window along an axis.

    They overlap unless `size` is a multiple of `count` (``nn.py`` in ``keras/src/backend/numpy``).
    """
    return [(index * size // count, -(-(index + 1) * size // count)) for index in range(count)]


def _adaptive_pooling(kind: str, rank: int) -> None:
    @rule(
        f"Adaptive{kind}Pooling{rank}D",
        outcome=Outcome.LOWERED,
        shape=of_each(partial(_adapted, rank)),
        traits=Traits(dtypes=kept if kind == "Max" else None, rank=rank + 2),
        support=Support(
            lowered=f"{kind}Pooling2D, of parts if their lengths differ",
            companion=f"unknown sizes; more than {_MOST_PARTS} parts of different lengths",
        ),
    )
    def translate(context: LayerContext) -> TfjsLayer:
        read = context.read
        sizes = read.integers("output_size", rank)
        data_format = read.text("data_format", "channels_last")

        def lower(low: Lowering) -> Tensor:
            x = with_last_channels(low, low.inputs[0], data_format, rank)

            def step(image: Tensor, *axes: int | None) -> Tensor:
                for place, axis in enumerate(axes):
                    if axis is not None:
                        image = _along(low, kind, image, place, sizes[axis])
                return image

            return with_first_channels(low, in_images(low, x, step), data_format, rank)

        flags = {"largest": kind == "Max", "channels_first": data_format == "channels_first"}
        return lower_or_companion(context, lower, "AdaptivePooling", {"sizes": sizes, **flags})


def _along(low: Lowering, kind: str, image: Tensor, axis: int, count: int) -> Tensor:
    """Pool the rows (axis 0) or columns (axis 1) of an image to `count` of them."""
    size = image.shape[1 + axis]
    if size is None:
        raise UnknownShapeError("a size of its input is not known")
    if size == count:
        return image
    if size % count == 0:
        return pooled(low, kind, image, _window(axis, size // count))
    if count > _MOST_PARTS:
        raise UnknownShapeError("it has too many parts")
    windows = []
    for start, stop in parts(size, count):
        sides = [(0, 0), (0, 0)]
        sides[axis] = (start, size - stop)
        windows.append(pooled(low, kind, cropped(low, image, sides), _window(axis, stop - start)))
    return low.concatenate(windows, 1 + axis)


def _window(axis: int, length: int) -> Windows:
    size = (length, 1) if axis == 0 else (1, length)
    return Windows(size=size, strides=size, dilation=(1, 1), padding="valid")


for _kind in ("Max", "Average"):
    for _rank in (1, 2, 3):
        _adaptive_pooling(_kind, _rank)
