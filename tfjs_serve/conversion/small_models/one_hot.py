"""One-hot encoding of integers, and what Keras counts with it, by layers that TF.js has.

The column of a value `v` is ``relu(min(1 - (x - v), 1 + (x - v)))``: 1 if ``x == v``, and 0 for all
other integers. This is exact up to 2^24. A number without a column has zeros only, as in Keras.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfjs_serve.conversion.model.sources import Array
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError

MOST_COLUMNS = 4096
"""For more columns, a companion is faster."""
LARGEST = 1 << 24
"""From here on, float32 does not have every integer."""


def columns(low: Lowering, x: Tensor, values: Sequence[int | None]) -> Tensor:
    """Return the columns of `values`.

    Parameters
    ----------
    x
        Integers, of shape ``(batch, ..., 1)``.
    values
        The value of each column; ``None`` for a column of zeros.

    Returns
    -------
    Tensor
        Zeros and ones, of shape ``(batch, ..., columns)``.
    """
    known = np.array([value is not None for value in values], np.float64)
    numbers = np.array([value or 0 for value in values], np.float64)
    # A column of zeros is min(-1, -1).
    below = line(low, x, known, (1 - numbers) * known - (1 - known))
    above = line(low, x, -known, (1 + numbers) * known - (1 - known))
    return low.activation(low.merge("Minimum", below, above), "relu")


def line(low: Lowering, x: Tensor, slopes: Array, offsets: Array) -> Tensor:
    """Return ``x * slopes + offsets``, of shape ``(batch, ..., columns)``.

    Parameters
    ----------
    x
        Of shape ``(batch, ..., 1)``.
    slopes, offsets
        Of shape ``(columns,)``.
    """
    return low.dense(x, slopes[None, :], offsets)


def as_column(low: Lowering, x: Tensor) -> Tensor:
    """Return `x` with a last axis of size 1, unless it has one.

    Raises
    ------
    UnknownShapeError
        Several sizes of `x` are not known.
    """
    return x if x.shape[-1] == 1 and len(x.shape) > 1 else low.reshape(x, (*x.shape[1:], 1))


def encoded(
    low: Lowering, hot: Tensor, shape: Sequence[int | None], mode: str, weights: Tensor | None
) -> Tensor:
    """Return the columns of numbers as an output mode of Keras puts them together.

    Parameters
    ----------
    hot
        The columns: shape ``(*shape, columns)``, without the last axis of `shape` if its size is 1.
    shape
        The shape of the numbers, counting the batch axis.
    mode
        ``"one_hot"``, ``"multi_hot"`` or ``"count"``.
    weights
        How much each number counts, of shape `shape`. ``None``: each counts once.

    Raises
    ------
    UnknownShapeError
        The mode is not ``"one_hot"``, and the numbers have more than two axes or unknown sizes.
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
