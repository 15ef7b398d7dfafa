"""Functions that move, join, pick and make elements: ``keras.ops`` as nodes of a graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .case import KERAS3, Build, Case, Keras
from .operation import Function, operations, within

SHAPING: dict[str, Function] = {
    "reshape": lambda ops, x: ops.reshape(x, (-1, 4, 6)),
    "reshape-known": lambda ops, x: ops.reshape(x, (-1, 24)),
    "reshape-flat": lambda ops, x: ops.reshape(x, (-1,)),
    "reshape-two": lambda ops, x: ops.reshape(x, (-1, 2, 3, 2, 2)),
    "reshape-merge": lambda ops, x: ops.reshape(x, (-1, 4)),
    "ravel": lambda ops, x: ops.ravel(x),
    "transpose": lambda ops, x: ops.transpose(x, (0, 3, 1, 2)),
    "transpose-negative": lambda ops, x: ops.transpose(x, (0, -1, 1, -2)),
    "transpose-batch": lambda ops, x: ops.transpose(x, (3, 0, 1, 2)),
    "transpose-all": lambda ops, x: ops.transpose(x),
    "swapaxes": lambda ops, x: ops.swapaxes(x, 1, -1),
    "swapaxes-batch": lambda ops, x: ops.swapaxes(x, 0, 1),
    "moveaxis": lambda ops, x: ops.moveaxis(x, -1, 1),
    "moveaxis-two": lambda ops, x: ops.moveaxis(x, (1, 2), (-1, 1)),
    "rot90": lambda ops, x: ops.rot90(x, k=1, axes=(1, 2)),
    "rot90-2": lambda ops, x: ops.rot90(x, k=2, axes=(1, 2)),
    "rot90-3": lambda ops, x: ops.rot90(x, k=3, axes=(2, 1)),
    "expand_dims": lambda ops, x: ops.expand_dims(x, 1),
    "expand_dims-last": lambda ops, x: ops.expand_dims(x, -1),
    "expand_dims-first": lambda ops, x: ops.expand_dims(x, 0),
    "expand_dims-two": lambda ops, x: ops.expand_dims(x, (1, -1)),
    "squeeze": lambda ops, x: ops.squeeze(x[:, :1], 1),
    "squeeze-all": lambda ops, x: ops.squeeze(x[:, :1, :, 1:2]),
    "broadcast_to": lambda ops, x: ops.broadcast_to(x[:, :1], (2, 5, 3, 4)),
    "flip": lambda ops, x: ops.flip(x, axis=-1),
    "flip-two": lambda ops, x: ops.flip(x, axis=(1, 2)),
    "flip-all": lambda ops, x: ops.flip(x),
    "roll": lambda ops, x: ops.roll(x, 1, axis=2),
    "roll-back": lambda ops, x: ops.roll(x, (-1, 2), axis=(1, 3)),
    "roll-flat": lambda ops, x: ops.roll(x, 2),
    "tile": lambda ops, x: ops.tile(x, (1, 2, 1, 3)),
    "tile-short": lambda ops, x: ops.tile(x, 2),
    "tile-longer": lambda ops, x: ops.tile(x, (2, 1, 1, 1, 2)),
    "repeat": lambda ops, x: ops.repeat(x, 3, axis=1),
    "repeat-each": lambda ops, x: ops.repeat(x, [1, 0, 2, 1], axis=-1),
    "repeat-batch": lambda ops, x: ops.repeat(x, 2, axis=0),
    "repeat-flat": lambda ops, x: ops.repeat(x, 2),
    "pad": lambda ops, x: ops.pad(x, ((0, 0), (1, 2), (0, 1), (0, 0))),
    "pad-channels": lambda ops, x: ops.pad(x, ((0, 0), (0, 0), (0, 0), (2, 1))),
    "pad-value": lambda ops, x: ops.pad(x, ((0, 0), (1, 1), (0, 0), (0, 0)), constant_values=3),
    "pad-batch": lambda ops, x: ops.pad(x, 1),
    "pad-reflect": lambda ops, x: ops.pad(x, ((0, 0), (1, 1), (2, 1), (0, 0)), mode="reflect"),
    "pad-symmetric": lambda ops, x: ops.pad(x, ((0, 0), (1, 1), (2, 1), (0, 0)), mode="symmetric"),
    "pad-edge": lambda ops, x: ops.pad(x, ((0, 0), (1, 1), (2, 1), (0, 0)), mode="edge"),
    "pad-wrap": lambda ops, x: ops.pad(x, ((0, 0), (1, 1), (2, 1), (0, 0)), mode="wrap"),
    "diagonal": lambda ops, x: ops.diagonal(x, axis1=2, axis2=3),
    "diagonal-offset": lambda ops, x: ops.diagonal(x, offset=1, axis1=3, axis2=1),
    "trace": lambda ops, x: ops.trace(x, axis1=2, axis2=3),
    "tril": lambda ops, x: ops.tril(x),
    "tril-offset": lambda ops, x: ops.tril(x, k=-1),
    "triu": lambda ops, x: ops.triu(x, k=1),
    "space_to_depth": lambda ops, x: ops.nn.space_to_depth(x[:, :, :2], 2),
    "depth_to_space": lambda ops, x: ops.nn.depth_to_space(x, 2),
}
VECTORS: dict[str, Function] = {
    "reshape": lambda ops, x: ops.reshape(x, (-1, 2, 2)),
    "diag": lambda ops, x: ops.diag(x),
    "expand": lambda ops, x: ops.expand_dims(x, -1),
    "fliplr": lambda ops, x: ops.fliplr(x),
    "diagflat": lambda ops, x: ops.diagflat(x),
    "flipud": lambda ops, x: ops.flipud(x),
    "swap": lambda ops, x: ops.transpose(x),
}
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
    "expand": lambda ops, x: ops.expand_dims(x, -1),
    "transpose": lambda ops, x: ops.transpose(x, (0, 3, 2, 1)),
    "pad": lambda ops, x: ops.pad(x, ((0, 0), (1, 2), (0, 1), (0, 0))),
    "mean": lambda ops, x: ops.mean(x, axis=(1, 2)),
    "mean-kept": lambda ops, x: ops.mean(x, axis=(1, 2), keepdims=True),
    "sum": lambda ops, x: ops.sum(x, axis=1),
    "concatenate": lambda ops, x: ops.concatenate([x, x * 2], axis=1),
    "preprocessing": lambda ops, x: x[..., ::-1] - np.array([103.9, 116.8, 123.7], "float32"),
    "flip": lambda ops, x: ops.flip(x, axis=1),
}
TIME = ("row", "row-kept", "row-of-channel", "rows", "sum")
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
    "take_along_axis": lambda ops, x, y: ops.take_along_axis(x, ops.argsort(y, axis=1), axis=1),
    "meshgrid": lambda ops, x, y: ops.meshgrid(x[0, 0], y[0, 0]),
    "meshgrid-ij": lambda ops, x, y: ops.meshgrid(x[0, 0], y[0, 1], indexing="ij"),
    "select": lambda ops, x, y: ops.select([x > 0.5, y > 0], [x, y], 7.0),
}
INDICES: dict[str, Function] = {
    "one_hot": lambda ops, x: ops.one_hot(x, 4),
    "one_hot-axis": lambda ops, x: ops.one_hot(x, 6, axis=1),
    "multi_hot": lambda ops, x: ops.multi_hot(x, 6),
    "take": lambda ops, x: ops.take(np.arange(12, dtype="float32").reshape(6, 2), x, axis=0),
    "bincount": lambda ops, x: ops.bincount(x, minlength=6),
    "segment_sum": lambda ops, x: ops.segment_sum(ops.cast(x, "float32")[0], x[0], 6),
    "segment_min": lambda ops, x: ops.segment_min(ops.cast(x, "float32")[0], x[0], 6),
    "segment_prod": lambda ops, x: ops.segment_prod(ops.cast(x, "float32")[0], x[0], 6),
    "segment_max": lambda ops, x: ops.segment_max(ops.cast(x, "float32"), x[:, 0], 5),
    "unravel_index": lambda ops, x: ops.unravel_index(x, (2, 3)),
    "scatter": lambda ops, x: ops.scatter(x[:, :2], ops.cast(x[:, 0], "float32"), (6, 6)),
    "scatter_update": lambda ops, x: ops.scatter_update(
        ops.cast(x, "float32"), [[0, 1], [1, 2]], [7.0, 8.0]
    ),
    "slice": lambda ops, x: ops.slice(x, (x[0, 0] // 5, 1), (1, 2)),
}
ORDER: dict[str, Function] = {
    "sort": lambda ops, x: ops.sort(x),
    "sort-axis": lambda ops, x: ops.sort(x, axis=1),
    "argsort": lambda ops, x: ops.argsort(x),
    "argsort-axis": lambda ops, x: ops.argsort(x, axis=1),
    "argmax": lambda ops, x: ops.argmax(x, axis=-1),
    "argmax-kept": lambda ops, x: ops.argmax(x, axis=1, keepdims=True),
    "argmin": lambda ops, x: ops.argmin(x, axis=1),
    "argmax-flat": lambda ops, x: ops.argmax(x),
    "top_k": lambda ops, x: ops.top_k(x, 2),
    "top_k-values": lambda ops, x: ops.top_k(x, 3)[0],
    "digitize": lambda ops, x: ops.digitize(x, np.array([-1.0, 0.0, 1.0], "float32")),
    "searchsorted": lambda ops, x: ops.searchsorted(np.array([-1.0, 0.0, 1.0], "float32"), x),
    "isin": lambda ops, x: ops.isin(ops.round(x), np.array([0.0, 2.0], "float32")),
    "diff": lambda ops, x: ops.diff(x),
    "diff-2": lambda ops, x: ops.diff(x, n=2, axis=1),
    "zeros_like": lambda ops, x: ops.zeros_like(x) + x,
    "empty_like": lambda ops, x: ops.empty_like(x) * 0 + x,
    "ones_like": lambda ops, x: ops.ones_like(x),
    "full_like": lambda ops, x: ops.full_like(x, 3.0),
    "linspace": lambda ops, x: ops.linspace(x, x + 1, num=5, axis=1),
    "logspace": lambda ops, x: ops.logspace(x, x + 1, num=3),
    "vander": lambda ops, x: ops.vander(x[0, 0], 3),
    "extract_sequences": lambda ops, x: ops.extract_sequences(x, 2, 1),
}

# Keras needs to know the size of the batch.
PATTERNS: dict[str, Function] = {
    "rearrange": lambda ops, x: ops.rearrange(x, "b h w c -> b c h w"),
    "rearrange-join": lambda ops, x: ops.rearrange(x, "b h w c -> b (h w) c"),
    "rearrange-split": lambda ops, x: ops.rearrange(x, "b h w (k c) -> b k (h w) c", k=2),
    "rearrange-batch": lambda ops, x: ops.rearrange(x, "b h w c -> h (b w) c"),
}


def patterns() -> Iterator[Case]:
    """Yield models whose batch has a fixed size."""

    def builder(function: Function) -> Build:
        def build(keras: Keras) -> Any:
            given = keras.Input(batch_shape=(2, 2, 3, 4))
            return keras.Model(given, function(keras.ops, given))

        return build

    for name, function in PATTERNS.items():
        yield Case(id=f"ops.patterns-{name}", build=builder(function), dialects=(KERAS3,))


CASES = [
    *patterns(),
    *operations("shaping", SHAPING, (2, 3, 4)),
    *operations("vectors", VECTORS, (4,)),
    *operations("items", ITEMS, (3, 3, 4)),
    *operations("free-shape", FREE, (None, None, 3)),
    *operations("free-time", {k: FREE[k] for k in TIME}, (None, 3)),
    *operations("joining", JOINING, (2, 3), (2, 3)),
    *operations("indices", INDICES, (3,), dtype="int32"),
    *operations("order", ORDER, (3, 4)),
    *operations(
        "geomspace", {"": lambda ops, x: ops.geomspace(x, x * 3)}, (3,), inputs=within(1, 2)
    ),
]
