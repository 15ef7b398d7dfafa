"""Diagonals and triangles of matrices."""

from __future__ import annotations

from tests.parity.cases.functions import Function, operations

MATRICES: dict[str, Function] = {
    "diagonal": lambda ops, x: ops.diagonal(x, axis1=2, axis2=3),
    "diagonal-offset": lambda ops, x: ops.diagonal(x, offset=1, axis1=3, axis2=1),
    "trace": lambda ops, x: ops.trace(x, axis1=2, axis2=3),
    "tril": lambda ops, x: ops.tril(x),
    "tril-offset": lambda ops, x: ops.tril(x, k=-1),
    "triu": lambda ops, x: ops.triu(x, k=1),
}
VECTORS: dict[str, Function] = {
    "diagflat": lambda ops, x: ops.diagflat(x),
    "diag": lambda ops, x: ops.diag(x),
}

CASES = [
    *operations("shaping", MATRICES, (2, 3, 4)),
    *operations("vectors", VECTORS, (4,)),
]
