"""Arithmetic with tensors, numbers and constant arrays: merge layers, Rescaling, convolutions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tfjs_serve.conversion.model.shapes import Shape, known_product
from tfjs_serve.conversion.model.sources import constant
from tfjs_serve.conversion.operations.lowering import (
    Build,
    NotLoweredError,
    lowered,
    value_of,
)
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, known_sizes

_LARGEST_CONSTANT = 1 << 20
_LARGEST_EXPONENT = 8
_EXACT = ("float", "int32", "int64")
"""Dtypes whose sums and products are the same in the page: others overflow, or are truth values."""


def _check_dtype(build: Build) -> None:
    if not build.call.dtype.startswith((*_EXACT, "bfloat")):
        raise NotLoweredError(f"{build.call.dtype} does not compute like numbers")


def _pair(build: Build) -> tuple[Operand, Operand]:
    _check_dtype(build)
    return build.operand("x1"), build.operand("x2")


def _merging(build: Build, class_name: str) -> Tensor | None:
    """Return the result of a merge layer; ``None`` if one of the two operands is a constant."""
    one, other = _pair(build)
    if one.index is None or other.index is None:
        return None
    return build.low.merge(class_name, *build.mergeable([one, other]))


def _finite(value: float | None) -> float:
    if value is None or not math.isfinite(value):
        raise NotLoweredError("JSON has no such number")
    return float(value)


def scaled(low: Lowering, x: Tensor, scale: Any, offset: Any) -> Tensor:
    """Return ``x * scale + offset``.

    Parameters
    ----------
    x
        A tensor with a batch axis.
    scale, offset
        Numbers, or arrays that are broadcast to `x` along its last axes. One may be ``None``.

    Raises
    ------
    NotLoweredError
        An array changes the shape of `x` or is too large, or a number is not finite.
    UnknownShapeError
        A size that must be known is not.
    """
    if not np.ndim(scale if scale is not None else 0) and not np.ndim(
        offset if offset is not None else 0
    ):
        factor = 1.0 if scale is None else _finite(float(scale))
        return low.rescale(x, factor, 0.0 if offset is None else _finite(float(offset)))
    return _by_arrays(low, x, scale, offset)


def _by_arrays(low: Lowering, x: Tensor, scale: Any, offset: Any) -> Tensor:
    """Multiply and add along those of the last axes in which the arrays differ."""
    count = _constant_axes(
        x.shape, [np.shape(item) for item in (scale, offset) if item is not None]
    )
    sizes = x.shape[len(x.shape) - count :]
    total = known_product(sizes)
    if total is None or total > _LARGEST_CONSTANT:
        raise NotLoweredError("the size of the constant is not known, or it is too large")
    factor, shift = (_spread(item, sizes, total) for item in (scale, offset))
    if count == 1:
        return low.affine(x, factor, shift, trainable=False)
    others = x.shape[1 : len(x.shape) - count]
    flat = low.reshape(x, (*((known_product(others),) if others else ()), total))
    return low.reshape(low.affine(flat, factor, shift, trainable=False), x.shape[1:])


def _spread(item: Any, sizes: Shape, total: int) -> Any:
    if item is None:
        return None
    array = np.asarray(item, np.float32)
    trimmed = array.reshape(array.shape[max(array.ndim - len(sizes), 0) :])
    return constant(np.broadcast_to(trimmed, known_sizes(sizes)).reshape(total))


def _constant_axes(shape: Shape, arrays: list[tuple[int, ...]]) -> int:
    """Return along how many of the last axes of a tensor the arrays vary."""
    count = 1
    for array in arrays:
        if len(array) > len(shape):
            raise NotLoweredError("the constant has more axes than the tensor")
        for place, size in enumerate(reversed(array), start=1):
            if size == 1:
                continue
            if place >= len(shape) or shape[-place] != size:
                raise NotLoweredError("the constant changes the shape of the tensor")
            count = max(count, place)
    return count


@lowered("add")
def add(build: Build) -> Tensor:
    """A merge layer, or Rescaling."""
    merged = _merging(build, "Add")
    if merged is not None:
        return merged
    one, other = _pair(build)
    if one.index is None:
        one, other = other, one
    return scaled(build.low, build.of(one), None, value_of(other))


@lowered("subtract")
def subtract(build: Build) -> Tensor:
    """A merge layer after Rescaling, or Rescaling."""
    return difference(build, *_pair(build))


def difference(build: Build, one: Operand, other: Operand) -> Tensor:
    """Return ``one - other``.

    Parameters
    ----------
    build
        The small model of the operation.
    one, other
        Its operands, of which one may be a constant.

    Raises
    ------
    NotLoweredError
        They do not broadcast as in Keras, or both are constants.
    UnknownShapeError
        A size that must be known is not.
    """
    if one.index is None:
        return scaled(build.low, build.of(other), -np.ones(()), value_of(one))
    if other.index is None:
        return scaled(build.low, build.of(one), None, -value_of(other))
    return build.low.subtract(*build.mergeable([one, other]))


@lowered("multiply")
def multiply(build: Build) -> Tensor:
    """A merge layer, or Rescaling."""
    merged = _merging(build, "Multiply")
    if merged is not None:
        return merged
    one, other = _pair(build)
    if one.index is None:
        one, other = other, one
    return scaled(build.low, build.of(one), value_of(other), None)


@lowered("divide", "true_divide")
def divide(build: Build) -> Tensor:
    """By a constant only."""
    one, other = _pair(build)
    divisor = value_of(other)
    if not np.all(divisor):
        raise NotLoweredError("it divides by zero")
    return scaled(build.low, build.of(one), 1.0 / divisor, None)


@lowered("maximum")
def maximum(build: Build) -> Tensor:
    """A merge layer, or a limit."""
    return _limited(build, "Maximum", lambda low, x, limit: low.clip(x, limit, math.inf))


@lowered("minimum")
def minimum(build: Build) -> Tensor:
    """A merge layer, or a limit."""
    return _limited(build, "Minimum", lambda low, x, limit: low.clip(x, -math.inf, limit))


def _limited(build: Build, class_name: str, limit: Any) -> Tensor:
    merged = _merging(build, class_name)
    if merged is not None:
        return merged
    one, other = _pair(build)
    if one.index is None:
        one, other = other, one
    result: Tensor = limit(build.low, build.of(one), _finite(other.number))
    return result


@lowered("clip")
def clip(build: Build) -> Tensor:
    """ReLU with a largest value, of x and of -x."""
    x = build.operand("x")
    if not x.dtype.startswith(("float", "bfloat")):
        raise NotLoweredError("limits of integers are rounded")
    low, high = (build.get(key) for key in ("x_min", "x_max"))
    if not all(value is None or isinstance(value, int | float) for value in (low, high)):
        raise NotLoweredError("a limit is no number")
    bounds = (-math.inf if low is None else low, math.inf if high is None else high)
    # In TensorFlow, the lower limit wins if they are the wrong way round.
    return build.low.clip(build.of(x), bounds[0], max(bounds))


@lowered("negative")
def negative(build: Build) -> Tensor:
    """Rescaling."""
    _check_dtype(build)
    return build.low.rescale(build.tensor("x"), -1.0)


@lowered("absolute", "abs", "fabs")
def absolute(build: Build) -> Tensor:
    """The sum of the ReLU of x and of -x."""
    low, x = build.low, build.tensor("x")
    return low.add(low.activation(x, "relu"), low.activation(low.rescale(x, -1.0), "relu"))


@lowered("square")
def square(build: Build) -> Tensor:
    """A merge layer: the product with itself."""
    _check_dtype(build)
    x = build.tensor("x")
    return build.low.multiply(x, x)


@lowered("power")
def power(build: Build) -> Tensor:
    """Products, if the exponent is an integer from 1 to 8."""
    exponent = _finite(_pair(build)[1].number)
    if exponent not in range(1, _LARGEST_EXPONENT + 1):
        raise NotLoweredError("the exponent is no small integer")
    low, x = build.low, build.tensor("x1")
    if exponent == 1:
        return low.activation(x, "linear")
    return _product(low, x, int(exponent))


def _product(low: Lowering, x: Tensor, exponent: int) -> Tensor:
    if exponent == 1:
        return x
    half = _product(low, x, exponent // 2)
    squared = low.multiply(half, half)
    return low.multiply(squared, x) if exponent % 2 else squared


@lowered("squared_difference")
def squared_difference(build: Build) -> Tensor:
    """The square of ``subtract``."""
    root = difference(build, *_pair(build))
    return build.low.multiply(root, root)


@lowered("add_n")
def add_n(build: Build) -> Tensor:
    """Add."""
    tensors = build.mergeable(build.call.operands("xs"))
    return tensors[0] if len(tensors) == 1 else build.low.add(*tensors)
