"""ZeroPadding1D, 2D and 3D (``tfjs-layers/src/layers/padding.ts`` has only 2D)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape, channels_of, of_each, spatial, with_channels
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Traits
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor
from tfjs_serve.conversion.small_models.integers import kept
from tfjs_serve.conversion.small_models.or_companion import lower_or_companion
from tfjs_serve.conversion.small_models.spatial import (
    with_first_channels,
    with_last_channels,
    zero_padded,
)


def edges(value: Json, rank: int) -> list[list[int]]:
    """Return a pair of numbers for each of `rank` axes; Keras also has shorter forms of `value`."""
    if rank == 1:
        return [[value, value] if isinstance(value, int) else list(value)]
    sides = [value] * rank if isinstance(value, int) else value
    return [[side, side] if isinstance(side, int) else list(side) for side in sides]


def around(pairs: list[list[int]], data_format: str) -> list[list[int]]:
    """Return a pair for each axis of a tensor, given the pairs for its spatial axes."""
    none = [0, 0]
    return [none, none, *pairs] if data_format == "channels_first" else [none, *pairs, none]


def _padded(rank: int, config: Mapping[str, Json], shape: Shape) -> Shape:
    added = [sum(sides) for sides in edges(config.get("padding", 1), rank)]
    sizes = spatial(config, shape, lambda axis, size: size + added[axis])
    return with_channels(config, shape, sizes, channels_of(config, shape))


def _zero_padding(rank: int) -> None:
    @rule(
        f"ZeroPadding{rank}D",
        shape=of_each(partial(_padded, rank)),
        outcome=Outcome.NATIVE if rank == 2 else Outcome.LOWERED,
        traits=Traits(dtypes=kept, rank=rank + 2),
        support=Support(
            lowered="" if rank == 2 else "ZeroPadding2D",
            companion="several unknown sizes" if rank == 3 else "",
        ),
    )
    def translate(context: LayerContext) -> TfjsLayer:
        pairs = edges(context.read.take("padding", 1), rank)
        data_format = context.read.text("data_format", "channels_last")
        if rank == 2:
            config = {"padding": pairs, "data_format": data_format}
            return context.native("ZeroPadding2D", config)

        def lower(low: Lowering) -> Tensor:
            x = with_last_channels(low, low.inputs[0], data_format, rank)
            return with_first_channels(low, zero_padded(low, x, pairs), data_format, rank)

        arguments = {"edges": around(pairs, data_format)}
        return lower_or_companion(context, lower, "ZeroPadding", arguments)


for _rank in (1, 2, 3):
    _zero_padding(_rank)
