"""Attention."""

from __future__ import annotations

import numpy as np

from tests.parity.cases.functions import Function, operations

ATTENTION: dict[str, Function] = {
    "plain": lambda ops, q, k, v: ops.dot_product_attention(q, k, v),
    "scale": lambda ops, q, k, v: ops.dot_product_attention(q, k, v, scale=0.3),
    "causal": lambda ops, q, k, v: ops.dot_product_attention(q, k, v, is_causal=True),
    "mask": lambda ops, q, k, v: ops.dot_product_attention(
        q, k, v, mask=np.tril(np.ones((1, 1, 3, 3), bool))
    ),
    "bias": lambda ops, q, k, v: ops.dot_product_attention(
        q, k, v, bias=np.linspace(-1, 1, 9).reshape(1, 1, 3, 3).astype("float32")
    ),
}

CASES = [
    *operations("attention", ATTENTION, (3, 2, 4), (3, 2, 4), (3, 2, 4)),
]
