"""Functions that move elements without computing with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.parity.cases.case import KERAS3, Build, Case, Keras
from tests.parity.cases.functions import Function, operations

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
}
VECTORS: dict[str, Function] = {
    "reshape": lambda ops, x: ops.reshape(x, (-1, 2, 2)),
    "expand": lambda ops, x: ops.expand_dims(x, -1),
    "fliplr": lambda ops, x: ops.fliplr(x),
    "flipud": lambda ops, x: ops.flipud(x),
    "swap": lambda ops, x: ops.transpose(x),
}
FREE: dict[str, Function] = {
    "expand": lambda ops, x: ops.expand_dims(x, -1),
    "transpose": lambda ops, x: ops.transpose(x, (0, 3, 2, 1)),
    "flip": lambda ops, x: ops.flip(x, axis=1),
}
# Keras needs to know the size of the batch.
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
    *operations("shaping", SHAPING, (2, 3, 4)),
    *operations("vectors", VECTORS, (4,)),
    *operations("free-shape", FREE, (None, None, 3)),
    *patterns(),
]
