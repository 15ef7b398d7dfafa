"""Running sums as products, and differences of neighbours."""

from __future__ import annotations

import numpy as np

from tfjs_serve.conversion.operations.lowering import (
    LONGEST_SUM,
    Build,
    NotLoweredError,
    lowered,
)
from tfjs_serve.conversion.small_models.arithmetic import Tensor, known_sizes


@lowered("cumsum")
def running_sum(build: Build) -> Tensor:
    """Dense, whose matrix is a triangle of ones."""
    if build.get("dtype") is not None or build.operand("x").dtype == "bool":
        raise NotLoweredError("it changes the dtype")
    low, x = build.low, build.tensor("x")
    axis, last = build.axis("axis", len(x.shape)), len(x.shape) - 1
    (size,) = known_sizes([x.shape[axis]])
    if size > LONGEST_SUM:
        raise NotLoweredError("the axis is too long")
    triangle = np.triu(np.ones((size, size)))
    if axis == last:
        return low.dense(x, triangle)
    order = list(range(last + 1))
    order[axis], order[last] = last, axis
    return low.permute(low.dense(low.permute(x, order), triangle), order)


@lowered("diff")
def diff(build: Build) -> Tensor:
    """Cropping2D, and Add after Rescaling: each step minus the one before."""
    low, x = build.low, build.tensor("a")
    axis = build.axis("axis", len(x.shape))
    for _ in range(build.get("n")):
        (size,) = known_sizes([x.shape[axis]])
        if size < 2:
            raise NotLoweredError("nothing is left")
        x = low.subtract(low.slice(x, axis, 1, size - 1), low.slice(x, axis, 0, size - 1))
    return low.activation(x, "linear") if x in low.inputs else x
