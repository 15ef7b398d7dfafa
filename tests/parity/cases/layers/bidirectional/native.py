"""Bidirectional as TensorFlow.js has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.parity.cases.case import KERAS3, Build, Case, Keras, case_id, layer, made
from tests.parity.cases.inputs import padded_sequences

LSTM = made("layers.LSTM", units=3)
MERGE_MODES = ("concat", "sum", "ave", "mul")
INNER = {
    "SimpleRNN": made("layers.SimpleRNN", units=3),
    "LSTM": LSTM,
    "GRU": made("layers.GRU", units=3, reset_after=False),
    "LSTM-sequences": made("layers.LSTM", units=3, return_sequences=True),
    "GRU-sequences": made("layers.GRU", units=3, reset_after=False, return_sequences=True),
    "LSTM-no-bias": made("layers.LSTM", units=3, use_bias=False),
    "LSTM-named": made("layers.LSTM", units=3, name="inner"),
}


def bidirectional(arguments: Mapping[str, Any], inner: str) -> Case:
    def build(keras: Keras) -> Any:
        wrapper = layer(keras, "Bidirectional", layer=INNER[inner], **arguments)
        return keras.Sequential([keras.Input((4, 2)), wrapper])

    return Case(id=case_id(f"Bidirectional.{inner}", arguments), build=build)


def two_outputs(inner: str) -> Case:
    """Return a model with ``merge_mode=None``: forward and backward are two outputs."""

    def build(keras: Keras) -> Any:
        given = keras.Input((4, 2))
        wrapper = layer(keras, "Bidirectional", layer=INNER[inner], merge_mode=None)
        return keras.Model(given, wrapper(given))

    return Case(id=f"Bidirectional.{inner}-merge_mode_None", build=build)


def states(kind: str, count: int) -> Case:
    """Return a model that outputs the states of both directions too."""

    def build(keras: Keras) -> Any:
        options = {"reset_after": False} if kind == "GRU" else {}
        inner = layer(keras, kind, units=3, return_state=True, **options)
        given = keras.Input((4, 2))
        outputs = layer(keras, "Bidirectional", layer=inner)(given)
        assert len(outputs) == 1 + 2 * count
        return keras.Model(given, outputs)

    return Case(id=f"Bidirectional.{kind}-return_state", build=build)


def initial_state(keras: Keras) -> Any:
    given, start = keras.Input((4, 2)), keras.Input((3,))
    starts = [layer(keras, "Dense", units=3)(start) for _ in range(4)]
    wrapper = layer(keras, "Bidirectional", layer=LSTM)
    return keras.Model([given, start], wrapper(given, initial_state=starts))


def masked_bidirectional(inner: str, *, at_start: bool) -> Case:
    def build(keras: Keras) -> Any:
        wrapper = layer(keras, "Bidirectional", layer=INNER[inner])
        return keras.Sequential([keras.Input((5, 2)), layer(keras, "Masking"), wrapper])

    label = "start" if at_start else "end"
    inputs = padded_sequences(at_start=at_start)
    return Case(id=f"Bidirectional.{inner}-masked-{label}", build=build, inputs=inputs)


def two_layers_of_bidirectional(keras: Keras) -> Any:
    layers = [
        keras.Input((4, 2)),
        layer(keras, "Bidirectional", layer=INNER["LSTM-sequences"]),
        layer(keras, "Bidirectional", layer=INNER["GRU"]),
        layer(keras, "Dense", units=2),
    ]
    return keras.Sequential(layers)


def same_backward_layer(keras: Keras) -> Any:
    backward = layer(keras, "LSTM", units=3, go_backwards=True, name="back")
    forward = layer(keras, "LSTM", units=3, name="forth")
    wrapper = keras.layers.Bidirectional(forward, backward_layer=backward)
    return keras.Sequential([keras.Input((4, 2)), wrapper])


def named_inside(name: str) -> Build:
    """Return a Bidirectional whose directions TF.js names after a layer called `name`."""

    def build(keras: Keras) -> Any:
        inner = layer(keras, "LSTM", units=3, name=name)
        return keras.Sequential([keras.Input((4, 2)), keras.layers.Bidirectional(inner)])

    return build


CASES = [
    *(bidirectional({}, inner) for inner in INNER),
    *(bidirectional({"merge_mode": mode}, "LSTM") for mode in MERGE_MODES),
    *(bidirectional({"merge_mode": mode}, "GRU-sequences") for mode in MERGE_MODES),
    *(bidirectional({"name": name}, "LSTM-named") for name in ("both", "camelCase")),
    *(bidirectional({"trainable": False}, inner) for inner in ("LSTM",)),
    *(two_outputs(inner) for inner in ("LSTM", "GRU-sequences")),
    *(states(kind, count) for kind, count in (("LSTM", 2), ("GRU", 1))),
    *(
        masked_bidirectional(inner, at_start=at_start)
        for inner in ("SimpleRNN", "LSTM", "GRU")
        for at_start in (False, True)
    ),
    Case(id="Bidirectional-initial_state", build=initial_state),
    Case(id="Bidirectional-two-layers", build=two_layers_of_bidirectional),
    Case(id="Bidirectional-own-backward-same", build=same_backward_layer),
    *(
        Case(id=f"Bidirectional-inner-name-{index}", build=named_inside(name), dialects=(KERAS3,))
        for index, name in enumerate(("my lstm", "größe", "_hidden", "snake_case"))
    ),
]
