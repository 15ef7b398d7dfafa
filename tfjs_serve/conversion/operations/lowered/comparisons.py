"""Truth values, which are zeros and ones in the page, and comparisons of integers."""

from __future__ import annotations

import numpy as np

from tfjs_serve.conversion.model.dtypes import is_integer
from tfjs_serve.conversion.operations.lowered.arithmetic import difference
from tfjs_serve.conversion.operations.lowering import (
    Build,
    NotLoweredError,
    lowered,
    value_of,
)
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor


@lowered("logical_not")
def logical_not(build: Build) -> Tensor:
    """Rescaling: one minus the truth value."""
    if build.operand("x").dtype != "bool":
        raise NotLoweredError("its input is no truth value")
    return build.low.rescale(build.tensor("x"), -1.0, 1.0)


@lowered("logical_and", "logical_or")
def logical(build: Build) -> Tensor:
    """A merge layer: the smaller or the larger of two truth values."""
    operands = [build.operand(key) for key in ("x1", "x2")]
    if any(operand.dtype != "bool" for operand in operands):
        raise NotLoweredError("its inputs are no truth values")
    name = "Minimum" if build.call.name == "logical_and" else "Maximum"
    return build.low.merge(name, *build.mergeable(operands))


@lowered("equal", "not_equal")
def same(build: Build) -> Tensor:
    """Integers that differ do so by one or more: their distance limited to one tells."""
    differs = unequal(build.low, _difference(build))
    return build.low.rescale(differs, -1.0, 1.0) if build.call.name == "equal" else differs


@lowered("greater", "greater_equal", "less", "less_equal")
def ordered(build: Build) -> Tensor:
    """Their difference limited to ``0..1``: integers are greater by one or more."""
    name = build.call.name
    above = _difference(build, turned=name.startswith("less"))
    shifted = build.low.rescale(above, 1.0, 1.0) if name.endswith("equal") else above
    return build.low.clip(shifted, 0.0, 1.0)


@lowered("where")
def chosen(build: Build) -> Tensor:
    """Rescaling of a truth value, for two numbers whose difference float32 has exactly."""
    if build.operand("condition").dtype != "bool":
        raise NotLoweredError("its condition is no truth value")
    one, other = (build.operand(key).number for key in ("x1", "x2"))
    if one is None or other is None:
        # A product with zero would let NaN and Infinity through, which `where` leaves out.
        raise NotLoweredError("it chooses between tensors")
    high, low = np.float32(one), np.float32(other)
    step = high - low
    if not np.isfinite(step) or step + low != high:
        raise NotLoweredError("the numbers would be rounded")
    return build.low.rescale(build.tensor("condition"), float(step), float(low))


def _difference(build: Build, *, turned: bool = False) -> Tensor:
    """Return ``x1 - x2`` of integers, or ``x2 - x1`` if it is turned."""
    operands = [build.operand(key) for key in ("x1", "x2")]
    if not all(map(_holds_integers, operands)):
        raise NotLoweredError("differences of fractions are no truth values")
    return difference(build, *(reversed(operands) if turned else operands))


def _holds_integers(operand: Operand) -> bool:
    if operand.index is not None:
        return is_integer(operand.dtype)
    return bool(np.all(value_of(operand) % 1 == 0))


def unequal(low: Lowering, difference: Tensor) -> Tensor:
    """Return one where a difference of integers is not zero, and zero elsewhere."""
    return low.add(
        low.clip(difference, 0.0, 1.0), low.clip(low.rescale(difference, -1.0), 0.0, 1.0)
    )
