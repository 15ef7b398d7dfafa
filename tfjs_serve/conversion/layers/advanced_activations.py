"""Activations that are layers (``tfjs-layers/src/layers/advanced_activations.ts``)."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.lowering import Lowering, Tensor
from tfjs_serve.conversion.model import Json, Variable
from tfjs_serve.conversion.objects import parameter
from tfjs_serve.conversion.registry import Masking, rule


@rule(
    "ReLU",
    masking=Masking.PASSES,
    lowered="`negative_slope`, `threshold`: Rescaling, ThresholdedReLU, Add",
)
def relu(context: LayerContext) -> TfjsLayer:
    """TF.js reads ``max_value`` and silently ignores the other two."""
    read = context.read
    slope, threshold = read.number("negative_slope", 0.0), read.number("threshold", 0.0)
    largest = read.optional_number("max_value")
    if largest is not None and largest % 1:
        context.no_whole_numbers()
    if not slope and not threshold:
        return context.native("ReLU", {"max_value": largest})
    low = Lowering(context)
    (x,) = low.inputs
    return low.model(_relu(low, x, slope, threshold, largest))


def _relu(low: Lowering, x: Tensor, slope: float, threshold: float, most: float | None) -> Tensor:
    """``x`` above `threshold` and limited to 0 .. `most`; ``slope * (x - threshold)`` below."""
    if threshold:
        above = low.layer("ThresholdedReLU", {"theta": threshold}, x, shape=x.shape)
    else:
        above = low.activation(x, "relu")
    if most is not None:
        above = low.layer("ReLU", {"max_value": most}, above, shape=x.shape)
    if not slope:
        return above
    below = low.activation(low.rescale(x, -1.0, threshold), "relu")
    return low.add(above, low.rescale(below, -slope))


@rule("LeakyReLU", masking=Masking.PASSES)
def leaky_relu(context: LayerContext) -> TfjsLayer:
    """Keras 3 calls the slope ``negative_slope``, Keras 2 and TF.js ``alpha``."""
    read = context.read
    slope = read.number("negative_slope", read.number("alpha", 0.3))
    return context.native("LeakyReLU", {"alpha": slope})


def _alpha(_config: Mapping[str, Json]) -> tuple[Variable, ...]:
    return (Variable(name="alpha"),)


@rule("PReLU", variables=_alpha, masking=Masking.PASSES)
def prelu(context: LayerContext) -> TfjsLayer:
    """``shared_axes`` counts from 1, without the batch axis, in both.

    Keras takes 1 from it to index a shape, so that -1 means the last axis but one. TF.js
    ignores negative ones.
    """
    shared = context.read.take("shared_axes")
    rank = context.one_rank()
    if isinstance(shared, list) and rank is not None:
        shared = [(axis - 1) % (rank - 1) + 1 if axis < 0 else axis for axis in shared]
    return context.native("PReLU", {"shared_axes": shared, **parameter(context, "alpha")})


@rule("ELU", masking=Masking.PASSES, notes="alpha of 1")
def elu(context: LayerContext) -> TfjsLayer:
    """TF.js throws on another ``alpha``."""
    context.read.only("alpha", 1, hint="Use alpha=1.")
    return context.native("ELU", {"alpha": 1.0})


@rule("ThresholdedReLU", masking=Masking.PASSES)
def thresholded_relu(context: LayerContext) -> TfjsLayer:
    """Keras 2 only."""
    return context.native("ThresholdedReLU", {"theta": context.read.number("theta", 1.0)})


@rule("Softmax", masking=Masking.PASSES, notes="the last axis")
def softmax(context: LayerContext) -> TfjsLayer:
    """TF.js's softmax op takes the last axis only."""
    axis = context.read.take("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    context.last_axis_only(axis)
    context.no_mask()
    return context.native("Softmax", {"axis": -1})
