"""Axes and shapes as specifications of many families need them."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape, Size
from tfjs_serve.conversion.operations.operand import Operand


def like(x: Operand, shape: Sequence[Size]) -> Operand:
    """Return an operand of another shape."""
    return Operand(shape=tuple(shape), dtype=x.dtype)


def numbers(value: Json) -> list[Json]:
    """Return a list; one number stands for a list of it."""
    return list(value) if isinstance(value, list | tuple) else [value]


def unknown_sizes(shape: Operand) -> Shape:
    """Return as many unknown sizes as a vector that is a shape has."""
    (count,) = shape.shape
    if count is None:
        raise ValueError("the number of axes is not known")
    return (None,) * count


def axes_of(axis: Json, rank: int) -> list[int]:
    """Return axes counted from the front; ``None`` means all."""
    if axis is None:
        return list(range(rank))
    axes = axis if isinstance(axis, list | tuple) else [axis]
    if any(not -rank <= item < rank for item in axes):
        raise ValueError(f"axis {axis} of {rank} axes")
    return [item % rank for item in axes]


def reduced(shape: Shape, axis: Json = None, keepdims: bool = False) -> Shape:
    """Return the shape without some axes, or with ones in their places; ``None`` means all."""
    axes = axes_of(axis, len(shape))
    if keepdims:
        return tuple(1 if index in axes else size for index, size in enumerate(shape))
    return tuple(size for index, size in enumerate(shape) if index not in axes)
