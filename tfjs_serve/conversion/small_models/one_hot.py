"""Whole numbers as columns of zeros and ones, by layers of plain TF.js.

A column for `v` is ``relu(min(1 - (x - v), 1 + (x - v)))``: one where ``x == v`` and zero at all
other whole numbers, exact up to 2^24. A number that has no column makes zeros, as in Keras.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfjs_serve.conversion.model.sources import Array
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError

MOST_COLUMNS = 4096
"""A companion looks more of them up faster."""
LARGEST = 1 << 24
"""From here on float32 does not have every whole number."""


def columns(low: Lowering, x: Tensor, values: Sequence[int | None]) -> Tensor:
    """Return a last axis with one column for each of `values`; ``None`` makes one of zeros.

    Parameters
    ----------
    x
        Its last axis must be of size 1, and is replaced.
    """
    known = np.array([value is not None for value in values], np.float64)
    numbers = np.array([value or 0 for value in values], np.float64)
    # A column of zeros is min(-1, -1).
    below = line(low, x, known, (1 - numbers) * known - (1 - known))
    above = line(low, x, -known, (1 + numbers) * known - (1 - known))
    return low.activation(low.merge("Minimum", below, above), "relu")


def line(low: Lowering, x: Tensor, slopes: Array, offsets: Array) -> Tensor:
    """Return ``x * slopes + offsets`` for an `x` whose last axis is of size 1."""
    return low.dense(x, slopes[None, :], offsets)


def as_column(low: Lowering, x: Tensor) -> Tensor:
    """Return `x` with a last axis of size 1, which it may have already."""
    return x if x.shape[-1] == 1 and len(x.shape) > 1 else low.reshape(x, (*x.shape[1:], 1))


def encoded(
    low: Lowering, hot: Tensor, shape: Sequence[int | None], mode: str, weights: Tensor | None
) -> Tensor:
    """Return what an output mode makes of the columns of each number.

    Parameters
    ----------
    hot
        Shape ``(*shape, columns)``, without a last axis of size 1 in `shape`.
    shape
        Of the numbers.
    weights
        How often each number counts.

    Raises
    ------
    UnknownShapeError
        Not for numbers of this shape.
    """
    if mode == "one_hot":
        return hot
    if len(shape) != 2:
        raise UnknownShapeError("it counts numbers of more than one axis")
    if weights is not None:
        count = low.reshape(weights, (*shape[1:], 1))
        spread = hot if shape[1] != 1 else low.reshape(hot, (1, hot.shape[-1]))
        return _sum(low, low.multiply(spread, count))
    if shape[1] == 1:
        return hot
    if mode == "multi_hot":
        result = (hot.shape[0], hot.shape[-1])
        return low.layer("GlobalMaxPooling1D", {}, hot, shape=result)
    return _sum(low, hot)


def _sum(low: Lowering, hot: Tensor) -> Tensor:
    """Return the sums over the second axis."""
    steps = hot.shape[1]
    if steps is None:
        raise UnknownShapeError("the number of steps is not known")
    turned = low.permute(hot, (0, 2, 1))
    return low.reshape(low.dense(turned, np.ones((steps, 1))), (hot.shape[-1],))
