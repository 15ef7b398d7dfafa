"""Calls of one layer with inputs of different ranks and lengths."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import KERAS3, Build, Case, Keras, RefusedCase, layer, made


def called_for_each(class_name: str, *shapes: tuple[int | None, ...], **arguments: Any) -> Build:
    """Return the builder of a model whose one layer is called for inputs of all the shapes."""

    def build(keras: Keras) -> Any:
        shared = layer(keras, class_name, name="it", **arguments)
        inputs = [keras.Input(shape) for shape in shapes]
        return keras.Model(inputs, [shared(given) for given in inputs], name="m")

    return build


def right(name: str, build: Build) -> Case:
    return Case(id=f"executor-{name}", build=build, dialects=(KERAS3,))


def wrong(name: str, build: Build, code: str) -> RefusedCase:
    return RefusedCase(
        id=f"refused-executor-{name}",
        build=build,
        problems=frozenset({("m/it", code)}),
        dialects=(KERAS3,),
    )


STEPS = {"layer": made("layers.Dense", units=2)}

CASES = [
    right("dense_for_two_ranks", called_for_each("Dense", (4,), (3, 4), units=2)),
    right(
        "time_distributed_for_any_length",
        called_for_each("TimeDistributed", (None, 4), (3, 4), **STEPS),
    ),
    right(
        "time_distributed_for_two_lengths",
        called_for_each("TimeDistributed", (3, 4), (5, 4), **STEPS),
    ),
    wrong(
        "softmax_for_two_ranks",
        called_for_each("Softmax", (4,), (3, 4), axis=1),
        "unsupported-input",
    ),
    wrong("flatten_for_two_ranks", called_for_each("Flatten", (3, 4), (4,)), "unsupported-call"),
    wrong(
        "normalization_for_two_ranks",
        called_for_each("LayerNormalization", (4,), (3, 4)),
        "unsupported-input",
    ),
]
