"""What each window of a convolution sees, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError
from tfjs_serve.conversion.small_models.spatial import cropped, pooled, zero_padded
from tfjs_serve.conversion.small_models.windows import Windows


def patches(low: Lowering, image: Tensor, windows: Windows) -> Tensor:
    """Return what each window sees in an image.

    Parameters
    ----------
    image
        Of shape ``(batch, rows, columns, channels)``.
    windows
        Two numbers of each kind, for rows and columns.

    Returns
    -------
    Tensor
        Of shape ``(batch, positions down, positions across, window rows * window columns *
        channels)``. In the last axis, the channels of a step are together.

    Raises
    ------
    UnknownShapeError
        The number of rows or columns is not known.
    """
    image = zero_padded(low, image, windows.edges(image.shape[1:3]))
    for axis in (1, 0):
        image = _shifted(low, image, axis, windows)
    return image


def _shifted(low: Lowering, image: Tensor, axis: int, windows: Windows) -> Tensor:
    """Stack what the steps of a window see along one axis."""
    if image.shape[1 + axis] is None:
        raise UnknownShapeError("a size of its input is not known")
    extent = windows.extent[axis]
    shifts = []
    for start in range(0, extent, windows.dilation[axis]):
        sides = [(0, 0), (0, 0)]
        sides[axis] = (start, extent - 1 - start)
        shifts.append(cropped(low, image, sides))
    strides = [windows.strides[axis] if other == axis else 1 for other in range(2)]
    return _subsampled(low, low.concatenate(shifts, -1), strides)


def _subsampled(low: Lowering, x: Tensor, strides: Sequence[int]) -> Tensor:
    """Return the steps at which a window of one step stops."""
    if set(strides) == {1}:
        return x
    one = (1,) * len(strides)
    every = Windows(size=one, strides=tuple(strides), dilation=one, padding="valid")
    return pooled(low, "Max", x, every)
