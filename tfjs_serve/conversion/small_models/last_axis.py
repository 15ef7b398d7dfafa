"""Computes along any axes: they are moved to the end and joined, as some TF.js layers need it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape, known_product
from tfjs_serve.conversion.rules.context import LayerContext
from tfjs_serve.conversion.small_models.arithmetic import (
    Lowering,
    Tensor,
    UnknownShapeError,
    known_sizes,
)

_MOST_AXES = 4
"""Most of TF.js's operations do not take more."""


@dataclass(frozen=True, slots=True)
class Rows:
    """How a tensor becomes rows.

    Attributes
    ----------
    shape
        The shape of the tensor, counting the batch axis.
    axes
        The axes that make up a row, counted from the front, in ascending order.
    """

    shape: Shape
    axes: tuple[int, ...]

    @property
    def size(self) -> int:
        """The length of a row.

        Raises
        ------
        UnknownShapeError
            A size along the axes is not known.
        """
        return math.prod(known_sizes([self.shape[axis] for axis in self.axes]))

    @property
    def order(self) -> list[int]:
        """The permutation that moves the axes of a row to the end; the batch axis stays first."""
        return [*(axis for axis in range(len(self.shape)) if axis not in self.axes), *self.axes]


def counted_axes(axis: Json, rank: int) -> tuple[int, ...]:
    """Return one axis or several of a tensor of `rank` axes, counted from the front, ascending."""
    axes = axis if isinstance(axis, list) else [axis]
    return tuple(sorted(each + rank if each < 0 else each for each in axes))


def on_rows(
    low: Lowering, x: Tensor, axes: Sequence[int], compute: Callable[[Tensor], Tensor]
) -> Tensor:
    """Return a tensor of the shape of `x` whose rows along `axes` are computed from those of `x`.

    Parameters
    ----------
    x
        A tensor of two or more axes.
    axes
        The axes that make up a row, counted from the front, in ascending order.
    compute
        Gets a tensor of two to four axes, the last of which is the row; returns one of the same
        shape.

    Raises
    ------
    UnknownShapeError
        The batch axis is among `axes`, or sizes are not known that joining the axes needs.
    """
    rows = Rows(x.shape, tuple(axes))
    if 0 in rows.axes:
        raise UnknownShapeError("the size of the batch is not known")
    order = rows.order
    in_place = order == sorted(order)
    moved = x if in_place else low.permute(x, order)
    made = _as_one_axis(low, moved, rows, compute)
    return (
        made if in_place else low.permute(made, [order.index(axis) for axis in range(len(order))])
    )


def _as_one_axis(
    low: Lowering, x: Tensor, rows: Rows, compute: Callable[[Tensor], Tensor]
) -> Tensor:
    if len(rows.axes) == 1 and len(x.shape) <= _MOST_AXES:
        return compute(x)
    others = x.shape[1 : len(x.shape) - len(rows.axes)]
    target = (known_product(others), rows.size) if others else (rows.size,)
    if others.count(None) > 1:
        raise UnknownShapeError("several sizes of its input are not known")
    return low.reshape(compute(low.reshape(x, target)), x.shape[1:])


def rank_of(context: LayerContext) -> int:
    """Return the number of axes of the first input, counting the batch axis.

    Raises
    ------
    UnknownShapeError
        It is not known, or not the same in all calls.
    """
    ranks = set(context.ranks)
    if len(ranks) != 1:
        raise UnknownShapeError("the number of axes of its input is not known")
    return ranks.pop()
