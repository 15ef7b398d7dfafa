"""Exponentials, logarithms, functions of angles."""

from __future__ import annotations

from tests.parity.cases.functions import Function, called, of_pairs, operations
from tests.parity.cases.inputs import within

NAMES = (
    *("arcsinh", "arctan", "cos", "cosh", "deg2rad", "erf", "exp", "exp2", "expm1"),
    *("rad2deg", "sin", "sinc", "sinh", "tan", "angle", "i0", "erfc"),
)
SMALL = ("arccos", "arcsin", "arctanh", "erfinv")
PAIRS = ("arctan2", "logaddexp", "logaddexp2")
SETTINGS: dict[str, Function] = {
    "ldexp": lambda ops, x: ops.ldexp(x, ops.cast(ops.sign(x) * 2, "int32")),
}
WHOLE: dict[str, Function] = {
    "exp": lambda ops, x, y: ops.exp(x) / ops.sqrt(y + 1),
}

CASES = [
    *operations("one", called(*NAMES), (3, 4)),
    *operations("settings", SETTINGS, (3, 4)),
    *operations("positive", called("log", "log10", "log1p", "log2"), (3, 4), inputs=within(0.1, 4)),
    *operations("small", called(*SMALL), (3, 4), inputs=within(-0.95, 0.95)),
    *operations("arccosh", called("arccosh"), (3, 4), inputs=within(1.1, 4)),
    *of_pairs(called(*PAIRS)),
    *operations("whole", WHOLE, (3, 4), (3, 4), dtype="int32"),
]
