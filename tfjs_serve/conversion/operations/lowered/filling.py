"""Tensors of zeros and ones as large as another one."""

from __future__ import annotations

from tfjs_serve.conversion.operations.lowering import Build, NotLoweredError, lowered
from tfjs_serve.conversion.small_models.arithmetic import Tensor


@lowered("zeros_like", "ones_like")
def constant_like(build: Build) -> Tensor:
    """ReLU with the largest value zero, then Rescaling."""
    low, x = build.low, build.tensor("x")
    if build.get("shape") is not None:
        raise NotLoweredError("it has another shape")
    # Not zero times x: that is no number where x is infinite.
    zeros = low.layer("ReLU", {"max_value": 0.0}, x, shape=x.shape)
    return low.rescale(zeros, 1.0, 1.0 if build.call.name == "ones_like" else 0.0)
