"""Layers that merge several inputs (``tfjs-layers/src/layers/merge.ts``)."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.layers.scaling import of_unit_length
from tfjs_serve.conversion.layers.shared.unchanged import unchanged
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.shapes import Shape, Shapes, Size, known_product, pair
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Masking, MaskMerge, MaskUse, Traits
from tfjs_serve.conversion.small_models.arithmetic import (
    Lowering,
    Tensor,
    UnknownShapeError,
    common_shapes,
)
from tfjs_serve.conversion.small_models.integers import (
    check_no_rounding,
    merged,
    narrow_dtype,
    wrapped,
)
from tfjs_serve.conversion.small_models.or_companion import lower_or_companion

_ONE_INPUT = "one input: Activation('linear')"
_OVERFLOW = "integers of 8 and 16 bits, which overflow"
_MASKED = "masks in Keras 3.6 and newer"
_BOUNDED = frozenset({"Maximum", "Minimum"})
"""Layers whose outputs are numbers of their inputs, so that they never overflow."""
_LEAVING_OUT = _BOUNDED | {"Multiply"}
"""Layers that leave masked numbers out from Keras 3.6 on."""


def _broadcast(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    """Return the shape as ``base_merge.py`` does: missing axes are added after the batch axis."""
    inputs = inputs[: len(inputs) // 2] if layer.mask_input else inputs
    batches = {shape[0] for shape in inputs} - {None}
    rank = max(map(len, inputs))
    rests = [(1,) * (rank - len(shape)) + shape[1:] for shape in inputs]
    sizes = tuple(_common(sizes) for sizes in zip(*rests, strict=True))
    return ((batches.pop() if len(batches) == 1 else None, *sizes),)


def _common(sizes: Sequence[Size]) -> Size:
    """Return the size that all broadcast to, ``None`` if one is not known."""
    if None in sizes:
        return None
    return max(sizes, key=lambda size: (size != 1, size or 0))


def _joined(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    return (joined_shape(inputs, layer.config.get("axis", -1)),)


def joined_shape(shapes: Shapes, axis: int) -> Shape:
    """Return the shape of a concatenation along `axis`, which counts the batch axis."""
    axis %= len(shapes[0])
    sizes = [shape[axis] for shape in shapes]
    known = [size for size in sizes if size is not None]
    joined = sum(known) if len(known) == len(sizes) else None
    return (*shapes[0][:axis], joined, *shapes[0][axis + 1 :])


def _product(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    axes = pair(layer.config["axes"], 2)
    left, right = (
        _others(shape, axis % len(shape)) for shape, axis in zip(inputs, axes, strict=True)
    )
    return ((inputs[0][0], *((*left, *right) or (1,))),)


def _others(shape: Shape, axis: int) -> Shape:
    """Return the sizes along all axes but the batch and `axis`."""
    return tuple(size for index, size in enumerate(shape) if index not in (0, axis))


def _same(context: LayerContext) -> TfjsLayer | None:
    """Return a layer that returns its input if all calls have only one, which TF.js refuses."""
    if all(len(call) == 1 for call in context.calls) and context.calls:
        return unchanged(context)
    return None


def _companion(class_name: str) -> str:
    """Return which cases the companion computes, for the support table."""
    overflows = class_name not in _BOUNDED
    replaces = class_name in _LEAVING_OUT
    return "; ".join([_MASKED] * replaces + [_OVERFLOW] * overflows)


def _training(class_name: str) -> str:
    """Return which merges have no gradients in TF.js 4.22, for the support table."""
    if class_name in ("Maximum", "Minimum"):
        return "inputs of different shapes"
    return "masks, where they need layers.js" if class_name in _LEAVING_OUT else ""


def _elementwise(class_name: str) -> None:
    @rule(
        class_name,
        shape=_broadcast,
        traits=Traits(
            dtypes=None if class_name == "Average" else merged,
            any_dtype=True,
            masking=Masking.PASSES,
            mask_use=MaskUse.MERGED if class_name in _LEAVING_OUT else MaskUse.NONE,
            mask_merge=MaskMerge.TOGETHER,
        ),
        support=Support(
            lowered=_ONE_INPUT, companion=_companion(class_name), training=_training(class_name)
        ),
    )
    def translate(context: LayerContext) -> TfjsLayer:
        if context.mask_input:
            return context.companion("MaskedMerge", {"operation": class_name.lower()})
        check_no_rounding(context)
        same, narrow = _same(context), narrow_dtype(context)
        if same is None and narrow is not None and class_name not in _BOUNDED:
            return _overflowing(context, class_name, narrow)
        return same or context.native(class_name, {})


for _class_name in ("Add", "Average", "Maximum", "Minimum", "Multiply"):
    _elementwise(_class_name)


def _overflowing(context: LayerContext, class_name: str, dtype: str) -> TfjsLayer:
    """Merge integers of few bits, two at a time, because sums and products may overflow."""
    low = Lowering(context)
    first, *others = low.inputs
    total = first
    for x in others:
        both = low.multiply(total, x) if class_name == "Multiply" else low.add(total, x)
        total = wrapped(low, both, dtype)
    if class_name == "Average":
        total = low.rescale(total, 1 / len(low.inputs))
    return low.model(total)


@rule(
    "Subtract",
    shape=_broadcast,
    outcome=Outcome.LOWERED,
    traits=Traits(dtypes=merged, any_dtype=True, masking=Masking.PASSES),
    support=Support(lowered="Add after Rescaling(-1)", companion=_OVERFLOW),
)
def subtract(context: LayerContext) -> TfjsLayer:
    """The first input minus the second."""
    check_no_rounding(context)
    low = Lowering(context)
    left, right = low.inputs
    difference, narrow = low.subtract(left, right), narrow_dtype(context)
    return low.model(difference if narrow is None else wrapped(low, difference, narrow))


@rule(
    "Concatenate",
    shape=_joined,
    traits=Traits(
        dtypes=merged,
        any_dtype=True,
        masking=Masking.PASSES,
        mask_merge=MaskMerge.SIDE_BY_SIDE,
    ),
    support=Support(lowered=_ONE_INPUT, companion="sizes known for only some of the inputs"),
)
def concatenate(context: LayerContext) -> TfjsLayer:
    """``axis`` counts the batch axis in Keras and TF.js; TF.js takes any negative one for the last.

    TF.js requires equal sizes along the other axes, and no known size equals an unknown one.
    """
    check_no_rounding(context)
    axis = context.read.integer("axis", -1)
    same = _same(context)
    if same is not None:
        return same
    shapes = common_shapes(context.calls)
    axis %= len(shapes[0])
    if len({(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}) > 1:
        return context.companion("Concatenate", {"axis": axis})
    return context.native("Concatenate", {"axis": axis})


@rule(
    "Dot",
    shape=_product,
    support=Support(
        lowered="`normalize`: Concatenate, LayerNormalization, Cropping2D; four and more axes: "
        "Permute, Reshape",
        companion="several unknown sizes with four and more axes",
    ),
)
def dot(context: LayerContext) -> TfjsLayer:
    """``axes`` is one number or a pair, counting the batch axis.

    TF.js does not accept negative axes in a pair, so they are counted from the front here. When it
    normalizes, it divides by at least 3e-4, far more than Keras.
    """
    normalize = context.read.boolean("normalize", False)
    axes = context.read.integers("axes", 2)
    shapes = common_shapes(context.calls)
    axes = [axis % len(shape) for axis, shape in zip(axes, shapes, strict=True)]
    if not normalize and max(map(len, shapes)) <= 3:
        return context.native("Dot", {"axes": axes, "normalize": False})

    def lower(low: Lowering) -> Tensor:
        factors = [
            of_unit_length(low, x, (axis,)) if normalize else x
            for x, axis in zip(low.inputs, axes, strict=True)
        ]
        return _dot(low, factors, axes)

    smallest = 1e-14 if context.layer.generation >= 3 else 1e-12
    arguments = {"axes": axes, "normalize": normalize, "smallest": smallest}
    return lower_or_companion(context, lower, "Dot", arguments)


def _dot(low: Lowering, factors: Sequence[Tensor], axes: Sequence[int]) -> Tensor:
    """Multiply matrices whose rows run along `axes`; their other axes are merged into one."""
    others = [_others(x.shape, axis) for x, axis in zip(factors, axes, strict=True)]
    if max(len(rest) for rest in others) <= 1:
        shape = (factors[0].shape[0], *((*others[0], *others[1]) or (1,)))
        return low.layer("Dot", {"axes": list(axes), "normalize": False}, *factors, shape=shape)
    if (*others[0], *others[1]).count(None) > 1:
        raise UnknownShapeError("several sizes of its inputs are not known")
    left, right = (
        _matrix(low, x, axis, rest) for x, axis, rest in zip(factors, axes, others, strict=True)
    )
    shape = (left.shape[0], left.shape[1], right.shape[1])
    made = low.layer("Dot", {"axes": [2, 2], "normalize": False}, left, right, shape=shape)
    return low.reshape(made, (*others[0], *others[1]))


def _matrix(low: Lowering, x: Tensor, axis: int, others: Shape) -> Tensor:
    order = [index for index in range(len(x.shape)) if index != axis]
    last = x if axis == len(order) else low.permute(x, [*order, axis])
    return low.reshape(last, (known_product(others), last.shape[-1]))
