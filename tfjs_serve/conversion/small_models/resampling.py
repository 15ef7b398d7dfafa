"""Images of another size, by layers of plain TF.js: a product with a matrix along each axis.

TF.js's own resizing samples at the corners of pixels and knows two methods; see `interpolation`
for what Keras samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tfjs_serve.conversion.model.sources import Array
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor

Resample = Callable[[int, int], Array]
"""From the size of an axis and the size that it is to have to the matrix between them."""

LARGEST_MATRIX = 1 << 19
"""Numbers in one matrix: 2 MB in the model; a companion makes larger ones in the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisMap:
    """What becomes of one axis of an image.

    Attributes
    ----------
    matrix
        Shape ``(size, target)``.
    border
        Shape ``(target,)``: which part of each output pixel is border, not image.
    """

    matrix: Array
    border: Array

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        size, target = self.matrix.shape
        return size == target and np.array_equal(self.matrix, np.eye(size))


def stretched(size: int, target: int, resample: Resample) -> AxisMap:
    """Return the map of a whole axis to another size."""
    return AxisMap(matrix=resample(size, target), border=np.zeros(target))


def cut(size: int, start: int, length: int, target: int, resample: Resample) -> AxisMap:
    """Return the map of a part of an axis."""
    matrix = np.zeros((size, target))
    matrix[start : start + length] = resample(length, target)
    return AxisMap(matrix=matrix, border=np.zeros(target))


def _framed(size: int, margin: int, target: int, resample: Resample) -> AxisMap:
    """Return the map of an axis with `margin` pixels of border at both ends."""
    whole = resample(size + 2 * margin, target)
    inner = whole[margin : margin + size]
    return AxisMap(matrix=inner, border=whole.sum(axis=0) - inner.sum(axis=0))


def fitted(
    sizes: Sequence[int], targets: Sequence[int], fit: str, resample: Resample
) -> list[AxisMap]:
    """Return the maps of rows and columns.

    Parameters
    ----------
    fit
        ``"crop"`` takes the largest part in the middle that has the proportions of the result,
        ``"pad"`` makes a border that gives the image these proportions, anything else neither
        (``resize`` in ``keras/src/backend/numpy/image.py``).
    """
    (height, width), (rows, columns) = sizes, targets
    # How many rows make the image as high as the result is for its width, and the columns.
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
    """Return `x` with its `axes`, which count the batch axis, mapped.

    A Dense without bias is the product; axes are permuted only where the next product needs it.
    """
    order = list(range(len(x.shape)))
    # The last axis first: it needs no permutation to begin with.
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
