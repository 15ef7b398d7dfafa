"""Pooling over whole sequences, images and volumes (``pooling.ts`` of tfjs-layers)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from tfjs_serve.conversion.model.facts import TensorFact
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.shapes import (
    Shape,
    Size,
    channels_of,
    known_product,
    of_each,
    with_channels,
)
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import MaskUse, Traits
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor
from tfjs_serve.conversion.small_models.integers import all_integers, kept
from tfjs_serve.conversion.small_models.or_companion import lower_or_companion


def _pooled(config: Mapping[str, Json], shape: Shape) -> Shape:
    channels = channels_of(config, shape)
    if config.get("keepdims"):
        return with_channels(config, shape, [1] * (len(shape) - 2), channels)
    return (shape[0], channels)


def _traits(kind: str, rank: int) -> Traits:
    traits = Traits(dtypes=kept if kind == "Max" else _averaged, rank=rank + 2)
    if (kind, rank) != ("Average", 1):
        return traits
    return replace(traits, mask_use=MaskUse.PER_STEP, call_arguments=("mask",))


def _global_pooling(kind: str, rank: int) -> None:
    class_name = f"Global{kind}Pooling{rank}D"

    @rule(
        class_name,
        shape=of_each(_pooled),
        outcome=Outcome.LOWERED if rank == 3 else Outcome.NATIVE,
        traits=_traits(kind, rank),
        support=Support(
            lowered={1: "keepdims: Reshape; channels first: Permute", 2: "keepdims: Reshape"}.get(
                rank, f"Reshape and Global{kind}Pooling1D"
            ),
            companion=_companion(kind, rank),
        ),
    )
    def translate(context: LayerContext) -> TfjsLayer:
        read = context.read
        keepdims = read.boolean("keepdims", False)
        data_format = read.text("data_format", "channels_last")
        first = data_format == "channels_first"
        truncates = kind == "Average" and context.layer.generation < 3 and all_integers(context)
        if context.mask_input:
            if context.layer.generation < 3:
                context.no_integers()
            return context.companion(class_name, {"channels_first": first, "keepdims": keepdims})
        axes = list(range(2, rank + 2) if first else range(1, rank + 1))
        if truncates:
            # TF.js multiplies by a rounded inverse, so a mean may be just below an integer.
            return context.companion("WholeAverage", {"axes": axes, "keepdims": keepdims})
        if rank == 2 and not keepdims:
            return context.native(class_name, {"data_format": data_format})
        if rank == 1 and not keepdims and not first:
            return context.native(class_name, {})
        arguments = {"largest": kind == "Max", "axes": axes, "keepdims": keepdims}
        lower = partial(_lowered, kind=kind, keepdims=keepdims, first=first)
        return lower_or_companion(context, lower, "GlobalPooling", arguments)


def _companion(kind: str, rank: int) -> str:
    """Return which cases the companion computes, for the support table."""
    return "; ".join(
        ["masks: no layer of TensorFlow.js divides by the number of steps that count"]
        * (kind == "Average" and rank == 1)
        + ["integers in Keras 2"] * (kind == "Average")
        + ["channels first with an unknown number of channels and several unknown sizes"]
        * (rank == 3)
    )


def _averaged(layer: KerasLayer, inputs: Sequence[TensorFact]) -> tuple[str, ...]:
    """Return the dtype: Keras 2 averages integers in their own dtype, which cuts off fractions."""
    return kept(layer, inputs) if layer.generation < 3 else ("float32",)


def _lowered(low: Lowering, *, kind: str, keepdims: bool, first: bool) -> Tensor:
    (x,) = low.inputs
    channels = x.shape[1 if first else -1]
    y = _over_one_axis(low, x, kind, channels, first)
    if keepdims:
        ones = [1] * (len(x.shape) - 2)
        y = low.reshape(y, (channels, *ones) if first else (*ones, channels))
    return y


def _over_one_axis(low: Lowering, x: Tensor, kind: str, channels: Size, first: bool) -> Tensor:
    """Pool after all spatial axes are merged into one, whose length may be unknown."""
    if first and len(x.shape) == 3:
        x, first = low.permute(x, (0, 2, 1)), False
    if first:
        config = {"data_format": "channels_first"}
        flat = low.reshape(x, (channels, known_product(x.shape[2:]), 1))
        return low.layer(f"Global{kind}Pooling2D", config, flat, shape=(x.shape[0], channels))
    flat = x if len(x.shape) == 3 else low.reshape(x, (None, channels))
    return low.layer(f"Global{kind}Pooling1D", {}, flat, shape=(x.shape[0], channels))


for _kind in ("Max", "Average"):
    for _rank in (1, 2, 3):
        _global_pooling(_kind, _rank)
