"""Pooling layers."""

from __future__ import annotations

from tfjs_serve.conversion.model.shapes import pair
from tfjs_serve.conversion.operations.lowering import Build, NotLoweredError, lowered
from tfjs_serve.conversion.small_models.arithmetic import Tensor

_POOLING = {"max_pool": "MaxPooling", "average_pool": "AveragePooling"}


@lowered("max_pool", "average_pool")
def pool(build: Build) -> Tensor:
    """MaxPooling or AveragePooling, 1D to 3D."""
    x = build.tensor("inputs")
    count = len(x.shape) - 2
    if build.get("data_format") == "channels_first":
        raise NotLoweredError("the channels are not last")
    sizes = pair(build.get("pool_size"), count)
    strides = build.get("strides")
    config = {
        "pool_size": sizes if count > 1 else sizes[0],
        "strides": _steps(sizes if strides is None else pair(strides, count)),
        "padding": build.get("padding"),
    }
    if count > 1:
        config["data_format"] = "channels_last"
    return build.low.layer(f"{_POOLING[build.call.name]}{count}D", config, x)


def _steps(steps: list[int]) -> int | list[int]:
    return steps if len(steps) > 1 else steps[0]
