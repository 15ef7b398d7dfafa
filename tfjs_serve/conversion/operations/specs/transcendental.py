"""Exponentials, logarithms, functions of angles (``keras/src/ops/numpy.py``, ``math.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import as_float, result_type
from tfjs_serve.conversion.model.shapes import broadcast
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.signatures import operation


@operation(
    *("angle", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cos", "cosh"),
    *("deg2rad", "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "i0", "log", "log10", "log1p"),
    *("log2", "rad2deg", "sin", "sinc", "sinh", "tan"),
)
def fractions(x: Operand, /) -> Operand:
    """Fractions, also of integers."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("arctan2", "ldexp", "logaddexp", "logaddexp2")
def combined_fractions(x1: Operand, x2: Operand, /) -> Operand:
    """Fractions, also of integers."""
    return Operand(
        shape=broadcast([x1.shape, x2.shape]), dtype=result_type(x1.dtype, x2.dtype, "float")
    )
