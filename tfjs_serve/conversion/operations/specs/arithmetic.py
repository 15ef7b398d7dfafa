"""Sums, products, powers, roots and limits of each element (``keras/src/ops/numpy.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import as_float, result_type
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import broadcast
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.signatures import operation


@operation(
    *("add", "floor_divide", "fmax", "fmin", "fmod", "gcd", "lcm", "maximum", "minimum", "mod"),
    *("multiply", "power", "subtract"),
)
def combined(x1: Operand, x2: Operand, /) -> Operand:
    """Integers if both are integers."""
    return Operand(shape=broadcast([x1.shape, x2.shape]), dtype=result_type(x1.dtype, x2.dtype))


@operation(
    "divide", "divide_no_nan", "hypot", "multiply_no_nan", "squared_difference", "true_divide"
)
def combined_fractions(x1: Operand, x2: Operand, /) -> Operand:
    """Fractions, also of integers."""
    return Operand(
        shape=broadcast([x1.shape, x2.shape]), dtype=result_type(x1.dtype, x2.dtype, "float")
    )


@operation("absolute", "abs", "fabs", "negative", "sign", "square")
def kept(x: Operand, /) -> Operand:
    """Integers stay integers."""
    return Operand(shape=x.shape, dtype=x.dtype)


@operation("cbrt", "reciprocal", "rsqrt", "sqrt")
def fractions(x: Operand, /) -> Operand:
    """Fractions, also of integers."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("clip")
def clip(x: Operand, /, x_min: Json, x_max: Json) -> Operand:
    """Truth values become integers."""
    return Operand(shape=x.shape, dtype="int32" if x.dtype == "bool" else x.dtype)


@operation("add_n")
def add_n(xs: list[Operand], /) -> Operand:
    """The sum of tensors of one shape."""
    return Operand(shape=xs[0].shape, dtype=result_type(*(x.dtype for x in xs)))
