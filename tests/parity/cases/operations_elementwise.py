"""Functions of each element: ``keras.ops`` as nodes of a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .operation import Function, halves, operations, with_infinities, within


def called(*names: str) -> dict[str, Function]:
    """Return functions of one tensor, or as many as there are, by name."""

    def one(name: str) -> Function:
        return lambda ops, *tensors: getattr(ops, name)(*tensors)

    return {name: one(name) for name in names}


EVERYWHERE = (
    *("absolute", "abs", "arcsinh", "arctan", "cbrt", "ceil", "conj", "copy", "cos", "cosh"),
    *("deg2rad", "erf", "exp", "exp2", "expm1", "floor", "negative", "rad2deg", "real"),
    *("reciprocal", "sign", "signbit", "sin", "sinc", "sinh", "square", "tan", "tanh", "trunc"),
    *("relu", "relu6", "sigmoid", "softplus", "softsign", "silu", "log_sigmoid", "hard_sigmoid"),
    *("hard_silu", "elu", "selu", "celu", "gelu", "leaky_relu", "tanh_shrink", "hard_tanh"),
    *("hard_shrink", "soft_shrink", "sparse_plus", "squareplus", "sparse_sigmoid", "softmax"),
    *("log_softmax", "logical_not", "isreal", "imag", "angle", "i0", "stop_gradient", "round"),
    *("sparsemax", "isfinite", "glu", "conjugate", "fabs", "erfc"),
)
POSITIVE = ("log", "log10", "log1p", "log2", "sqrt", "rsqrt")
SMALL = ("arccos", "arcsin", "arctanh", "erfinv")
INFINITE = ("isfinite", "isinf", "isnan", "isneginf", "isposinf", "nan_to_num", "relu", "sign")

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
    "clip": lambda ops, x: ops.clip(x, -0.5, 0.5),
    "clip-positive": lambda ops, x: ops.clip(x, 0, 6),
    "clip-infinite": lambda ops, x: ops.clip(x, 0.1, float("inf")),
    "round-2": lambda ops, x: ops.round(x, decimals=2),
    "round-back": lambda ops, x: ops.round(x * 100, decimals=-1),
    "cast-float": lambda ops, x: ops.cast(x, "float32"),
    "cast-int": lambda ops, x: ops.cast(x * 3, "int32"),
    "cast-bool": lambda ops, x: ops.cast(ops.round(x), "bool"),
    "cast-uint8": lambda ops, x: ops.cast(ops.abs(x * 100), "uint8"),
    "saturate_cast": lambda ops, x: ops.saturate_cast(x * 200, "uint8"),
    "where-scalars": lambda ops, x: ops.where(x > 0, 1.0, -1.0),
    "where-tensor": lambda ops, x: ops.where(x > 0.5, x, 0.0),
    "nan_to_num": lambda ops, x: ops.nan_to_num(x, nan=2.0),
    "isclose": lambda ops, x: ops.isclose(x, x * 1.000001),
    "array": lambda ops, x: ops.convert_to_tensor(x),
    "array-itself": lambda ops, x: ops.array(x),
    "allclose": lambda ops, x: ops.allclose(x, x * 1.000001) + x,
    "ldexp": lambda ops, x: ops.ldexp(x, ops.cast(ops.sign(x) * 2, "int32")),
    "normalize": lambda ops, x: ops.normalize(x),
    "normalize-axis": lambda ops, x: ops.normalize(x, axis=1),
    "normalize-epsilon": lambda ops, x: ops.normalize(x, epsilon=2.0),
    "normalize-order": lambda ops, x: ops.normalize(x, order=1),
    "normalize-order-3": lambda ops, x: ops.normalize(x, order=3),
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
    "compare-number": lambda ops, x: x > 0.25,
    "number-compare": lambda ops, x: x >= 0.25,
    "invert": lambda ops, x: ops.logical_not(x > 0),
}

PAIRS = called(
    *("add", "subtract", "multiply", "maximum", "minimum", "arctan2", "divide", "true_divide"),
    *("divide_no_nan", "fmax", "fmin", "fmod", "mod", "hypot", "logaddexp", "logaddexp2"),
    *("equal", "not_equal", "greater", "greater_equal", "less", "less_equal", "logical_and"),
    *("logical_or", "logical_xor", "floor_divide", "heaviside", "isclose"),
)
WHOLE = {
    **called("add", "subtract", "multiply", "maximum", "floor_divide", "mod", "divide"),
    **called("bitwise_and", "bitwise_or", "bitwise_xor", "gcd", "lcm", "power", "greater"),
    **called("equal", "not_equal", "greater_equal", "less", "less_equal"),
    "padding": lambda ops, x, y: ops.cast(ops.not_equal(x, 0), "float32") + (y == 2),
    "limits": lambda ops, x, y: (x > 1) | (y <= -1) | ops.less(3, x),
    "fraction": lambda ops, x, y: (x > 0.5) | ops.equal(y, 1.5),
    "positions": lambda ops, x, y: x >= np.arange(4, dtype="int32"),
    "compare-column": lambda ops, x, y: ops.equal(x[:, :1], y),
    "truth": lambda ops, x, y: ops.cast(x, "bool") & (ops.cast(y - 1, "bool")),
    "shift": lambda ops, x, y: ops.left_shift(x, y) + ops.right_shift(x, y),
    "bitwise_shift": lambda ops, x, y: ops.bitwise_left_shift(x, y) + ops.bitwise_right_shift(x, y),
    "bitwise_not": lambda ops, x, y: ops.bitwise_not(x) + y,
    "half": lambda ops, x, y: x // 2 + ops.cast(y / 2, "int32"),
    "mean": lambda ops, x, y: ops.mean(x, axis=1) + ops.sum(y, axis=1),
    "float-number": lambda ops, x, y: x * 0.5 + y,
    "invert": lambda ops, x, y: ops.bitwise_invert(x) + ops.negative(y),
    "exp": lambda ops, x, y: ops.exp(x) / ops.sqrt(y + 1),
    "where": lambda ops, x, y: ops.where(x > y, x, y),
    "clip": lambda ops, x, y: ops.clip(x, 1, 3) - ops.clip(y, 0, 2),
    "square": lambda ops, x, y: x**2 - ops.abs(y),
}


def _truths(function: Callable[..., Any]) -> Function:
    return lambda ops, x, y: function(ops, x > 0, y > 0)


TRUTHS = {
    "add": _truths(lambda ops, x, y: ops.add(x, y)),
    "multiply": _truths(lambda ops, x, y: ops.multiply(x, y)),
    "sum": _truths(lambda ops, x, y: ops.sum(x, axis=1) + ops.sum(y, axis=1)),
    "mean": _truths(lambda ops, x, y: ops.mean(x, axis=1) + ops.mean(y, axis=1)),
    "float": _truths(lambda ops, x, y: ops.cast(x, "float32") * ops.cast(y, "float32")),
    "where": _truths(lambda ops, x, y: ops.where(ops.logical_and(x, y), 1, 2)),
}

CASES = [
    *operations("one", called(*EVERYWHERE), (3, 4)),
    *operations("vector", called("add", "multiply", "subtract"), (4,), (4,)),
    *operations("positive", called(*POSITIVE), (3, 4), inputs=within(0.1, 4)),
    *operations("small", called(*SMALL), (3, 4), inputs=within(-0.95, 0.95)),
    *operations("arccosh", called("arccosh"), (3, 4), inputs=within(1.1, 4)),
    *operations("halves", called("round", "trunc", "floor", "ceil"), (9, 9), inputs=halves),
    *operations("infinite", called(*INFINITE), (9, 9), inputs=with_infinities),
    *operations("settings", SETTINGS, (3, 4)),
    *operations("settings-4d", {k: SETTINGS[k] for k in ("clip", "softmax-axis-1")}, (2, 3, 4)),
    *operations("arithmetic", ARITHMETIC, (3, 4)),
    *operations("free", {"array": ARITHMETIC["array"], "clip": SETTINGS["clip"]}, (None, 4)),
    *operations("pair", PAIRS, (3, 4), (3, 4)),
    *operations("broadcast", PAIRS, (3, 4), (1, 4)),
    *operations("halves-pair", PAIRS, (9, 9), (9, 9), inputs=halves),
    *operations("ranks", called("add", "subtract", "divide"), (2, 3, 4), (1, 1, 4)),
    *operations("whole", WHOLE, (3, 4), (3, 4), dtype="int32"),
    *operations("truths", TRUTHS, (3, 4), (3, 4)),
]
