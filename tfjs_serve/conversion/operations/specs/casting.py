"""Other dtypes, fewer digits, and functions that return their input.

Of ``numpy.py`` and ``core.py`` in ``keras/src/ops``.
"""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import as_float
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.signatures import operation


@operation("cast", "saturate_cast")
def cast(x: Operand, /, dtype: str) -> Operand:
    """Fractions are cut off if it is a dtype of integers."""
    return Operand(shape=x.shape, dtype=dtype)


@operation("convert_to_tensor", "array")
def converted(
    x: Operand, /, dtype: str | None = None, sparse: Json = None, ragged: Json = None
) -> Operand:
    """Cast if a dtype is given."""
    return Operand(shape=x.shape, dtype=dtype or x.dtype)


@operation("conj", "conjugate", "copy", "imag", "positive", "real", "stop_gradient", "trunc")
def kept(x: Operand, /) -> Operand:
    """Integers stay integers; the imaginary part is zero."""
    return Operand(shape=x.shape, dtype=x.dtype)


@operation("ceil", "floor")
def rounded_fractions(x: Operand, /) -> Operand:
    """Fractions, also of integers."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("round")
def rounded(x: Operand, /, decimals: int = 0) -> Operand:
    """Halves go to even numbers."""
    return Operand(shape=x.shape, dtype="int32" if x.dtype == "bool" else x.dtype)


@operation("nan_to_num")
def nan_to_num(
    x: Operand, /, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Operand:
    """Infinities become the largest numbers unless others are given."""
    return Operand(shape=x.shape, dtype=x.dtype)
