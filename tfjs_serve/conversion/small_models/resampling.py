"""Resizing of images by layers that TF.js has: a product with a matrix along each axis.

TF.js's own resizing samples at the corners of pixels and has two methods; see ``interpolation.py``
for what Keras does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tfjs_serve.conversion.model.sources import Array
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor

Resample = Callable[[int, int], Array]
"""From the size of an axis and its new size to the matrix, of shape ``(size, new size)``."""

LARGEST_MATRIX = 1 << 19
"""Most numbers in one matrix: 2 MB in the model. A companion makes larger ones in the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisMap:
    """How one axis of an image is resized.

    Attributes
    ----------
    matrix
        Shape ``(size, target)``: the share of each input pixel in each output pixel.
    border
        Shape ``(target,)``: the share of the border in each output pixel.
    """

    matrix: Array
    border: Array

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        size, target = self.matrix.shape
        return size == target and np.array_equal(self.matrix, np.eye(size))


def stretched(size: int, target: int, resample: Resample) -> AxisMap:
    """Return the map of a whole axis to another size.

    Parameters
    ----------
    size, target
        Sizes of the axis before and after.
    resample
        Returns the matrix.
    """
    return AxisMap(matrix=resample(size, target), border=np.zeros(target))


def cut(size: int, start: int, length: int, target: int, resample: Resample) -> AxisMap:
    """Return the map of a part of an axis to another size.

    Parameters
    ----------
    size
        Size of the whole axis.
    start, length
        The first pixel of the part, and how many it has.
    target
        Size of the axis afterwards.
    resample
        Returns the matrix for the part.
    """
    matrix = np.zeros((size, target))
    matrix[start : start + length] = resample(length, target)
    return AxisMap(matrix=matrix, border=np.zeros(target))


def _framed(size: int, margin: int, target: int, resample: Resample) -> AxisMap:
    """Return the map of an axis with `margin` pixels of border at both of its ends."""
    whole = resample(size + 2 * margin, target)
    inner = whole[margin : margin + size]
    return AxisMap(matrix=inner, border=whole.sum(axis=0) - inner.sum(axis=0))


def fitted(
    sizes: Sequence[int], targets: Sequence[int], fit: str, resample: Resample
) -> list[AxisMap]:
    """Return the maps of rows and columns.

    Parameters
    ----------
    sizes, targets
        Rows and columns before and after.
    fit
        ``"crop"`` takes the largest part in the middle that has the proportions of the result,
        ``"pad"`` adds a border that gives the image these proportions, and anything else does
        neither (``resize`` in ``keras/src/backend/numpy/image.py``).
    resample
        Returns the matrix for an axis.
    """
    (height, width), (rows, columns) = sizes, targets
    # Rows that have the proportions of the result at full width, and columns at full height.
    wanted = (int(width * rows / columns), int(height * columns / rows))
    maps = []
    for size, target, fitting in zip(sizes, targets, wanted, strict=True):
        if fit == "crop":
            length = max(min(size, fitting), 1)
            maps.append(cut(size, (size - length) // 2, length, target, resample))
        elif fit == "pad":
            maps.append(_framed(size, (max(size, fitting) - size) // 2, target, resample))
        else:
            maps.append(stretched(size, target, resample))
    return maps


def resampled(
    low: Lowering, x: Tensor, axes: Sequence[int], maps: Sequence[AxisMap], fill: float = 0.0
) -> Tensor:
    """Return `x` resized along some of its axes.

    The product with a matrix is a Dense. Axes are permuted only if the next product needs it.

    Parameters
    ----------
    x
        A tensor of two or more axes.
    axes
        The axes to resize, counting the batch axis.
    maps
        One for each of them.
    fill
        The value of the border.
    """
    order = list(range(len(x.shape)))
    # The last axis first, because it needs no permutation.
    for axis, change in sorted(zip(axes, maps, strict=True), key=_axis, reverse=True):
        if not change.is_identity:
            x, order = _with_last(low, x, order, axis)
            border = fill * change.border
            x = low.dense(x, change.matrix, border if np.any(border) else None)
    return _permuted(low, x, order, sorted(order))


def _axis(step: tuple[int, AxisMap]) -> int:
    return step[0]


def _with_last(low: Lowering, x: Tensor, order: list[int], axis: int) -> tuple[Tensor, list[int]]:
    wanted = [*(other for other in order if other != axis), axis]
    return _permuted(low, x, order, wanted), wanted


def _permuted(low: Lowering, x: Tensor, order: list[int], wanted: list[int]) -> Tensor:
    """Return `x`, whose axes are in the given order, with them in another one."""
    return x if wanted == order else low.permute(x, [order.index(axis) for axis in wanted])
