"""Running sums and products, and differences."""

from __future__ import annotations

from tests.parity.cases.functions import Function, operations
from tests.parity.cases.inputs import with_nan

CUMULATED: dict[str, Function] = {
    "cumsum": lambda ops, x: ops.cumsum(x, axis=1),
    "cumsum-last": lambda ops, x: ops.cumsum(x, axis=-1),
    "cumsum-batch": lambda ops, x: ops.cumsum(x, axis=0),
    "cumsum-flat": lambda ops, x: ops.cumsum(x),
    "cumprod": lambda ops, x: ops.cumprod(x, axis=2),
}
WITH_NAN: dict[str, Function] = {
    "nancumsum": lambda ops, x: ops.nancumsum(x, axis=1),
    "nancumprod": lambda ops, x: ops.nancumprod(x, axis=1),
}
DIFFERENCES: dict[str, Function] = {
    "diff": lambda ops, x: ops.diff(x),
    "diff-2": lambda ops, x: ops.diff(x, n=2, axis=1),
}

CASES = [
    *operations("statistics", CUMULATED, (2, 3, 4)),
    *operations("nan", WITH_NAN, (9, 4), inputs=with_nan),
    *operations("order", DIFFERENCES, (3, 4)),
]
