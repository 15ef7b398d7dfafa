"""Functions that join tensors or take them apart."""

from __future__ import annotations

from tests.parity.cases.functions import Function, operations

SPLIT: dict[str, Function] = {
    "split": lambda ops, x: ops.split(x, 2, axis=-1),
    "split-at": lambda ops, x: ops.split(x, [1, 2], axis=1),
    "split-second": lambda ops, x: ops.split(x, 2, axis=-1)[1],
    "split-batch": lambda ops, x: ops.split(x, 2, axis=0),
    "array_split": lambda ops, x: ops.array_split(x, 3, axis=3),
    "unstack": lambda ops, x: ops.unstack(x, axis=2),
    "unstack-one": lambda ops, x: ops.unstack(x, axis=-1)[2],
    "vsplit": lambda ops, x: ops.vsplit(x, 2),
    "hsplit": lambda ops, x: ops.hsplit(x, 3),
    "dsplit": lambda ops, x: ops.dsplit(x, [1]),
}
FREE: dict[str, Function] = {
    "concatenate": lambda ops, x: ops.concatenate([x, x * 2], axis=1),
}
JOINING: dict[str, Function] = {
    "concatenate": lambda ops, x, y: ops.concatenate([x, y], axis=-1),
    "concatenate-1": lambda ops, x, y: ops.concatenate([x, y, x], axis=1),
    "concatenate-batch": lambda ops, x, y: ops.concatenate([x, y], axis=0),
    "concatenate-one": lambda ops, x, y: ops.concatenate([x], axis=1) + y,
    "stack": lambda ops, x, y: ops.stack([x, y], axis=1),
    "stack-last": lambda ops, x, y: ops.stack([x, y], axis=-1),
    "stack-first": lambda ops, x, y: ops.stack([x, y]),
    "hstack": lambda ops, x, y: ops.hstack([x, y]),
    "vstack": lambda ops, x, y: ops.vstack([x, y]),
    "dstack": lambda ops, x, y: ops.dstack([x, y]),
    "append": lambda ops, x, y: ops.append(x, y, axis=2),
    "append-flat": lambda ops, x, y: ops.append(x, y),
    "meshgrid": lambda ops, x, y: ops.meshgrid(x[0, 0], y[0, 0]),
    "meshgrid-ij": lambda ops, x, y: ops.meshgrid(x[0, 0], y[0, 1], indexing="ij"),
}

CASES = [
    *operations("items", SPLIT, (3, 3, 4)),
    *operations("free-shape", FREE, (None, None, 3)),
    *operations("joining", JOINING, (2, 3), (2, 3)),
]
