"""Losses as functions."""

from __future__ import annotations

from tests.parity.cases.functions import Function, operations
from tests.parity.cases.inputs import within

LOSSES: dict[str, Function] = {
    "binary": lambda ops, x, y: ops.binary_crossentropy(x, y),
    "binary-logits": lambda ops, x, y: ops.binary_crossentropy(x, y, from_logits=True),
    "categorical": lambda ops, x, y: ops.categorical_crossentropy(x, y),
    "categorical-logits": lambda ops, x, y: ops.categorical_crossentropy(x, y, from_logits=True),
    "sparse": lambda ops, x, y: ops.sparse_categorical_crossentropy(
        ops.cast(x[..., 0] * 3, "int32"), y
    ),
}

CASES = [
    *operations("losses", LOSSES, (2, 3), (2, 3), inputs=within(0.05, 0.95)),
]
