"""Cropping1D, 2D and 3D (``tfjs-layers/src/layers/convolutional.ts`` has only 2D)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from tfjs_serve.conversion.layers.padding import around, edges
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape, channels_of, of_each, spatial, with_channels
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Traits
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError
from tfjs_serve.conversion.small_models.integers import kept
from tfjs_serve.conversion.small_models.or_companion import lower_or_companion
from tfjs_serve.conversion.small_models.spatial import (
    cropped,
    with_first_channels,
    with_last_channels,
)

_LARGEST_CONVOLUTION = 32
"""The most steps that a convolution cuts off if sizes are not known: more would be slow."""
_DEFAULTS = {1: 1, 2: 0, 3: 1}


def _cropped(rank: int, config: Mapping[str, Json], shape: Shape) -> Shape:
    removed = [sum(sides) for sides in edges(config.get("cropping", _DEFAULTS[rank]), rank)]
    sizes = spatial(config, shape, lambda axis, size: size - removed[axis])
    return with_channels(config, shape, sizes, channels_of(config, shape))


def _cropping(rank: int) -> None:
    @rule(
        f"Cropping{rank}D",
        shape=of_each(partial(_cropped, rank)),
        outcome=Outcome.NATIVE if rank == 2 else Outcome.LOWERED,
        traits=Traits(dtypes=kept, rank=rank + 2),
        support=Support(
            lowered="unknown sizes: DepthwiseConv2D" if rank == 2 else "Cropping2D",
            companion=f"unknown sizes and more than {_LARGEST_CONVOLUTION} steps to cut off: "
            "a slow convolution",
        ),
    )
    def translate(context: LayerContext) -> TfjsLayer:
        pairs = edges(context.read.take("cropping", _DEFAULTS[rank]), rank)
        data_format = context.read.text("data_format", "channels_last")
        _check_rest(context, rank)
        if rank == 2 and not _is_unknown(context, rank, data_format):
            config = {"cropping": pairs, "data_format": data_format}
            return context.native("Cropping2D", config)

        def lower(low: Lowering) -> Tensor:
            if _is_unknown(context, rank, data_format) and max(map(sum, pairs)) > (
                _LARGEST_CONVOLUTION
            ):
                raise UnknownShapeError("a size of its input is not known")
            x = with_last_channels(low, low.inputs[0], data_format, rank)
            return with_first_channels(low, cropped(low, x, pairs), data_format, rank)

        arguments = {"edges": around(pairs, data_format)}
        return lower_or_companion(context, lower, "Cropping", arguments)


def _check_rest(context: LayerContext, rank: int) -> None:
    """Report a layer that leaves nothing: Keras 2 allows empty tensors, TF.js fails."""
    rests = [_cropped(rank, context.layer.config, shape)[1:] for shape in context.shapes]
    if any(size is not None and size < 1 for rest in rests for size in rest):
        context.problem(
            "unsupported-input",
            "It crops its input to nothing.",
            "Crop less, or give the model a larger input.",
        )


def _is_unknown(context: LayerContext, rank: int, data_format: str) -> bool:
    first = 2 if data_format == "channels_first" else 1
    return any(None in shape[first : first + rank] for shape in context.shapes)


for _rank in (1, 2, 3):
    _cropping(_rank)
