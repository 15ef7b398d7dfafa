"""Normalizations that TF.js lacks, and the layers of keras.applications that scale.

Most use one trick: the mean of ``[x, -x]`` is zero, so a layer normalization divides it by the root
mean square of ``x``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tfjs_serve.conversion.layers.normalization import (
    normalized_shapes,
    rounds,
    scale_and_center,
)
from tfjs_serve.conversion.layers.shared.unchanged import unchanged
from tfjs_serve.conversion.model.layers import Json, KerasLayer, Variable
from tfjs_serve.conversion.model.shapes import Shapes, known_product
from tfjs_serve.conversion.model.sources import computed_source, constant, reshaped_source
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Masking, Traits
from tfjs_serve.conversion.small_models.arithmetic import (
    Lowering,
    Tensor,
    UnknownShapeError,
    common_shapes,
)
from tfjs_serve.conversion.small_models.integers import truncated
from tfjs_serve.conversion.small_models.last_axis import Rows, counted_axes, on_rows, rank_of
from tfjs_serve.conversion.small_models.or_companion import lower_or_companion
from tfjs_serve.layers_model.model import TensorSource

_TINY = 1e-24
"""Keras 3 replaces smaller sums of squares by this one (``normalize`` in ``ops/nn.py``)."""


def _ignore_parameters(context: LayerContext, *names: str) -> None:
    for name in names:
        for kind in ("initializer", "regularizer", "constraint"):
            context.read.ignore(f"{name}_{kind}")


@rule(
    "GroupNormalization",
    variables=scale_and_center,
    outcome=Outcome.LOWERED,
    traits=Traits(masking=Masking.PASSES, input_shapes=normalized_shapes),
    support=Support(
        lowered="Reshape, LayerNormalization, DepthwiseConv2D",
        companion="several unknown sizes",
        training="an unknown size",
    ),
)
def group_normalization(context: LayerContext) -> TfjsLayer:
    """Each group of channels is normalized by itself, over all other axes but the batch.

    If the input is integers, Keras turns the output into integers since 3.7. Before, it did so with
    the weights.
    """
    read, is_rounded = context.read, rounds(context, since=(3, 7))
    if rounds(context) and not is_rounded:
        context = replace(context, weights=dict(map(_cut_off, context.weights.items())))
    if context.layer.generation < 3:
        context.no_mask()
    read.boolean("center", True)
    read.boolean("scale", True)
    _ignore_parameters(context, "gamma", "beta")
    (axis,) = counted_axes(read.integer("axis", -1), rank_of(context))
    groups, epsilon = read.integer("groups", 32), read.number("epsilon", 0.001)
    arguments = {
        "axis": axis,
        "groups": groups,
        "epsilon": epsilon,
        "rounds": is_rounded,
    }

    def lower(low: Lowering) -> Tensor:
        (x,) = low.inputs
        made = on_rows(low, x, (axis,), lambda rows: _grouped(low, context, rows, groups, epsilon))
        return truncated(low, made) if is_rounded else made

    return lower_or_companion(context, lower, "GroupNormalization", arguments)


def _cut_off(item: tuple[str, TensorSource]) -> tuple[str, TensorSource]:
    """Return a weight without the fractions of its numbers."""
    name, source = item
    return name, computed_source(np.trunc, source, shape=source.shape)


def _grouped(
    low: Lowering, context: LayerContext, x: Tensor, groups: int, epsilon: float
) -> Tensor:
    """Normalize shape ``(batch, ..., channels)``."""
    others = x.shape[1:-1]
    if others.count(None) > 1:
        raise UnknownShapeError("several sizes of its input are not known")
    channels = Rows(x.shape, (len(x.shape) - 1,)).size
    groups = channels if groups == -1 else groups
    parts = low.reshape(x, (known_product(others), groups, channels // groups))
    made = low.reshape(_normalized(low, parts, (1, 3), epsilon), x.shape[1:])
    gamma, beta = context.weights.get("gamma"), context.weights.get("beta")
    return made if gamma is None and beta is None else low.affine(made, gamma, beta)


def _scale(_config: Mapping[str, Json]) -> tuple[Variable, ...]:
    return (Variable(name="scale"),)


@rule(
    "RMSNormalization",
    variables=_scale,
    outcome=Outcome.LOWERED,
    support=Support(
        lowered="Concatenate, LayerNormalization, Cropping2D, DepthwiseConv2D",
        companion="several unknown sizes",
    ),
)
def rms_normalization(context: LayerContext) -> TfjsLayer:
    """``x / sqrt(mean(x^2) + epsilon) * scale`` over one axis or several.

    `scale` broadcasts along the last axes, whichever axes are normalized. If the input is integers,
    Keras turns the output into integers too since 3.11; before, `scale` and `epsilon`.
    """
    is_rounded = rounds(context, since=(3, 11))
    axes = counted_axes(context.read.take("axis", -1), rank_of(context))
    epsilon = context.read.number("epsilon", 1e-6)
    if rounds(context) and not is_rounded:
        context = replace(context, weights=dict(map(_cut_off, context.weights.items())))
        epsilon = math.trunc(epsilon)

    def lower(low: Lowering) -> Tensor:
        (x,) = low.inputs
        last = tuple(range(len(x.shape) - len(axes), len(x.shape)))
        if [x.shape[axis] for axis in axes] != [x.shape[axis] for axis in last]:
            raise UnknownShapeError("its scale has another shape than the last axes")
        scale = reshaped_source(context.weights["scale"], (Rows(x.shape, last).size,))
        made = on_rows(low, x, axes, lambda rows: by_root_mean_square(low, rows, epsilon))
        made = on_rows(low, made, last, lambda rows: low.affine(rows, scale, None))
        return truncated(low, made) if is_rounded else made

    arguments = {"axes": list(axes), "epsilon": epsilon, "rounds": is_rounded}
    return lower_or_companion(context, lower, "RMSNormalization", arguments)


def by_root_mean_square(low: Lowering, x: Tensor, epsilon: float) -> Tensor:
    """Return ``x / sqrt(mean(x^2) + epsilon)`` with the mean over the last axis.

    Raises
    ------
    UnknownShapeError
        The size of the last axis, or more than one other size, is not known.
    """
    last = len(x.shape) - 1
    if x.shape[1:].count(None) > 1:
        raise UnknownShapeError("several sizes of its input are not known")
    size = Rows(x.shape, (last,)).size
    both = low.concatenate([x, low.rescale(x, -1.0)], last)
    return low.slice(_normalized(low, both, (last,), epsilon), last, 0, size)


def _normalized(low: Lowering, x: Tensor, axes: tuple[int, ...], epsilon: float) -> Tensor:
    """Return `x` with a mean of zero and a variance of one over `axes`.

    Without a scale and an offset, TF.js's op (``ops/batchnorm.ts``) has no gradient. So there are
    ones and zeros where sizes are known.
    """
    sizes = [size for axis in axes if (size := x.shape[axis]) is not None]
    known = len(sizes) == len(axes)
    constants = {"gamma": constant(np.ones(sizes)), "beta": constant(np.zeros(sizes))}
    return low.layer(
        "LayerNormalization",
        {"axis": list(axes), "epsilon": epsilon, "scale": known, "center": known},
        x,
        weights=constants if known else None,
        trainable=False,
        shape=x.shape,
    )


@rule(
    "UnitNormalization",
    outcome=Outcome.LOWERED,
    traits=Traits(masking=Masking.PASSES),
    support=Support(
        lowered="Concatenate, LayerNormalization, Cropping2D, Rescaling",
        companion="several unknown sizes",
    ),
)
def unit_normalization(context: LayerContext) -> TfjsLayer:
    """``x / sqrt(sum(x^2))`` over one axis or several."""
    axes = counted_axes(context.read.take("axis", -1), rank_of(context))

    def lower(low: Lowering) -> Tensor:
        return of_unit_length(low, low.inputs[0], axes)

    smallest = _TINY if context.layer.generation >= 3 else 1e-12
    arguments = {"axes": list(axes), "smallest": smallest}
    return lower_or_companion(context, lower, "UnitNormalization", arguments)


def of_unit_length(low: Lowering, x: Tensor, axes: Sequence[int]) -> Tensor:
    """Return ``x / sqrt(sum(x^2))`` with the sum over `axes`; zeros stay zeros.

    Raises
    ------
    UnknownShapeError
        The batch is among the axes, or sizes that are needed are not known.
    """
    size = Rows(x.shape, tuple(axes)).size

    def scaled(rows: Tensor) -> Tensor:
        return low.rescale(by_root_mean_square(low, rows, _TINY / size), size**-0.5)

    return on_rows(low, x, axes, scaled)


def _inner(_layer: KerasLayer, _inputs: Shapes, inner: tuple[Shapes, ...]) -> Shapes:
    return inner[0]


@rule(
    "SpectralNormalization",
    variables=lambda _config: (
        Variable(name="kernel"),
        Variable(name="vector_u", trainable=False),
    ),
    shape=_inner,
    outcome=Outcome.LOWERED,
    traits=Traits(attributes=("layer",)),
    support=Support(
        lowered="the layer inside of it: only training normalizes its kernel",
        companion="integers in Keras 3",
    ),
)
def spectral_normalization(context: LayerContext) -> TfjsLayer:
    """The saved kernel was normalized by the last training step.

    Keras 3 turns the output into the dtype of the input.
    """
    context.read.ignore("power_iterations")
    if context.keywords.always_trains():
        hint = "Call it without training=True."
        context.problem("unsupported-call", "It changes its kernel at every prediction.", hint)
    (inner,) = context.layer.children
    if not rounds(context):
        return context.translate_child(inner, context.name, context.scope)
    low = Lowering(context)
    name = low.fresh_name(inner.class_name.lower())
    (shape,) = common_shapes(context.results)
    made = low.translated(context.translate_child(inner, name, name), *low.inputs, shape=shape)
    return low.model(truncated(low, made))


@rule(
    "LayerScale",
    variables=lambda _config: (Variable(name="gamma"),),
    outcome=Outcome.LOWERED,
    support=Support(lowered="DepthwiseConv2D", companion="several unknown sizes"),
)
def layer_scale(context: LayerContext) -> TfjsLayer:
    """``x * gamma``; used in ConvNeXt (``keras/src/applications/convnext.py``)."""
    context.read.ignore("init_values", "projection_dim")

    def lower(low: Lowering) -> Tensor:
        return low.affine(low.inputs[0], context.weights["gamma"], None)

    return lower_or_companion(context, lower, "LayerScale", {})


@rule(
    "StochasticDepth",
    outcome=Outcome.LOWERED,
    support=Support(lowered="Activation('linear')"),
)
def stochastic_depth(context: LayerContext) -> TfjsLayer:
    """Returns its input at inference; used in ConvNeXt."""
    context.read.ignore("drop_path_rate")
    return unchanged(context)


@rule(
    "CustomScaleLayer",
    outcome=Outcome.LOWERED,
    support=Support(lowered="Rescaling, Add"),
)
def custom_scale(context: LayerContext) -> TfjsLayer:
    """``x + scale * y`` (``keras/src/applications/inception_resnet_v2.py``)."""
    scale = context.read.number("scale")
    low = Lowering(context)
    x, y = low.inputs
    return low.model(low.add(x, low.rescale(y, scale)))
