"""Recurrent layers, their cells, and the wrappers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.parity.cases.case import Made, made

from .subject import Subject, flags, floats, subject, whole

STATES = {"SimpleRNN": 1, "GRU": 1, "LSTM": 2}
SEQUENCE = floats(5, 4)
CLOSE = 3e-5
"""TensorFlow.js approximates the error function in gelu, step after step."""
ACTIVATIONS = {"activation": ("relu", "softsign", "gelu", "silu", "leaky_relu")}


def layers() -> Iterator[Subject]:
    for name, count in STATES.items():
        state = floats(3) if count == 1 else [floats(3)] * count
        calls = {"initial_state": (state,), "mask": (flags(5),)}
        yield subject(
            name, SEQUENCE, base={"units": 3}, values=ACTIVATIONS, calls=calls, tolerance=CLOSE
        )
        for reset_after in (True, False) if name == "GRU" else ():
            yield subject(
                name,
                SEQUENCE,
                base={"units": 3, "reset_after": reset_after, "return_sequences": True},
                values={
                    "go_backwards": (True,),
                    "use_bias": (False,),
                    "return_state": (True,),
                    "recurrent_activation": ("hard_sigmoid",),
                    "activation": ("relu",),
                },
                calls=calls,
                label=f"reset.{reset_after}",
                limited=True,
            )


def cells() -> Iterator[Subject]:
    for name in STATES:
        yield subject(
            f"{name}Cell",
            SEQUENCE,
            base={"units": 3},
            values=ACTIVATIONS,
            inside="RNN",
            tolerance=CLOSE,
        )
    listed = [made("layers.GRUCell", units=3), made("layers.LSTMCell", units=2)]
    yield subject("StackedRNNCells", SEQUENCE, base={"cells": listed}, inside="RNN")
    for label, cell in {
        "lstm": made("layers.LSTMCell", units=3),
        "gru": made("layers.GRUCell", units=3),
        "listed": listed,
    }.items():
        calls = {"mask": (flags(5),)}
        yield subject("RNN", SEQUENCE, base={"cell": cell}, label=label, calls=calls)


def inner(name: str, **arguments: Any) -> Made:
    return made(f"layers.{name}", **arguments)


def bidirectional() -> Iterator[Subject]:
    for name in STATES:
        variants = [
            inner(name, units=3, return_sequences=True),
            inner(name, units=3, go_backwards=True),
            inner(name, units=3, return_sequences=True, return_state=True),
        ]
        backward = inner(name, units=3, go_backwards=True, activation="relu")
        yield subject(
            "Bidirectional",
            SEQUENCE,
            base={"layer": inner(name, units=3)},
            values={"layer": variants, "backward_layer": (backward,)},
            calls={"mask": (flags(5),)},
            label=name,
        )
    wrapped = inner("RNN", cell=made("layers.GRUCell", units=3), return_sequences=True)
    yield subject("Bidirectional", SEQUENCE, base={"layer": wrapped}, label="cell", limited=True)
    convolution = inner("ConvLSTM2D", filters=2, kernel_size=2)
    yield subject(
        "Bidirectional", floats(3, 4, 4, 2), base={"layer": convolution}, label="conv", limited=True
    )


def every_step() -> Iterator[Subject]:
    parts = {
        "dense": (inner("Dense", units=3), (4,)),
        "activation": (inner("Dense", units=3, activation="gelu"), (4,)),
        "conv2d": (inner("Conv2D", filters=2, kernel_size=2, groups=2), (5, 5, 2)),
        "conv1d": (inner("Conv1D", filters=2, kernel_size=2, padding="causal"), (5, 2)),
        "pool": (inner("GlobalAveragePooling2D"), (4, 4, 2)),
        "batch": (inner("BatchNormalization"), (4, 2)),
        "layer": (inner("LayerNormalization"), (4, 6)),
        "lstm": (inner("LSTM", units=3), (4, 2)),
        "gru": (inner("GRU", units=3), (4, 2)),
        "flatten": (inner("Flatten"), (4, 2)),
        "dropout": (inner("Dropout", rate=0.5), (4, 2)),
        "reshape": (inner("Reshape", target_shape=(2, 4)), (4, 2)),
        "embedding": (inner("Embedding", input_dim=9, output_dim=2), (4,)),
    }
    for label, (layer, shape) in parts.items():
        base = {"layer": layer}
        limited = label != "dense"
        steps = whole(3, *shape, below=9) if label == "embedding" else floats(3, *shape)
        yield subject("TimeDistributed", steps, base=base, label=label, limited=limited)


TABLES = (layers, cells, bidirectional, every_step)
SUBJECTS: tuple[Subject, ...] = tuple(one for table in TABLES for one in table())
