"""Layers that scale numbers (``tfjs-layers/src/layers/preprocessing``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tfjs_serve.conversion.model.layers import Json, Variable
from tfjs_serve.conversion.model.shapes import known_product
from tfjs_serve.conversion.model.sources import (
    Array,
    computed_source,
    constant,
    reshaped_source,
    values,
)
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Masking, Traits
from tfjs_serve.conversion.small_models.arithmetic import (
    Lowering,
    Tensor,
    UnknownShapeError,
    known_sizes,
)
from tfjs_serve.layers_model.model import TensorSource

_EPSILON = np.float32(1e-7)
"""``keras.backend.epsilon()``."""


@rule(
    "Rescaling",
    traits=Traits(masking=Masking.PASSES_SINCE_KERAS_3),
    support=Support(
        lowered="`scale` and `offset` of several numbers: DepthwiseConv2D",
        companion="numbers of a shape that enlarges the input, or more than one axis of unknown "
        "size",
    ),
)
def rescaling(context: LayerContext) -> TfjsLayer:
    """``x * scale + offset``; TF.js's layer takes one number of each and no mask."""
    scale, offset = _numbers(context, "scale", 1.0), _numbers(context, "offset", 0.0)
    one_of_each = scale.size == offset.size == 1
    if one_of_each and max(scale.ndim, offset.ndim) <= min(context.ranks, default=1):
        return _rescaled(context, scale.item(), offset.item())
    try:
        low = Lowering(context)
        return low.model(_scaled(low, low.inputs[0], scale, offset))
    except UnknownShapeError:
        arguments = {"scale": scale.tolist(), "offset": offset.tolist()}
        return context.companion("Scale", arguments)


def _rescaled(context: LayerContext, scale: float, offset: float) -> TfjsLayer:
    if not any(fact.masked for call in context.calls for fact in call):
        return context.native("Rescaling", {"scale": scale, "offset": offset})
    low = Lowering(context)
    return low.model(low.rescale(low.inputs[0], scale, offset))


def _numbers(context: LayerContext, key: str, default: float) -> Array:
    """Return a number or a nested list of numbers as an array, whichever way Keras wrote it."""
    value = context.read.take(key, default)
    if isinstance(value, dict):
        value = value["config"]["value"]
    return np.asarray(default if value is None else value, np.float64)


def _scaled(low: Lowering, x: Tensor, scale: Array, offset: Array) -> Tensor:
    """Scale by separate numbers for each place along the last axes."""
    count = max(scale.ndim, offset.ndim)
    sizes = known_sizes(x.shape[len(x.shape) - count :])
    if count >= len(x.shape):
        raise UnknownShapeError("it scales the batch axis")
    if np.broadcast_shapes(sizes, scale.shape, offset.shape) != sizes:
        raise UnknownShapeError("its output is larger than its input")
    flat = _merged(low, x, count)
    done = low.affine(
        flat,
        constant(np.broadcast_to(scale, sizes).ravel()),
        constant(np.broadcast_to(offset, sizes).ravel()),
        trainable=False,
    )
    return done if flat is x else low.reshape(done, x.shape[1:])


def _merged(low: Lowering, x: Tensor, count: int) -> Tensor:
    """Return `x` with its last `count` axes as one."""
    if count == 1:
        return x
    return low.reshape(x, (None, 1, known_product(x.shape[len(x.shape) - count :])))


def _statistics(config: Mapping[str, Json]) -> tuple[Variable, ...]:
    if config.get("mean") is not None:
        return ()
    return tuple(Variable(name=name, trainable=False) for name in ("mean", "variance", "count"))


@rule(
    "Normalization",
    variables=_statistics,
    outcome=Outcome.LOWERED,
    traits=Traits(masking=Masking.PASSES_SINCE_KERAS_3),
    support=Support(
        lowered="two Rescaling for `axis=None`, else two DepthwiseConv2D",
        companion="`axis` with the batch axis, more than one axis of unknown size",
    ),
)
def normalization(context: LayerContext) -> TfjsLayer:
    """``(x - mean) / max(sqrt(variance), epsilon)``, or back if ``invert``.

    The mean is subtracted first, as in Keras: far from zero, ``x * scale + offset`` would lose
    digits.
    """
    read = context.read
    invert = read.boolean("invert", False)
    axes = _kept_axes(context)
    mean, variance = _mean_and_variance(context, axes)
    if not axes:
        return _by_one_number(context, values(mean).item(), values(variance).item(), invert)
    try:
        low = Lowering(context)
        return low.model(_normalized(low, low.inputs[0], axes, (mean, variance), invert))
    except UnknownShapeError:
        own = replace(
            context,
            weights={"mean": mean, "variance": variance},
            fixed_variables={"mean", "variance"},
        )
        return own.companion("Normalization", {"axes": axes, "invert": invert})


def _kept_axes(context: LayerContext) -> list[int]:
    """Return the axes that have a mean for each of their steps, counting the batch axis."""
    axis = context.read.take("axis", -1)
    if axis is None:
        return []
    rank = context.one_rank()
    if rank is None:
        raise UnknownShapeError("the shape of the input is not known")
    return sorted(index % rank for index in (axis if isinstance(axis, list) else [axis]))


def _mean_and_variance(context: LayerContext, axes: list[int]) -> tuple[TensorSource, TensorSource]:
    given = context.read.take("mean"), context.read.take("variance")
    if given[0] is None:
        return context.weights["mean"], context.weights["variance"]
    sizes = known_sizes([context.shapes[0][axis] for axis in axes])
    mean, variance = (constant(np.broadcast_to(np.asarray(value), sizes)) for value in given)
    return mean, variance


def _deviation(variance: Array) -> Array:
    return np.asarray(np.maximum(np.sqrt(variance.astype(np.float32)), _EPSILON))


def _by_one_number(context: LayerContext, mean: float, variance: float, invert: bool) -> TfjsLayer:
    deviation = float(_deviation(np.asarray(variance)))
    low = Lowering(context)
    (x,) = low.inputs
    if invert:
        return low.model(low.rescale(x, deviation, mean))
    return low.model(low.rescale(low.rescale(x, 1.0, -mean), 1 / deviation))


def _normalized(
    low: Lowering,
    x: Tensor,
    axes: list[int],
    statistics: tuple[TensorSource, TensorSource],
    invert: bool,
) -> Tensor:
    """Move the axes in `axes` to the end, and normalize each of their steps."""
    if axes[0] == 0:
        raise UnknownShapeError("it normalizes along the batch axis")
    count = int(np.prod(statistics[0].shape))
    mean, variance = (reshaped_source(source, (count,)) for source in statistics)
    order = [*(axis for axis in range(len(x.shape)) if axis not in axes), *axes]
    moved = x if order == sorted(order) else low.permute(x, order)
    flat = _merged(low, moved, len(axes))
    if invert:
        deviation = computed_source(_deviation, variance, shape=(count,))
        flat_done = low.affine(flat, deviation, mean, trainable=False)
    else:
        offset = computed_source(np.negative, mean, shape=(count,))
        scale = computed_source(lambda array: 1 / _deviation(array), variance, shape=(count,))
        centered = low.affine(flat, None, offset, trainable=False)
        flat_done = low.affine(centered, scale, None, trainable=False)
    done = flat_done if flat is moved else low.reshape(flat_done, moved.shape[1:])
    return done if moved is x else low.permute(done, [order.index(axis) for axis in sorted(order)])
