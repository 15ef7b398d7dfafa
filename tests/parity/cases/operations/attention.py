"""Attention and normalization."""

from __future__ import annotations

import numpy as np

from tests.parity.cases.functions import Function, operations

NORMALIZATION: dict[str, Function] = {
    "layer_normalization": lambda ops, x: ops.layer_normalization(x, axis=-1),
    "layer_normalization-weights": lambda ops, x: ops.layer_normalization(
        x, gamma=np.arange(4, dtype="float32"), beta=np.ones(4, "float32"), axis=-1
    ),
    "layer_normalization-axes": lambda ops, x: ops.layer_normalization(x, axis=(1, 2)),
    "rms_normalization": lambda ops, x: ops.rms_normalization(x, axis=-1),
    "rms_normalization-scale": lambda ops, x: ops.rms_normalization(
        x, scale=np.arange(4, dtype="float32"), axis=-1
    ),
    "batch_normalization": lambda ops, x: ops.batch_normalization(
        x, np.arange(4, dtype="float32"), np.arange(1, 5, dtype="float32"), axis=-1
    ),
    "batch_normalization-all": lambda ops, x: ops.batch_normalization(
        x,
        np.ones(3, "float32"),
        np.arange(1, 4, dtype="float32"),
        axis=2,
        offset=np.ones(3, "float32"),
        scale=np.arange(3, dtype="float32"),
    ),
}
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
    *operations("statistics", NORMALIZATION, (2, 3, 4)),
    *operations("attention", ATTENTION, (3, 2, 4), (3, 2, 4), (3, 2, 4)),
]
