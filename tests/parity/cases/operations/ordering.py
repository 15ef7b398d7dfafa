"""Functions that sort, search and count."""

from __future__ import annotations

import numpy as np

from tests.parity.cases.functions import Function, operations
from tests.parity.cases.inputs import within

RANKS: dict[str, Function] = {
    "in_top_k": lambda ops, x, y: ops.in_top_k(ops.cast(x[:, 0, 0] * 3, "int32"), y[:, 0], 2),
}
COUNTS: dict[str, Function] = {
    "bincount": lambda ops, x: ops.bincount(x, minlength=6),
}
ORDER: dict[str, Function] = {
    "sort": lambda ops, x: ops.sort(x),
    "sort-axis": lambda ops, x: ops.sort(x, axis=1),
    "argsort": lambda ops, x: ops.argsort(x),
    "argsort-axis": lambda ops, x: ops.argsort(x, axis=1),
    "top_k": lambda ops, x: ops.top_k(x, 2),
    "top_k-values": lambda ops, x: ops.top_k(x, 3)[0],
    "digitize": lambda ops, x: ops.digitize(x, np.array([-1.0, 0.0, 1.0], "float32")),
    "searchsorted": lambda ops, x: ops.searchsorted(np.array([-1.0, 0.0, 1.0], "float32"), x),
    "isin": lambda ops, x: ops.isin(ops.round(x), np.array([0.0, 2.0], "float32")),
}
SINGLE: dict[str, Function] = {
    "sort": lambda ops, x: ops.sort(x),
    "top_k": lambda ops, x: ops.top_k(x, 1),
}

CASES = [
    *operations("losses", RANKS, (2, 3), (2, 3), inputs=within(0.05, 0.95)),
    *operations("indices", COUNTS, (3,), dtype="int32"),
    *operations("order", ORDER, (3, 4)),
    *operations("single", SINGLE, (3, 1)),
]
