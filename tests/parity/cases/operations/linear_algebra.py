"""Linear algebra."""

from __future__ import annotations

import numpy as np

from tests.parity.cases.functions import Function, operations
from tests.parity.cases.inputs import within

DISTANCES: dict[str, Function] = {
    "cdist": lambda ops, x, y: ops.cdist(x, y),
}
MATRICES: dict[str, Function] = {
    "inv": lambda ops, x: ops.inv(x + 3 * np.eye(3, dtype="float32")),
    "det": lambda ops, x: ops.det(x),
    "slogdet": lambda ops, x: ops.slogdet(x),
    "logdet": lambda ops, x: ops.logdet(
        ops.matmul(x, ops.swapaxes(x, 1, 2)) + np.eye(3, dtype="float32")
    ),
    "solve": lambda ops, x: ops.solve(x + 3 * np.eye(3, dtype="float32"), x[..., :2]),
    "solve_triangular": lambda ops, x: ops.solve_triangular(
        x + 3 * np.eye(3, dtype="float32"), x[..., :2], lower=True
    ),
    "cholesky": lambda ops, x: ops.cholesky(
        ops.matmul(x, ops.swapaxes(x, 1, 2)) + np.eye(3, dtype="float32")
    ),
    "qr": lambda ops, x: ops.qr(x),
}

CASES = [
    *operations("products", DISTANCES, (3, 4), (3, 4)),
    *operations("matrices", MATRICES, (3, 3)),
    *operations(
        "matrix",
        {"cholesky_inverse": lambda ops, x: ops.cholesky_inverse(ops.tril(x) + 2 * np.eye(2))},
        (2,),
        inputs=within(0.5, 1),
    ),
]
