"""Pooling."""

from __future__ import annotations

from tests.parity.cases.functions import Function, operations

POOLING: dict[str, Function] = {
    "max_pool": lambda ops, x: ops.max_pool(x, (2, 2), strides=(2, 2)),
    "max_pool-strides": lambda ops, x: ops.max_pool(x, (2, 3), strides=1, padding="same"),
    "average_pool": lambda ops, x: ops.average_pool(x, (2, 2), strides=(2, 1), padding="same"),
    "average_pool-3": lambda ops, x: ops.average_pool(x, (3, 3), strides=(2, 2)),
    "adaptive_max_pool": lambda ops, x: ops.adaptive_max_pool(x, (2, 3)),
    "adaptive_average_pool": lambda ops, x: ops.adaptive_average_pool(x, (4, 2)),
}

CASES = [
    *operations("layers", POOLING, (6, 6, 4)),
    *operations("pool-1d", {"max": lambda ops, x: ops.max_pool(x, (2,), strides=(2,))}, (6, 4)),
]
