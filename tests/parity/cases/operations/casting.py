"""Other dtypes, fewer digits, and functions that hand their input on."""

from __future__ import annotations

from tests.parity.cases.functions import Function, called, of_truths, operations
from tests.parity.cases.inputs import halves, with_infinities

NAMES = (
    "ceil",
    "conj",
    "copy",
    "floor",
    "real",
    "trunc",
    "imag",
    "stop_gradient",
    "round",
    "conjugate",
)
SETTINGS: dict[str, Function] = {
    "round-2": lambda ops, x: ops.round(x, decimals=2),
    "round-back": lambda ops, x: ops.round(x * 100, decimals=-1),
    "cast-float": lambda ops, x: ops.cast(x, "float32"),
    "cast-int": lambda ops, x: ops.cast(x * 3, "int32"),
    "cast-bool": lambda ops, x: ops.cast(ops.round(x), "bool"),
    "cast-uint8": lambda ops, x: ops.cast(ops.abs(x * 100), "uint8"),
    "saturate_cast": lambda ops, x: ops.saturate_cast(x * 200, "uint8"),
    "nan_to_num": lambda ops, x: ops.nan_to_num(x, nan=2.0),
    "array": lambda ops, x: ops.convert_to_tensor(x),
    "array-itself": lambda ops, x: ops.array(x),
}
TRUTHS: dict[str, Function] = {
    "float": lambda ops, x, y: ops.cast(x, "float32") * ops.cast(y, "float32"),
}

CASES = [
    *operations("one", called(*NAMES), (3, 4)),
    *operations("halves", called("round", "trunc", "floor", "ceil"), (9, 9), inputs=halves),
    *operations("infinite", called("nan_to_num"), (9, 9), inputs=with_infinities),
    *operations("settings", SETTINGS, (3, 4)),
    *operations("truths", of_truths(TRUTHS), (3, 4), (3, 4)),
]
