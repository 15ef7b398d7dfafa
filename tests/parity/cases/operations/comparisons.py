"""Truth values, and choices by them."""

from __future__ import annotations

import numpy as np

from tests.parity.cases.functions import Function, called, of_pairs, of_truths, operations
from tests.parity.cases.inputs import with_infinities

NAMES = ("signbit", "logical_not", "isreal", "isfinite")
INFINITE = ("isfinite", "isinf", "isnan", "isneginf", "isposinf")
PAIRS = (
    *("equal", "not_equal", "greater", "greater_equal", "less", "less_equal"),
    *("logical_and", "logical_or", "logical_xor", "heaviside", "isclose"),
)
SETTINGS: dict[str, Function] = {
    "where-scalars": lambda ops, x: ops.where(x > 0, 1.0, -1.0),
    "where-tensor": lambda ops, x: ops.where(x > 0.5, x, 0.0),
    "isclose": lambda ops, x: ops.isclose(x, x * 1.000001),
    "allclose": lambda ops, x: ops.allclose(x, x * 1.000001) + x,
}
OPERATORS: dict[str, Function] = {
    "compare-number": lambda ops, x: x > 0.25,
    "number-compare": lambda ops, x: x >= 0.25,
    "invert": lambda ops, x: ops.logical_not(x > 0),
}
WHOLE: dict[str, Function] = {
    **called("greater", "equal", "not_equal", "greater_equal", "less", "less_equal"),
    "padding": lambda ops, x, y: ops.cast(ops.not_equal(x, 0), "float32") + (y == 2),
    "limits": lambda ops, x, y: (x > 1) | (y <= -1) | ops.less(3, x),
    "fraction": lambda ops, x, y: (x > 0.5) | ops.equal(y, 1.5),
    "positions": lambda ops, x, y: x >= np.arange(4, dtype="int32"),
    "compare-column": lambda ops, x, y: ops.equal(x[:, :1], y),
    "truth": lambda ops, x, y: ops.cast(x, "bool") & (ops.cast(y - 1, "bool")),
    "where": lambda ops, x, y: ops.where(x > y, x, y),
    "where-numbers": lambda ops, x, y: ops.where(ops.not_equal(x, 2), 0.0, -1e9) + y,
    "where-halves": lambda ops, x, y: ops.where(x > y, 1.5, -0.25),
    "where-rounded": lambda ops, x, y: ops.where(x > y, 0.1, 1e9),
}
TRUTHS: dict[str, Function] = {
    "where": lambda ops, x, y: ops.where(ops.logical_and(x, y), 1, 2),
}
CHOICES: dict[str, Function] = {
    "select": lambda ops, x, y: ops.select([x > 0.5, y > 0], [x, y], 7.0),
}

CASES = [
    *operations("one", called(*NAMES), (3, 4)),
    *operations("infinite", called(*INFINITE), (9, 9), inputs=with_infinities),
    *of_pairs(called(*PAIRS)),
    *operations("settings", SETTINGS, (3, 4)),
    *operations("arithmetic", OPERATORS, (3, 4)),
    *operations("whole", WHOLE, (3, 4), (3, 4), dtype="int32"),
    *operations("truths", of_truths(TRUTHS), (3, 4), (3, 4)),
    *operations("joining", CHOICES, (2, 3), (2, 3)),
]
