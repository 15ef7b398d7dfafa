"""Sums, means and extremes along axes: pooling over all steps of one axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfjs_serve.conversion.model.shapes import Shape, known_product
from tfjs_serve.conversion.operations.lowering import (
    LONGEST_SUM,
    Build,
    NotLoweredError,
    lowered,
    rows,
)
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError

_SPATIAL = [1, 2]


def _pooled(low: Lowering, x: Tensor, axes: Sequence[int], kind: str) -> Tensor:
    """Return global pooling along some axes, of shape ``(batch, *kept)``."""
    kept = tuple(x.shape[axis] for axis in range(1, len(x.shape)) if axis not in axes)
    if len(x.shape) == 4 and list(axes) == _SPATIAL:
        config = {"data_format": "channels_last"}
        return low.layer(f"Global{kind}Pooling2D", config, x, shape=(x.shape[0], *kept))
    flat = rows(low, x, sorted(axes))
    shape: Shape = (x.shape[0], flat.shape[2])
    made = low.layer(f"Global{kind}Pooling1D", {}, flat, shape=shape)
    return made if made.shape[1:] == kept else low.reshape(made, kept)


def _reduced(build: Build, kind: str, key: str = "x", axis: str = "axis") -> Tensor:
    x = build.tensor(key)
    axes = build.axes(axis, len(x.shape))
    made = _pooled(build.low, x, axes, kind)
    return _with_ones(build, made, x, axes)


def _with_ones(build: Build, made: Tensor, x: Tensor, axes: Sequence[int]) -> Tensor:
    if not build.call.arguments.get("keepdims"):
        return made
    sizes = [1 if axis in axes else x.shape[axis] for axis in range(1, len(x.shape))]
    return build.low.reshape(made, sizes)


def _count(x: Tensor, axes: Sequence[int]) -> int:
    count = known_product([x.shape[axis] for axis in axes])
    if count is None:
        raise UnknownShapeError("a size of its input is not known")
    return count


@lowered("mean")
def mean(build: Build) -> Tensor:
    """Global average pooling, of axes that are made one."""
    return _reduced(build, "Average")


@lowered("max", "amax")
def largest(build: Build) -> Tensor:
    """Global max pooling, of axes that are made one."""
    _check_initial(build)
    return _reduced(build, "Max")


@lowered("min", "amin")
def smallest(build: Build) -> Tensor:
    """Global pooling of -x."""
    _check_initial(build)
    x = build.tensor("x")
    axes = build.axes("axis", len(x.shape))
    made = _pooled(build.low, build.low.rescale(x, -1.0), axes, "Max")
    return _with_ones(build, build.low.rescale(made, -1.0), x, axes)


def _check_initial(build: Build) -> None:
    if build.call.arguments.get("initial") is not None:
        raise NotLoweredError("it has an initial value")


@lowered("sum")
def total(build: Build) -> Tensor:
    """Global pooling and Rescaling by the number of elements; Dense along the last axis."""
    low, x = build.low, build.tensor("x")
    axes = build.axes("axis", len(x.shape))
    count = _count(x, axes)
    last = len(x.shape) - 1
    if axes == [last] and last > 1 and count <= LONGEST_SUM:
        ones = low.dense(x, np.ones((count, 1)))
        return ones if build.get("keepdims") else low.reshape(ones, x.shape[1:last])
    return low.rescale(_reduced(build, "Average"), float(count))


@lowered("any", "all")
def truth(build: Build) -> Tensor:
    """Global pooling of truth values."""
    if build.operand("x").dtype != "bool":
        raise NotLoweredError("its input is no truth value")
    if build.call.name == "any":
        return _reduced(build, "Max")
    low, x = build.low, build.tensor("x")
    axes = build.axes("axis", len(x.shape))
    made = _pooled(low, low.rescale(x, -1.0, 1.0), axes, "Max")
    return _with_ones(build, low.rescale(made, -1.0, 1.0), x, axes)


@lowered("ptp")
def span(build: Build) -> Tensor:
    """Global pooling of x and of -x."""
    low, x = build.low, build.tensor("x")
    axes = build.axes("axis", len(x.shape))
    made = [_pooled(low, y, axes, "Max") for y in (x, low.rescale(x, -1.0))]
    return _with_ones(build, low.add(*made), x, axes)


def _variance(low: Lowering, x: Tensor, axes: Sequence[int]) -> Tensor:
    sizes = [1 if axis in axes else x.shape[axis] for axis in range(1, len(x.shape))]
    centre = low.reshape(_pooled(low, x, axes, "Average"), sizes)
    centred = low.subtract(x, centre)
    return _pooled(low, low.multiply(centred, centred), axes, "Average")


@lowered("var")
def variance(build: Build) -> Tensor:
    """Global pooling, of the squares after the mean is subtracted."""
    x = build.tensor("x")
    axes = build.axes("axis", len(x.shape))
    return _with_ones(build, _variance(build.low, x, axes), x, axes)


@lowered("moments")
def moments(build: Build) -> list[Tensor]:
    """Global pooling, as for mean and variance."""
    low, x = build.low, build.tensor("x")
    axes = build.axes("axes", len(x.shape))
    made = [_pooled(low, x, axes, "Average"), _variance(low, x, axes)]
    return [_with_ones(build, part, x, axes) for part in made]
