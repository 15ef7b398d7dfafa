"""Layers that merge several inputs (``tfjs-layers/src/layers/merge.ts``)."""

from __future__ import annotations

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.model import KerasLayer
from tfjs_serve.conversion.registry import Masking, rule


def _largest(_layer: KerasLayer, inputs: tuple[int, ...], _inner: tuple[int, ...]) -> int:
    return max(inputs)


def _product(_layer: KerasLayer, inputs: tuple[int, ...], _inner: tuple[int, ...]) -> int:
    return max(2, sum(inputs) - 3)


def _elementwise(class_name: str) -> None:
    @rule(class_name, rank=_largest, masking=Masking.PASSES)
    def translate(context: LayerContext) -> TfjsLayer:
        return context.native(class_name, {})


for _class_name in ("Add", "Average", "Maximum", "Minimum", "Multiply"):
    _elementwise(_class_name)


@rule("Concatenate", masking=Masking.PASSES)
def concatenate(context: LayerContext) -> TfjsLayer:
    """``axis`` counts the batch axis in both; TF.js takes every negative one for the last."""
    axis = context.read.integer("axis", -1)
    if axis < -1:
        axis += context.one_rank() or 0
    return context.native("Concatenate", {"axis": axis})


@rule("Dot", rank=_product, notes="inputs of two or three axes")
def dot(context: LayerContext) -> TfjsLayer:
    """``axes`` is one number or a pair, counting the batch axis.

    TF.js reads a pair as it is, so negative axes are counted from the front here.
    """
    read = context.read
    axes = read.integers("axes", 2)
    context.at_most_axes(3)
    if context.one_rank() is not None:
        ranks = [fact.rank or 0 for fact in context.calls[0]]
        axes = [axis % rank for axis, rank in zip(axes, ranks, strict=False) if rank]
    return context.native("Dot", {"axes": axes, "normalize": read.boolean("normalize", False)})
