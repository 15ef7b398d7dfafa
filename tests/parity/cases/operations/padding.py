"""Padding."""

from __future__ import annotations

from tests.parity.cases.functions import Function, operations

PADDING: dict[str, Function] = {
    "pad": lambda ops, x: ops.pad(x, ((0, 0), (1, 2), (0, 1), (0, 0))),
    "pad-channels": lambda ops, x: ops.pad(x, ((0, 0), (0, 0), (0, 0), (2, 1))),
    "pad-value": lambda ops, x: ops.pad(x, ((0, 0), (1, 1), (0, 0), (0, 0)), constant_values=3),
    "pad-batch": lambda ops, x: ops.pad(x, 1),
    "pad-reflect": lambda ops, x: ops.pad(x, ((0, 0), (1, 1), (2, 1), (0, 0)), mode="reflect"),
    "pad-symmetric": lambda ops, x: ops.pad(x, ((0, 0), (1, 1), (2, 1), (0, 0)), mode="symmetric"),
    "pad-edge": lambda ops, x: ops.pad(x, ((0, 0), (1, 1), (2, 1), (0, 0)), mode="edge"),
    "pad-wrap": lambda ops, x: ops.pad(x, ((0, 0), (1, 1), (2, 1), (0, 0)), mode="wrap"),
}
FREE: dict[str, Function] = {
    "pad": lambda ops, x: ops.pad(x, ((0, 0), (1, 2), (0, 1), (0, 0))),
}

CASES = [
    *operations("shaping", PADDING, (2, 3, 4)),
    *operations("free-shape", FREE, (None, None, 3)),
]
