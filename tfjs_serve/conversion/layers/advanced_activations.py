"""Activations that are layers (``tfjs-layers/src/layers/advanced_activations.ts``)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from tfjs_serve.conversion.model.layers import Json, KerasLayer, Variable
from tfjs_serve.conversion.model.shapes import Shape
from tfjs_serve.conversion.model.sources import Weights
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.initializers import parameter
from tfjs_serve.conversion.rules.registry import Support, rule
from tfjs_serve.conversion.rules.traits import Masking, MaskUse, Traits
from tfjs_serve.conversion.small_models.activations import apply_activation
from tfjs_serve.conversion.small_models.arithmetic import Lowering
from tfjs_serve.conversion.small_models.integers import all_integers, kept
from tfjs_serve.conversion.small_models.last_axis import counted_axes, rank_of


@rule(
    "ReLU",
    traits=Traits(masking=Masking.PASSES, dtypes=kept),
    support=Support(
        lowered="`negative_slope`, `threshold`: LeakyReLU, Rescaling, ThresholdedReLU, Add",
        training="`threshold`",
    ),
)
def relu(context: LayerContext) -> TfjsLayer:
    """TF.js reads ``max_value`` and silently ignores the other arguments.

    Keras 3 converts the limits to the dtype of the input.
    """
    read = context.read
    slope, threshold = read.number("negative_slope", 0.0), read.number("threshold", 0.0)
    largest = read.optional_number("max_value")
    if slope % 1:
        context.no_integers()
    if all_integers(context):
        threshold, largest = math.trunc(threshold), largest and math.trunc(largest)
    if not slope and not threshold:
        return context.native("ReLU", {"max_value": largest})
    return _activated(context, "relu", negative_slope=slope, threshold=threshold, max_value=largest)


def _activated(context: LayerContext, function: str, **arguments: Json) -> TfjsLayer:
    low = Lowering(context)
    value = {"class_name": function, "config": arguments}
    return low.model(apply_activation(low, value, low.inputs[0], context.layer.generation))


@rule(
    "LeakyReLU",
    traits=Traits(masking=Masking.PASSES),
)
def leaky_relu(context: LayerContext) -> TfjsLayer:
    """Keras 3 calls the slope ``negative_slope``, Keras 2 and TF.js ``alpha``."""
    read = context.read
    slope = read.number("negative_slope", read.number("alpha", 0.3))
    return context.native("LeakyReLU", {"alpha": slope})


def _alpha(_config: Mapping[str, Json]) -> tuple[Variable, ...]:
    return (Variable(name="alpha"),)


def _shared(axes: Json, rank: int) -> list[int]:
    """Return the axes along which one slope counts for all, without negative numbers."""
    return [(axis - 1) % (rank - 1) + 1 if axis < 0 else axis for axis in axes]


def _alpha_shape(layer: KerasLayer, shape: Shape) -> dict[str, Shape]:
    shared = _shared(layer.config.get("shared_axes") or [], len(shape))
    sizes = [1 if axis in shared else size for axis, size in enumerate(shape)]
    return {"alpha": tuple(sizes[1:])}


def _input_shapes(layer: KerasLayer, weights: Weights) -> Iterator[Shape]:
    """Yield the shape that has a slope for each number, but one for all along shared axes."""
    shared = layer.config.get("shared_axes") or []
    for slopes in weights.values():
        yield (None, *(None if size == 1 and shared else size for size in slopes.shape))


@rule(
    "PReLU",
    variables=_alpha,
    traits=Traits(masking=Masking.PASSES, weight_shapes=_alpha_shape, input_shapes=_input_shapes),
)
def prelu(context: LayerContext) -> TfjsLayer:
    """``shared_axes`` counts from 1, without the batch axis, in Keras and TF.js.

    Keras subtracts 1 to index a shape, so -1 means the last axis but one. TF.js ignores negative
    axes.
    """
    shared = context.read.take("shared_axes")
    rank = context.one_rank()
    if isinstance(shared, list) and rank is not None:
        shared = _shared(shared, rank)
    return context.native("PReLU", {"shared_axes": shared, **parameter(context, "alpha")})


@rule(
    "ELU",
    traits=Traits(masking=Masking.PASSES),
    support=Support(lowered="`alpha` other than 1: LeakyReLU after ELU"),
)
def elu(context: LayerContext) -> TfjsLayer:
    """TF.js throws if ``alpha`` is not 1."""
    alpha = context.read.number("alpha", 1.0)
    if alpha == 1:
        return context.native("ELU", {"alpha": 1.0})
    return _activated(context, "elu", alpha=alpha)


@rule(
    "ThresholdedReLU",
    traits=Traits(masking=Masking.PASSES),
    support=Support(training="always"),
)
def thresholded_relu(context: LayerContext) -> TfjsLayer:
    """Keras 2 only."""
    return context.native("ThresholdedReLU", {"theta": context.read.number("theta", 1.0)})


@rule(
    "Softmax",
    traits=Traits(
        masking=Masking.PASSES,
        mask_use=MaskUse.FULL,
        tfjs_reads_mask=True,
        call_arguments=("mask",),
    ),
    support=Support(
        lowered="another axis than the last one: Permute", companion="masks; the batch axis"
    ),
)
def softmax(context: LayerContext) -> TfjsLayer:
    """TF.js computes it along the last axis, or along several axes at once.

    Keras 2 subtracts 1e9 from masked numbers, or replaces them if ``robust_masking``. Keras 3
    subtracts it, and sets the results to zero.
    """
    axis = context.read.take("axis", -1)
    replaces = context.read.boolean("robust_masking", False)
    if context.mask_input:
        clears = context.layer.generation >= 3
        arguments = {"axis": axis, "clears": clears, "replaces": replaces}
        return context.companion("MaskedSoftmax", arguments)
    context.no_mask()
    if isinstance(axis, list) and len(axis) > 1:
        return context.native("Softmax", {"axis": axis})
    if counted_axes(axis, rank_of(context)) == (rank_of(context) - 1,):
        return context.native("Softmax", {"axis": -1})
    return _activated(context, "softmax", axis=axis)
