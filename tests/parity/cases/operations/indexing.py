"""Functions that pick elements, or put them somewhere."""

from __future__ import annotations

import numpy as np

from tests.parity.cases.functions import Function, operations

ITEMS: dict[str, Function] = {
    "channels-turned": lambda ops, x: x[..., ::-1],
    "one": lambda ops, x: x[:, 0],
    "last": lambda ops, x: x[:, -1],
    "last-axis": lambda ops, x: x[..., 0],
    "several": lambda ops, x: x[:, 1, :, 2],
    "part": lambda ops, x: x[:, 1:3],
    "from-end": lambda ops, x: x[:, :-1, 1:],
    "steps": lambda ops, x: x[:, ::2, :, 1::2],
    "steps-back": lambda ops, x: x[:, ::-2],
    "new-axis": lambda ops, x: x[:, None, :, 0],
    "new-axis-last": lambda ops, x: x[..., None],
    "ellipsis": lambda ops, x: x[..., 1:],
    "ellipsis-middle": lambda ops, x: x[:, ..., 0],
    "whole": lambda ops, x: x[:, :],
    "batch": lambda ops, x: x[0],
    "batch-part": lambda ops, x: x[:1, :],
    "batch-last": lambda ops, x: x[-1:, :, 0],
    "beyond": lambda ops, x: x[:, 1:100],
    "get_item": lambda ops, x: ops.get_item(x, 1),
    "slice": lambda ops, x: ops.slice(x, (0, 1, 0, 1), (2, 2, 2, 2)),
    "take": lambda ops, x: ops.take(x, [2, 0, -1], axis=1),
    "take-one": lambda ops, x: ops.take(x, 1, axis=-1),
    "take-matrix": lambda ops, x: ops.take(x, np.array([[0, 1], [2, 1]]), axis=2),
    "take-flat": lambda ops, x: ops.take(x, [0, 5, 7]),
    "take-batch": lambda ops, x: ops.take(x, [1, 0, 1], axis=0),
    "size": lambda ops, x: ops.size(x) + x,
    "slice_update": lambda ops, x: ops.slice_update(x, (0, 1, 1, 0), x[:, :1, :1] * 0 + 5),
}
FREE: dict[str, Function] = {
    "channels-turned": lambda ops, x: x[..., ::-1],
    "channels-part": lambda ops, x: x[..., :2],
    "one-channel": lambda ops, x: x[..., 1],
    "row": lambda ops, x: x[:, 0],
    "row-kept": lambda ops, x: x[:, :1],
    "row-of-channel": lambda ops, x: x[:, 0:1, ..., 2],
    "rows": lambda ops, x: x[:, 1:-1],
}
TIME = ("row", "row-kept", "row-of-channel", "rows")
ALONG: dict[str, Function] = {
    "take_along_axis": lambda ops, x, y: ops.take_along_axis(x, ops.argsort(y, axis=1), axis=1),
}
SINGLE: dict[str, Function] = {
    "take_along_axis": lambda ops, x: ops.take_along_axis(x, ops.cast(x * 0, "int32"), axis=-1),
}
INDICES: dict[str, Function] = {
    "one_hot": lambda ops, x: ops.one_hot(x, 4),
    "one_hot-single": lambda ops, x: ops.one_hot(x * 0, 1),
    "one_hot-axis": lambda ops, x: ops.one_hot(x, 6, axis=1),
    "multi_hot": lambda ops, x: ops.multi_hot(x, 6),
    "take": lambda ops, x: ops.take(np.arange(12, dtype="float32").reshape(6, 2), x, axis=0),
    "unravel_index": lambda ops, x: ops.unravel_index(x, (2, 3)),
    "scatter": lambda ops, x: ops.scatter(x[:, :2], ops.cast(x[:, 0], "float32"), (6, 6)),
    "scatter_update": lambda ops, x: ops.scatter_update(
        ops.cast(x, "float32"), [[0, 1], [1, 2]], [7.0, 8.0]
    ),
    "slice": lambda ops, x: ops.slice(x, (x[0, 0] // 5, 1), (1, 2)),
}

CASES = [
    *operations("items", ITEMS, (3, 3, 4)),
    *operations("free-shape", FREE, (None, None, 3)),
    *operations("free-time", {k: FREE[k] for k in TIME}, (None, 3)),
    *operations("joining", ALONG, (2, 3), (2, 3)),
    *operations("single", SINGLE, (3, 1)),
    *operations("indices", INDICES, (3,), dtype="int32"),
]
