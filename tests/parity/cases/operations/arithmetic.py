"""Sums, products, powers, roots and limits of each element."""

from __future__ import annotations

import numpy as np

from tests.parity.cases.functions import Function, called, of_pairs, of_truths, operations
from tests.parity.cases.inputs import with_infinities, within

NAMES = ("absolute", "abs", "cbrt", "negative", "reciprocal", "sign", "square", "fabs")
PAIRS = (
    *("add", "subtract", "multiply", "maximum", "minimum", "divide", "true_divide"),
    *("divide_no_nan", "fmax", "fmin", "fmod", "mod", "hypot", "floor_divide"),
)
SETTINGS: dict[str, Function] = {
    "clip": lambda ops, x: ops.clip(x, -0.5, 0.5),
    "clip-positive": lambda ops, x: ops.clip(x, 0, 6),
    "clip-infinite": lambda ops, x: ops.clip(x, 0.1, float("inf")),
}
ARITHMETIC: dict[str, Function] = {
    "plus-number": lambda ops, x: x + 2,
    "number-plus": lambda ops, x: 2.5 + x,
    "minus-number": lambda ops, x: x - 2,
    "number-minus": lambda ops, x: 2 - x,
    "times-number": lambda ops, x: x * 3,
    "number-times": lambda ops, x: 3 * x,
    "over-number": lambda ops, x: x / 255,
    "number-over": lambda ops, x: 2 / (ops.square(x) + 1),
    "power-2": lambda ops, x: x**2,
    "power-3": lambda ops, x: x**3,
    "power-4": lambda ops, x: ops.power(x, 4),
    "power-1": lambda ops, x: x**1,
    "power-0": lambda ops, x: x**0,
    "power-minus-1": lambda ops, x: (ops.square(x) + 1) ** -1,
    "power-half": lambda ops, x: (ops.square(x) + 1) ** 0.5,
    "number-power": lambda ops, x: 2**x,
    "floor-divide": lambda ops, x: x // 0.3,
    "modulo": lambda ops, x: x % 0.7,
    "modulo-negative": lambda ops, x: x % -0.7,
    "negative": lambda ops, x: -x,
    "absolute": lambda ops, x: abs(x),
    "maximum-number": lambda ops, x: ops.maximum(x, 0.1),
    "minimum-number": lambda ops, x: ops.minimum(0.1, x),
    "maximum-zero": lambda ops, x: ops.maximum(x, 0),
    "itself": lambda ops, x: x + x * x - x,
    "array": lambda ops, x: x * np.array([1.0, 2.0, 3.0, 4.0], "float32"),
    "array-first": lambda ops, x: ops.subtract(np.array([1.0, 2.0, 3.0, 4.0], "float32"), x),
    "minus-array": lambda ops, x: x - np.array([103.9, 116.8, 123.7, 1.0], "float32"),
    "over-array": lambda ops, x: x / np.array([0.2, 0.3, 0.4, 0.5], "float32"),
    "array-over": lambda ops, x: ops.divide(np.array([0.2, 0.3, 0.4, 0.5], "float32"), x * x + 1),
    "full-array": lambda ops, x: x + np.arange(12, dtype="float32").reshape(3, 4),
    "column-array": lambda ops, x: x * np.arange(3, dtype="float32").reshape(3, 1),
    "higher-array": lambda ops, x: x * np.arange(24, dtype="float32").reshape(2, 1, 3, 4),
    "maximum-array": lambda ops, x: ops.maximum(x, np.array([0, 1, 0, 1], "float32")),
    "preprocessing": lambda ops, x: x / 127.5 - 1.0,
}
WHOLE: dict[str, Function] = {
    **called("add", "subtract", "multiply", "maximum", "floor_divide", "mod", "divide"),
    **called("gcd", "lcm", "power"),
    "half": lambda ops, x, y: x // 2 + ops.cast(y / 2, "int32"),
    "float-number": lambda ops, x, y: x * 0.5 + y,
    "clip": lambda ops, x, y: ops.clip(x, 1, 3) - ops.clip(y, 0, 2),
    "square": lambda ops, x, y: x**2 - ops.abs(y),
}
TRUTHS: dict[str, Function] = {
    "add": lambda ops, x, y: ops.add(x, y),
    "multiply": lambda ops, x, y: ops.multiply(x, y),
}
TURNED: dict[str, Function] = {
    "clip": lambda ops, x: ops.clip(x, 0.5, -0.5),
}
FREE: dict[str, Function] = {
    "preprocessing": lambda ops, x: x[..., ::-1] - np.array([103.9, 116.8, 123.7], "float32"),
}

CASES = [
    *operations("one", called(*NAMES), (3, 4)),
    *operations("vector", called("add", "multiply", "subtract"), (4,), (4,)),
    *operations("positive", called("sqrt", "rsqrt"), (3, 4), inputs=within(0.1, 4)),
    *operations("infinite", called("sign"), (9, 9), inputs=with_infinities),
    *of_pairs(called(*PAIRS)),
    *operations("settings", SETTINGS, (3, 4)),
    *operations("turned", TURNED, (3, 4), by_tensorflow=True),
    *operations("settings-4d", {"clip": SETTINGS["clip"]}, (2, 3, 4)),
    *operations("arithmetic", ARITHMETIC, (3, 4)),
    *operations("free", {"array": ARITHMETIC["array"], "clip": SETTINGS["clip"]}, (None, 4)),
    *operations("ranks", called("add", "subtract", "divide"), (2, 3, 4), (1, 1, 4)),
    *operations("whole", WHOLE, (3, 4), (3, 4), dtype="int32"),
    *operations("truths", of_truths(TRUTHS), (3, 4), (3, 4)),
    *operations("free-shape", FREE, (None, None, 3)),
]
