"""Layers that merge several inputs (``tfjs-layers/src/layers/merge.ts``)."""

from __future__ import annotations

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.model import KerasLayer
from tfjs_serve.conversion.registry import Masking, rule
from tfjs_serve.conversion.shapes import Shapes, broadcast, pair


def _broadcast(_layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    return (broadcast(inputs),)


def _joined(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    axis = layer.config.get("axis", -1) % len(inputs[0])
    sizes = [shape[axis] for shape in inputs]
    known = [size for size in sizes if size is not None]
    joined = sum(known) if len(known) == len(sizes) else None
    return ((*inputs[0][:axis], joined, *inputs[0][axis + 1 :]),)


def _product(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    axes = pair(layer.config["axes"], 2)
    left, right = (
        [size for index, size in enumerate(shape) if index not in (0, axis % len(shape))]
        for shape, axis in zip(inputs, axes, strict=True)
    )
    return ((inputs[0][0], *(left + right or [1])),)


def _several_inputs(context: LayerContext) -> None:
    """Report a merge of one tensor, which Keras hands on and TF.js refuses."""
    if any(len(call) < 2 for call in context.calls):
        context.problem(
            "unsupported-call",
            f"TensorFlow.js's {context.layer.class_name} takes at least two inputs, but gets one.",
            "Leave the layer out.",
        )


def _elementwise(class_name: str) -> None:
    @rule(class_name, shape=_broadcast, masking=Masking.PASSES)
    def translate(context: LayerContext) -> TfjsLayer:
        _several_inputs(context)
        return context.native(class_name, {})


for _class_name in ("Add", "Average", "Maximum", "Minimum", "Multiply"):
    _elementwise(_class_name)


@rule("Concatenate", shape=_joined, masking=Masking.PASSES)
def concatenate(context: LayerContext) -> TfjsLayer:
    """``axis`` counts the batch axis in both; TF.js takes every negative one for the last."""
    _several_inputs(context)
    axis = context.read.integer("axis", -1)
    if axis < -1:
        axis += context.one_rank() or 0
    return context.native("Concatenate", {"axis": axis})


@rule("Dot", shape=_product, notes="inputs of two or three axes")
def dot(context: LayerContext) -> TfjsLayer:
    """``axes`` is one number or a pair, counting the batch axis.

    TF.js reads a pair as it is, so negative axes are counted from the front here.
    """
    read = context.read
    axes = read.integers("axes", 2)
    context.at_most_axes(3)
    if context.one_rank() is not None:
        ranks = [len(fact.shape or ()) for fact in context.calls[0]]
        axes = [axis % rank for axis, rank in zip(axes, ranks, strict=False) if rank]
    return context.native("Dot", {"axes": axes, "normalize": read.boolean("normalize", False)})
