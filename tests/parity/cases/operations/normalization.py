"""Norms, and normalization by them or by statistics."""

from __future__ import annotations

import numpy as np

from tests.parity.cases.functions import Function, operations

SETTINGS: dict[str, Function] = {
    "normalize": lambda ops, x: ops.normalize(x),
    "normalize-axis": lambda ops, x: ops.normalize(x, axis=1),
    "normalize-epsilon": lambda ops, x: ops.normalize(x, epsilon=2.0),
    "normalize-order": lambda ops, x: ops.normalize(x, order=1),
    "normalize-order-3": lambda ops, x: ops.normalize(x, order=3),
}
NORMALIZATION: dict[str, Function] = {
    "norm-matrix": lambda ops, x: ops.norm(x, axis=(2, 3)),
    "norm-fro": lambda ops, x: ops.norm(x, ord="fro", axis=(1, 2)),
    "norm-matrix-1": lambda ops, x: ops.norm(x, ord=1, axis=(1, 2)),
    "norm-all": lambda ops, x: ops.norm(x),
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

CASES = [
    *operations("settings", SETTINGS, (3, 4)),
    *operations("statistics", NORMALIZATION, (2, 3, 4)),
]
