"""Batch and layer normalization (``tfjs-layers/src/layers/normalization.ts``)."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.model import Json, Variable
from tfjs_serve.conversion.objects import parameter
from tfjs_serve.conversion.registry import Masking, rule


def _scale_and_center(config: Mapping[str, Json]) -> tuple[Variable, ...]:
    flags = (("gamma", "scale"), ("beta", "center"))
    if config.get("rms_scaling"):
        return (Variable(name="gamma"),)
    return tuple(Variable(name=name) for name, flag in flags if config.get(flag) is not False)


def _batch_variables(config: Mapping[str, Json]) -> tuple[Variable, ...]:
    return (
        *_scale_and_center(config),
        Variable(name="moving_mean", trainable=False),
        Variable(name="moving_variance", trainable=False),
    )


@rule(
    "BatchNormalization",
    variables=_batch_variables,
    masking=Masking.PASSES,
    notes="the last axis, inputs of two to four axes",
)
def batch_normalization(context: LayerContext) -> TfjsLayer:
    """Normalizes with the moving statistics; TF.js gets axes other than the last wrong.

    Keras 2 writes the axis as a list that counts from the front.
    """
    read = context.read
    axis = read.take("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    context.last_axis_only(axis)
    context.at_most_axes(4)
    read.only("renorm", False, hint="Use renorm=False.")
    read.only("virtual_batch_size", hint="Leave virtual_batch_size out.")
    read.ignore("renorm_clipping", "renorm_momentum", "synchronized", "fused")
    read.ignore("adjustment")
    return context.native(
        "BatchNormalization",
        {
            "axis": -1,
            "momentum": read.number("momentum", 0.99),
            "epsilon": read.number("epsilon", 0.001),
            "center": read.boolean("center", True),
            "scale": read.boolean("scale", True),
            **parameter(context, "gamma"),
            **parameter(context, "beta"),
            **parameter(context, "moving_mean", regularizer=False),
            **parameter(context, "moving_variance", regularizer=False),
        },
    )


@rule(
    "LayerNormalization",
    variables=_scale_and_center,
    masking=Masking.PASSES,
    notes="inputs of two to four axes",
)
def layer_normalization(context: LayerContext) -> TfjsLayer:
    """Normalizes over ``axis``, which is one axis or several.

    TF.js's op for batch normalization does the scaling, so its limit of four axes holds here.
    """
    read = context.read
    context.at_most_axes(4)
    context.one_rank()
    if context.layer.generation >= 3:
        context.no_whole_numbers()
    read.only("rms_scaling", False, hint="Use rms_scaling=False.")
    return context.native(
        "LayerNormalization",
        {
            "axis": read.take("axis", -1),
            "epsilon": read.number("epsilon", 0.001),
            "center": read.boolean("center", True),
            "scale": read.boolean("scale", True),
            **parameter(context, "gamma"),
            **parameter(context, "beta"),
        },
    )
