"""Normalization by norms and by given statistics."""

from __future__ import annotations

import numpy as np

from tfjs_serve.conversion.layers.scaling import by_root_mean_square
from tfjs_serve.conversion.operations.lowered.arithmetic import scaled
from tfjs_serve.conversion.operations.lowering import (
    Build,
    NotLoweredError,
    array_of,
    lowered,
)
from tfjs_serve.conversion.operations.operand import Array
from tfjs_serve.conversion.small_models.arithmetic import Tensor
from tfjs_serve.conversion.small_models.last_axis import Rows, on_rows

_EPSILON = 1e-14
"""Added to sums of squares; it changes only rows of zeros."""
_LEAST_NORM = 1.01e-5
"""Rows with a smaller norm are not expected, so they may be computed in another way."""


@lowered("normalize", "l2_normalize")
def normalize(build: Build) -> Tensor:
    """LayerNormalization of each row and its opposite, whose mean is zero."""
    x = build.tensor("x")
    if build.call.arguments.get("order", 2) != 2:
        raise NotLoweredError("it is another norm")
    epsilon = build.call.arguments.get("epsilon") or 0.0
    if epsilon > (_LEAST_NORM if build.call.name == "normalize" else _LEAST_NORM**2):
        raise NotLoweredError("it is another for small rows")
    axes = tuple(sorted(build.axes("axis", len(x.shape))))
    size = Rows(x.shape, axes).size
    return on_rows(
        build.low,
        x,
        axes,
        lambda rows: build.low.rescale(
            by_root_mean_square(build.low, rows, _EPSILON / size), size**-0.5
        ),
    )


@lowered("batch_norm")
def batch_norm(build: Build) -> Tensor:
    """A factor and an offset for each channel, if the statistics are constants."""
    x = build.tensor("x")
    if build.axis("axis", len(x.shape)) != len(x.shape) - 1:
        raise NotLoweredError("it normalizes another axis than the last")
    mean, variance = (array_of(build.operand(key)) for key in ("mean", "variance"))
    factor = _optional(build, "scale", 1.0) / np.sqrt(variance + build.get("epsilon"))
    shift = _optional(build, "offset", 0.0) - mean * factor
    return scaled(build.low, x, factor, shift)


def _optional(build: Build, key: str, default: float) -> Array:
    given = build.get(key)
    return np.asarray(default) if given is None else array_of(given)
