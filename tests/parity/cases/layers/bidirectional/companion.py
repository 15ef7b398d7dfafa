"""Bidirectional in settings that TF.js lacks or gets wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.parity.cases.case import Case, Keras, Made, case_id, layer, layer_cases, made
from tests.parity.cases.inputs import InputMaker, numbers, padded_sequences
from tests.parity.cases.wrapped import SEQUENCE, UNITS, cells, sequences

MERGE_MODES = ("concat", "sum", "ave", "mul", None)
INNER: dict[str, Made] = {
    "GRU": sequences("GRU"),
    "GRU-sequences": sequences("GRU", return_sequences=True),
    "GRU-no-bias": sequences("GRU", use_bias=False),
    "LSTM-exponential": sequences("LSTM", activation="exponential"),
    "RNN-GRU": cells("GRU"),
    "RNN-LSTM-sequences": cells("LSTM", return_sequences=True),
    "RNN-stack": cells("LSTM", "GRU"),
}
MASKED: dict[str, Made] = {
    "GRU": sequences("GRU"),
    "GRU-sequences": sequences("GRU", return_sequences=True),
    "LSTM-sequences": sequences("LSTM", return_sequences=True),
    "SimpleRNN-sequences": sequences("SimpleRNN", return_sequences=True),
    "LSTM-unrolled": sequences("LSTM", return_sequences=True, unroll=True),
    "LSTM-zeros": sequences("LSTM", zero_output_for_mask=True),
    "RNN-stack": cells("LSTM", "GRU", return_sequences=True),
}


def both(
    inner: Made,
    label: str,
    arguments: Mapping[str, Any],
    *,
    inputs: InputMaker = numbers,
    is_masked: bool = False,
    **options: Any,
) -> Case:
    """Return a model of one Bidirectional with all its outputs."""

    def build(keras: Keras) -> Any:
        given = keras.Input((5, 2), **options)
        flow = layer(keras, "Masking")(given) if is_masked else given
        return keras.Model(given, layer(keras, "Bidirectional", layer=inner, **arguments)(flow))

    return Case(id=case_id(f"Bidirectional.both-{label}", arguments), build=build, inputs=inputs)


def bidirectional() -> list[Case]:
    states = {"return_state": True}
    return [
        *(both(inner, name, {}) for name, inner in INNER.items()),
        *(both(sequences("GRU"), "GRU", {"merge_mode": mode}) for mode in MERGE_MODES),
        *(
            both(sequences("GRU", return_sequences=True), "sequences", {"merge_mode": mode})
            for mode in MERGE_MODES
        ),
        both(sequences("GRU", **states), "GRU-states", {}),
        both(sequences("GRU", **states), "GRU-states", {"merge_mode": None}),
        both(sequences("LSTM", activation="exponential", **states), "LSTM-states", {}),
    ]


def masked(at_start: bool) -> list[Case]:
    label = "start" if at_start else "end"
    inputs = padded_sequences(at_start=at_start)
    cases = [
        both(inner, f"{name}-masked-{label}", arguments, inputs=inputs, is_masked=True)
        for name, inner in MASKED.items()
        for arguments in ({}, {"merge_mode": None})
    ]
    return [replace(case, by_tensorflow="unrolled" in case.id) for case in cases]


def own_backward(name: str, **arguments: Any) -> Case:
    """Return a Bidirectional whose directions differ."""

    def build(keras: Keras) -> Any:
        backward = {"go_backwards": True, **UNITS, **arguments}
        kind = backward.pop("kind", "LSTM")
        shared = {key: arguments[key] for key in ("return_sequences",) if key in arguments}
        wrapper = keras.layers.Bidirectional(
            layer(keras, "LSTM", **UNITS, **shared),
            backward_layer=layer(keras, kind, **backward),
        )
        return keras.Sequential([keras.Input(SEQUENCE), wrapper])

    return Case(id=f"Bidirectional.own-backward-{name}", build=build)


def frozen_direction(keras: Keras) -> Any:
    backward = layer(keras, "LSTM", go_backwards=True, trainable=False, **UNITS)
    wrapper = keras.layers.Bidirectional(layer(keras, "LSTM", **UNITS), backward_layer=backward)
    return keras.Sequential([keras.Input(SEQUENCE), wrapper])


def started(is_masked: bool) -> Case:
    def build(keras: Keras) -> Any:
        given = keras.Input((5, 2))
        flow = layer(keras, "Masking")(given) if is_masked else given
        flat = layer(keras, "Flatten")(given)
        states = [layer(keras, "Dense", **UNITS)(flat) for _ in range(2)]
        wrapper = layer(keras, "Bidirectional", layer=INNER["GRU-sequences"])
        return keras.Model(given, wrapper(flow, initial_state=states))

    label = "-masked" if is_masked else ""
    inputs = padded_sequences(at_start=True) if is_masked else numbers
    return Case(id=f"Bidirectional.started{label}", build=build, inputs=inputs)


def encoder_decoder(keras: Keras) -> Any:
    """The encoder reads both ways; its joined states start the decoder."""
    source, target = keras.Input((5, 2), name="source"), keras.Input(SEQUENCE, name="target")
    encoder = layer(keras, "Bidirectional", layer=sequences("GRU", return_state=True))
    _, forward, backward = encoder(layer(keras, "Masking")(source))
    state = layer(keras, "Concatenate")([forward, backward])
    decoder = layer(keras, "GRU", units=6, return_sequences=True)
    return keras.Model([source, target], decoder(target, initial_state=state))


def stateful(merge_mode: str | None) -> Case:
    inner = sequences("LSTM", stateful=True, return_sequences=True)
    return both(inner, "stateful", {"merge_mode": merge_mode}, batch_size=2)


def images(rank: int) -> list[Case]:
    shape = {1: (3, 5, 2), 2: (3, 5, 4, 2), 3: (2, 4, 3, 3, 2)}[rank]
    inner = [
        made(f"layers.ConvLSTM{rank}D", filters=2, kernel_size=2, **arguments)
        for arguments in ({}, {"return_sequences": True, "padding": "same"})
    ]
    return [
        case
        for index, one in enumerate(inner)
        for case in layer_cases(
            "Bidirectional", shape, [{"layer": one}], label=f"images-{rank}-{index}"
        )
    ]


CASES = [
    *bidirectional(),
    *masked(at_start=False),
    *masked(at_start=True),
    own_backward("activation", activation="relu"),
    own_backward("GRU", kind="GRU", return_sequences=True),
    own_backward("SimpleRNN", kind="SimpleRNN"),
    own_backward("no-bias", use_bias=False, return_sequences=True),
    Case(id="Bidirectional.own-backward-frozen", build=frozen_direction),
    started(is_masked=False),
    started(is_masked=True),
    Case(id="Bidirectional.encoder-decoder", build=encoder_decoder, inputs=padded_sequences()),
    stateful("concat"),
    stateful(None),
    *(case for rank in (1, 2, 3) for case in images(rank)),
]
