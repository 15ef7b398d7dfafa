"""Functions that make tensors of numbers."""

from __future__ import annotations

from tests.parity.cases.functions import Function, operations
from tests.parity.cases.inputs import within

FILLED: dict[str, Function] = {
    "zeros_like": lambda ops, x: ops.zeros_like(x) + x,
    "empty_like": lambda ops, x: ops.empty_like(x) * 0 + x,
    "ones_like": lambda ops, x: ops.ones_like(x),
    "full_like": lambda ops, x: ops.full_like(x, 3.0),
    "linspace": lambda ops, x: ops.linspace(x, x + 1, num=5, axis=1),
    "logspace": lambda ops, x: ops.logspace(x, x + 1, num=3),
    "vander": lambda ops, x: ops.vander(x[0, 0], 3),
}

CASES = [
    *operations("order", FILLED, (3, 4)),
    *operations(
        "geomspace", {"": lambda ops, x: ops.geomspace(x, x * 3)}, (3,), inputs=within(1, 2)
    ),
]
