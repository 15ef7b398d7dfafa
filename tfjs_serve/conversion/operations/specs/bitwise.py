"""Functions of the bits of integers (``keras/src/ops/numpy.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import result_type
from tfjs_serve.conversion.model.shapes import broadcast
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.signatures import operation


@operation(
    *("bitwise_and", "bitwise_or", "bitwise_xor"),
    *("bitwise_left_shift", "bitwise_right_shift", "left_shift", "right_shift"),
)
def combined(x: Operand, y: Operand, /) -> Operand:
    """Both have integers."""
    return Operand(shape=broadcast([x.shape, y.shape]), dtype=result_type(x.dtype, y.dtype))


@operation("bitwise_invert", "bitwise_not")
def inverted(x: Operand, /) -> Operand:
    """All bits change."""
    return Operand(shape=x.shape, dtype=x.dtype)
