"""Activations as functions."""

from __future__ import annotations

from tests.parity.cases.functions import Function, called, operations
from tests.parity.cases.inputs import with_infinities

NAMES = (
    *("tanh", "relu", "relu6", "sigmoid", "softplus", "softsign", "silu", "log_sigmoid"),
    *("hard_sigmoid", "hard_silu", "elu", "selu", "celu", "gelu", "leaky_relu"),
    *("tanh_shrink", "hard_tanh", "hard_shrink", "soft_shrink", "sparse_plus"),
    *("squareplus", "sparse_sigmoid", "softmax", "log_softmax", "sparsemax", "glu"),
)
SETTINGS: dict[str, Function] = {
    "elu-alpha": lambda ops, x: ops.elu(x, alpha=0.5),
    "celu-alpha": lambda ops, x: ops.celu(x, alpha=0.5),
    "gelu-exact": lambda ops, x: ops.gelu(x, approximate=False),
    "leaky_relu-slope": lambda ops, x: ops.leaky_relu(x, negative_slope=0.1),
    "softmax-axis-1": lambda ops, x: ops.softmax(x, axis=1),
    "softmax-axes": lambda ops, x: ops.softmax(x, axis=(1, 2)),
    "softmax-all": lambda ops, x: ops.softmax(x, axis=None),
    "log_softmax-all": lambda ops, x: ops.log_softmax(x, axis=None),
    "log_softmax-axis-1": lambda ops, x: ops.log_softmax(x, axis=1),
    "glu-axis": lambda ops, x: ops.glu(x, axis=2),
    "threshold": lambda ops, x: ops.threshold(x, 0.2, 0.0),
    "threshold-value": lambda ops, x: ops.threshold(x, 0.2, 7.0),
    "hard_shrink": lambda ops, x: ops.hard_shrink(x, threshold=0.2),
    "squareplus": lambda ops, x: ops.squareplus(x, b=2),
}

CASES = [
    *operations("one", called(*NAMES), (3, 4)),
    *operations("infinite", called("relu"), (9, 9), inputs=with_infinities),
    *operations("settings", SETTINGS, (3, 4)),
    *operations("settings-4d", {"softmax-axis-1": SETTINGS["softmax-axis-1"]}, (2, 3, 4)),
]
