"""Steps of an axis: picked one by one or in runs, repeated, surrounded by zeros.

Cropping2D, MaxPooling2D, Concatenate, UpSampling2D and ZeroPadding2D do it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from tfjs_serve.conversion.model.shapes import known_product
from tfjs_serve.conversion.operations.lowering import NotLoweredError
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor

_MOST_RUNS = 64
_WIDEST_CHOICE = 64
_LONGEST = 1 << 20
"""More steps than any axis has."""


def picked(low: Lowering, x: Tensor, axis: int, steps: Sequence[int]) -> Tensor:
    """Return some steps of an axis, in a given order.

    Parameters
    ----------
    x
        A tensor with a batch axis.
    axis
        Any axis but the batch axis, which is counted.
    steps
        Which steps, from 0 on; they may repeat.

    Raises
    ------
    NotLoweredError
        The size of the axis is not known, `steps` is empty, or it takes too many layers.
    UnknownShapeError
        Several other sizes are not known.
    """
    size = x.shape[axis]
    if size is None or not len(steps):
        raise NotLoweredError("a size is not known, or nothing is left")
    if list(steps) == list(range(size)):
        return low.activation(x, "linear")
    if x.shape[1:].count(None) > 1:
        return _chosen(low, x, axis, steps)
    strided = _strided(low, x, axis, steps)
    if strided is not None:
        return strided
    runs = _runs(steps)
    if len(runs) > _MOST_RUNS:
        raise NotLoweredError("it takes too many layers")
    parts = [low.slice(x, axis, start, length) for start, length in runs]
    return low.concatenate(parts, axis)


def first(low: Lowering, x: Tensor, axis: int) -> Tensor:
    """Return the first step of an axis whose length need not be known.

    Pooling with strides that are longer than any axis takes the first step only.

    Parameters
    ----------
    x
        A tensor with a batch axis.
    axis
        Any axis but the batch axis, which is counted.

    Raises
    ------
    UnknownShapeError
        Another size is not known either.
    """
    before, after = known_product(x.shape[1:axis]), known_product(x.shape[axis + 1 :])
    flat = low.reshape(x, (before, None, after))
    config = {
        "pool_size": [1, 1],
        "strides": [1, _LONGEST],
        "padding": "valid",
        "data_format": "channels_last",
    }
    made = low.layer("MaxPooling2D", config, flat, shape=(x.shape[0], before, 1, after))
    return low.reshape(made, (*x.shape[1:axis], 1, *x.shape[axis + 1 :]))


def _chosen(low: Lowering, x: Tensor, axis: int, steps: Sequence[int]) -> Tensor:
    """Pick steps of the last axis by a matrix of ones and zeros, which needs no other size."""
    size = x.shape[axis]
    if axis != len(x.shape) - 1 or size is None or max(size, len(steps)) > _WIDEST_CHOICE:
        raise NotLoweredError("several sizes are not known")
    return low.dense(x, np.arange(size)[:, None] == np.asarray(steps)[None, :])


def _runs(steps: Sequence[int]) -> list[tuple[int, int]]:
    """Return the start and the length of each run of consecutive steps."""
    keyed = enumerate(steps)
    groups = [list(group) for _, group in groupby(keyed, lambda pair: pair[1] - pair[0])]
    return [(group[0][1], len(group)) for group in groups]


def _strided(low: Lowering, x: Tensor, axis: int, steps: Sequence[int]) -> Tensor | None:
    """Return steps at equal distances, by pooling with strides; ``None`` if they are not."""
    gaps = set(np.diff(steps).tolist())
    if len(steps) < 2 or len(gaps) != 1 or (gap := gaps.pop()) < 2:
        return None
    cut = low.slice(x, axis, steps[0], steps[-1] - steps[0] + 1)
    before, after = known_product(x.shape[1:axis]), known_product(x.shape[axis + 1 :])
    flat = low.reshape(cut, (before, cut.shape[axis], after))
    config = {
        "pool_size": [1, 1],
        "strides": [1, gap],
        "padding": "valid",
        "data_format": "channels_last",
    }
    made = low.layer("MaxPooling2D", config, flat, shape=(x.shape[0], before, len(steps), after))
    return low.reshape(made, (*x.shape[1:axis], len(steps), *x.shape[axis + 1 :]))


def repeated(low: Lowering, x: Tensor, axis: int, count: int) -> Tensor:
    """Return `count` copies of `x`, one after another.

    Parameters
    ----------
    x
        A tensor with a batch axis.
    axis
        The axis along which they follow each other; not the batch axis, which is counted.

    Raises
    ------
    NotLoweredError
        It takes too many layers.
    UnknownShapeError
        Several sizes are not known.
    """
    if count > _MOST_RUNS and x.shape[axis] != 1:
        raise NotLoweredError("it takes too many layers")
    if x.shape[axis] != 1:
        return low.concatenate([x] * count, axis)
    before, after = known_product(x.shape[1:axis]), known_product(x.shape[axis + 1 :])
    flat = low.reshape(x, (before, 1, after))
    config = {
        "size": [1, count],
        "data_format": "channels_last",
        "interpolation": "nearest",
    }
    made = low.layer("UpSampling2D", config, flat, shape=(x.shape[0], before, count, after))
    return low.reshape(made, (*x.shape[1:axis], count, *x.shape[axis + 1 :]))


def zero_padded(low: Lowering, x: Tensor, pairs: Sequence[Sequence[int]]) -> Tensor:
    """Return `x` with zeros around it.

    Parameters
    ----------
    x
        A tensor with a batch axis.
    pairs
        How many zeros lie before and after, for each axis; none for the batch axis.

    Raises
    ------
    UnknownShapeError
        Several sizes are not known.
    """
    padded = [axis for axis, pair in enumerate(pairs) if any(pair)]
    if len(x.shape) == 4 and set(padded) <= {1, 2}:
        return low.pad_image(x, [pairs[1], pairs[2]])
    for axis in padded:
        before, after = known_product(x.shape[1:axis]), known_product(x.shape[axis + 1 :])
        size = x.shape[axis]
        flat = low.reshape(x, (before, size, after))
        made = low.pad_image(flat, [(0, 0), pairs[axis]])
        grown = None if size is None else size + sum(pairs[axis])
        x = low.reshape(made, (*x.shape[1:axis], grown, *x.shape[axis + 1 :]))
    return low.activation(x, "linear") if x in low.inputs else x
