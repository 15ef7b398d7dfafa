"""Axes and shapes, for specifications of all families."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape, Size
from tfjs_serve.conversion.operations.operand import Operand


def like(x: Operand, shape: Sequence[Size]) -> Operand:
    """Return an operand of the dtype of `x` and another shape."""
    return Operand(shape=tuple(shape), dtype=x.dtype)


def numbers(value: Json) -> list[Json]:
    """Return an argument that is a list, or one number that stands for a list of it."""
    return list(value) if isinstance(value, list | tuple) else [value]


def unknown_sizes(shape: Operand) -> Shape:
    """Return the unknown sizes for a shape that is a tensor itself.

    Raises
    ------
    ValueError
        The number of axes is not known, or `shape` is no vector.
    """
    (count,) = shape.shape
    if count is None:
        raise ValueError("the number of axes is not known")
    return (None,) * count


def axes_of(axis: Json, rank: int) -> list[int]:
    """Return axes as they are counted from the front.

    Parameters
    ----------
    axis
        One axis or several, counted from the front or the end; ``None`` means all.

    Raises
    ------
    ValueError
        There is no such axis.
    """
    if axis is None:
        return list(range(rank))
    axes = axis if isinstance(axis, list | tuple) else [axis]
    if any(not -rank <= item < rank for item in axes):
        raise ValueError(f"axis {axis} of {rank} axes")
    return [item % rank for item in axes]


def reduced(shape: Shape, axis: Json = None, keepdims: bool = False) -> Shape:
    """Return the shape that is left when some axes are reduced.

    Parameters
    ----------
    shape
        With the batch axis.
    axis
        See :func:`axes_of`.
    keepdims
        Whether the axes stay, with the size 1.

    Raises
    ------
    ValueError
        There is no such axis.
    """
    axes = axes_of(axis, len(shape))
    if keepdims:
        return tuple(1 if index in axes else size for index, size in enumerate(shape))
    return tuple(size for index, size in enumerate(shape) if index not in axes)
