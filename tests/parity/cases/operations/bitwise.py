"""Functions of the bits of integers."""

from __future__ import annotations

from tests.parity.cases.functions import Function, called, operations

WHOLE: dict[str, Function] = {
    **called("bitwise_and", "bitwise_or", "bitwise_xor"),
    "shift": lambda ops, x, y: ops.left_shift(x, y) + ops.right_shift(x, y),
    "bitwise_shift": lambda ops, x, y: ops.bitwise_left_shift(x, y) + ops.bitwise_right_shift(x, y),
    "bitwise_not": lambda ops, x, y: ops.bitwise_not(x) + y,
    "invert": lambda ops, x, y: ops.bitwise_invert(x) + ops.negative(y),
}

CASES = [
    *operations("whole", WHOLE, (3, 4), (3, 4), dtype="int32"),
]
