"""Convolutions with given kernels."""

from __future__ import annotations

import numpy as np

from tests.parity.cases.functions import Function, operations

CONVOLUTIONS: dict[str, Function] = {
    "conv": lambda ops, x: ops.conv(x, np.linspace(-1, 1, 108).reshape(3, 3, 4, 3)),
    "conv-same": lambda ops, x: ops.conv(
        x, np.linspace(-1, 1, 108).reshape(3, 3, 4, 3), strides=2, padding="same"
    ),
    "conv-dilated": lambda ops, x: ops.conv(
        x, np.linspace(-1, 1, 48).reshape(2, 2, 4, 3), padding="same", dilation_rate=2
    ),
    "depthwise_conv": lambda ops, x: ops.depthwise_conv(
        x, np.linspace(-1, 1, 32).reshape(2, 2, 4, 2), padding="same"
    ),
    "separable_conv": lambda ops, x: ops.separable_conv(
        x, np.linspace(-1, 1, 16).reshape(2, 2, 4, 1), np.linspace(-1, 1, 8).reshape(1, 1, 4, 2)
    ),
}

CASES = [
    *operations("layers", CONVOLUTIONS, (6, 6, 4)),
]
