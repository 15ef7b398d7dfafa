"""Padding: ZeroPadding2D, or Cropping2D and Concatenate for steps that are repeated."""

from __future__ import annotations

from tfjs_serve.conversion.operations.lowering import Build, NotLoweredError, lowered
from tfjs_serve.conversion.operations.pieces import picked, zero_padded
from tfjs_serve.conversion.operations.specs.padding import pad_pairs
from tfjs_serve.conversion.small_models.arithmetic import Tensor


@lowered("pad")
def pad(build: Build) -> Tensor:
    """ZeroPadding2D, or Cropping2D and Concatenate for steps that are repeated."""
    x = build.tensor("x")
    pairs = pad_pairs(build.get("pad_width"), len(x.shape))
    if any(pairs[0]):
        raise NotLoweredError("the batch is padded")
    value = build.get("constant_values")
    if build.get("mode") == "constant":
        if value is not None and value.number != 0:
            raise NotLoweredError("what is around is not zero")
        return zero_padded(build.low, x, pairs)
    for axis, (before, after) in enumerate(pairs):
        size = x.shape[axis]
        if (before or after) and size is None:
            raise NotLoweredError("a size is not known")
        if before or after:
            steps = _around(build.get("mode"), size or 0, before, after)
            x = picked(build.low, x, axis, steps)
    return build.low.activation(x, "linear") if x in build.low.inputs else x


def _around(mode: str, size: int, before: int, after: int) -> list[int]:
    """Return which step of an axis is at each place after padding (``numpy.pad``).

    Raises
    ------
    NotLoweredError
        There is no such mode.
    """
    places = range(-before, size + after)
    if mode == "edge":
        return [min(max(place, 0), size - 1) for place in places]
    if mode == "wrap":
        return [place % size for place in places]
    if mode not in ("reflect", "symmetric"):
        raise NotLoweredError(f"there is no mode {mode}")
    skip = mode == "reflect"
    period = max(2 * (size - skip), 1)
    folded = [place % period for place in places]
    return [place if place < size else period - (not skip) - place for place in folded]
