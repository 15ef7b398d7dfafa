"""Recurrent layers in settings that TF.js lacks or gets wrong: ``browser/layers/recurrent.js``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .case import (
    KERAS2,
    KERAS3,
    Array,
    Case,
    InputMaker,
    Keras,
    Made,
    case_id,
    each,
    layer,
    layer_cases,
    made,
    numbers,
    padded_sequences,
    resolved,
)
from .recurrent import arguments_of

STATES = {"SimpleRNN": 1, "LSTM": 2, "GRU": 1}
SEQUENCE = (4, 2)
UNITS: dict[str, Any] = {"units": 3}
STATEFUL = [
    {"stateful": True, "return_state": True},
    {"stateful": True, "return_state": True, "return_sequences": True},
]


def named_activations() -> list[Case]:
    """Return cells whose activations TF.js does not have."""
    inner = [
        {"activation": "leaky_relu", "recurrent_activation": "hard_silu"},
        {"activation": made("layers.LeakyReLU", negative_slope=0.3)},
        {"activation": "exponential", "return_sequences": True},
        {"activation": "celu", "use_bias": False},
    ]
    simple = [variant for variant in inner if "recurrent_activation" not in variant]
    return [
        *layer_cases(
            "LSTM", SEQUENCE, inner, base=UNITS, label="inner", dialects=(KERAS3,), weight_scale=0.3
        ),
        *layer_cases(
            "GRU",
            SEQUENCE,
            inner,
            base={**UNITS, "reset_after": False},
            label="inner",
            dialects=(KERAS3,),
            weight_scale=0.3,
        ),
        *layer_cases(
            "SimpleRNN",
            SEQUENCE,
            simple,
            base=UNITS,
            label="inner",
            dialects=(KERAS3,),
            weight_scale=0.3,
        ),
        *layer_cases(
            "LSTM",
            SEQUENCE,
            [{"activation": "exponential"}],
            base=UNITS,
            label="inner.keras2",
            dialects=(KERAS2,),
        ),
        *layer_cases(
            "GRU",
            SEQUENCE,
            each(recurrent_activation=["hard_sigmoid"]),
            base=UNITS,
            label="keras2",
            dialects=(KERAS2,),
        ),
    ]


def masked(
    kind: str,
    arguments: Mapping[str, Any],
    *,
    at_start: bool = False,
    dialects: tuple[str, ...] = (KERAS2, KERAS3),
) -> Case:
    """Return a recurrent layer that must skip the padding."""

    def build(keras: Keras) -> Any:
        given = keras.Input((5, 2))
        recurrent = layer(keras, kind, **{**UNITS, **arguments})
        return keras.Model(given, recurrent(layer(keras, "Masking")(given)))

    return Case(
        id=case_id(f"{kind}.masked-{'start' if at_start else 'end'}", arguments),
        build=build,
        inputs=padded_sequences(at_start=at_start),
        dialects=dialects,
    )


def started(
    kind: str,
    arguments: Mapping[str, Any],
    *,
    masks: bool = False,
    at_start: bool = False,
    dialects: tuple[str, ...] = (KERAS2, KERAS3),
) -> Case:
    """Return a layer whose first state comes from other layers."""

    def build(keras: Keras) -> Any:
        sequence, start = keras.Input((5, 2), name="sequence"), keras.Input((5, 2), name="start")
        flat = layer(keras, "Flatten")(start)
        states = [layer(keras, "Dense", units=3)(flat) for _ in range(STATES[kind])]
        flow = layer(keras, "Masking")(sequence) if masks else sequence
        output = layer(keras, kind, **{**UNITS, **arguments})(flow, initial_state=states)
        return keras.Model([sequence, start], output)

    label = f"{kind}.started{'-masked' if masks else ''}{'-start' if at_start else ''}"
    inputs = padded_sequences(at_start=at_start) if masks else numbers
    return Case(id=case_id(label, arguments), build=build, inputs=inputs, dialects=dialects)


def encoder_decoder(inputs: InputMaker, *, masks: bool) -> Case:
    """Return the classical pair of GRUs, on padded sequences if `masks`."""

    def build(keras: Keras) -> Any:
        source, target = keras.Input((5, 2), name="source"), keras.Input((4, 2), name="target")
        read, written = source, target
        if masks:
            read, written = layer(keras, "Masking")(source), layer(keras, "Masking")(target)
        _, state = layer(keras, "GRU", return_state=True, name="encoder", **UNITS)(read)
        decoder = layer(keras, "GRU", return_sequences=True, name="decoder", **UNITS)
        decoded = decoder(written, initial_state=state)
        return keras.Model([source, target], layer(keras, "Dense", units=2)(decoded))

    return Case(id=f"GRU-seq2seq{'-masked' if masks else ''}", build=build, inputs=inputs)


# --- Cells ------------------------------------------------------------------------------------

CELLS: dict[str, list[Made]] = {
    "GRU": [made("layers.GRUCell", units=3)],
    "SimpleRNN": [made("layers.SimpleRNNCell", units=3, activation="softmax")],
    "LSTM.GRU": [made("layers.LSTMCell", units=2), made("layers.GRUCell", units=3)],
    "GRU.LSTM.SimpleRNN": [
        made("layers.GRUCell", units=4, use_bias=False),
        made("layers.LSTMCell", units=2),
        made("layers.SimpleRNNCell", units=3, activation="relu"),
    ],
    "LSTM.LSTM": [made("layers.LSTMCell", units=2), made("layers.LSTMCell", units=3)],
    "dropout": [
        made("layers.LSTMCell", units=2, dropout=0.3),
        made("layers.GRUCell", units=3, dropout=0.3, recurrent_dropout=0.2),
    ],
}


def rnn(keras: Keras, cells: str, **arguments: Any) -> Any:
    """Return an RNN of the cells of that name."""
    made_cells = resolved(keras, CELLS[cells])
    return keras.layers.RNN(made_cells if len(made_cells) > 1 else made_cells[0], **arguments)


def of_cells(
    cells: str, arguments: Mapping[str, Any], *, masks: bool = False, dialects: Any = None
) -> Case:
    def build(keras: Keras) -> Any:
        given = keras.Input((5, 2))
        flow = layer(keras, "Masking")(given) if masks else given
        return keras.Model(given, _flat(rnn(keras, cells, **arguments)(flow)))

    return Case(
        id=case_id(f"RNN.{cells}{'-masked' if masks else ''}", arguments),
        build=build,
        inputs=padded_sequences() if masks else numbers,
        dialects=dialects or (KERAS2, KERAS3),
    )


def _flat(outputs: Any) -> Any:
    """Return the outputs of an RNN, whose states are nested as its cells are."""
    if not isinstance(outputs, (list, tuple)):
        return outputs
    return [leaf for output in outputs for leaf in _leaves(_flat(output))]


def _leaves(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def started_stack(keras: Keras) -> Any:
    """States are nested: those of the first cell come first."""
    given, start = keras.Input(SEQUENCE), keras.Input((2,))
    sizes = [[2, 2], [3, 3]]
    states = [[layer(keras, "Dense", units=n)(start) for n in cell] for cell in sizes]
    stack = rnn(keras, "LSTM.LSTM", return_state=True, return_sequences=True)
    return keras.Model([given, start], _flat(stack(given, initial_state=states)))


def nested_stack(keras: Keras) -> Any:
    inner = keras.layers.StackedRNNCells(resolved(keras, CELLS["LSTM.GRU"]))
    outer = keras.layers.StackedRNNCells([inner, layer(keras, "GRUCell", units=2)])
    return keras.Sequential([keras.Input(SEQUENCE), keras.layers.RNN(outer)])


# --- Masks that are arguments -------------------------------------------------------------------


def flags(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return numbers, and zeros and ones where the model wants a mask."""
    if len(shape) > 2:
        return numbers(random, shape, dtype)
    return (random.random(shape) < 0.6).astype(dtype)


def given_mask(kind: str, arguments: Mapping[str, Any], *, is_started: bool = False) -> Case:
    """Return a layer that is called with a mask."""

    def build(keras: Keras) -> Any:
        given = keras.Input((5, 2), name="given")
        mask = keras.Input((5,), name="mask", dtype="bool")
        options: dict[str, Any] = {"mask": mask}
        if is_started:
            flat = layer(keras, "Flatten")(given)
            states = [layer(keras, "Dense", units=3)(flat) for _ in range(STATES[kind])]
            options["initial_state"] = states
        output = layer(keras, kind, **{**UNITS, **arguments})(given, **options)
        return keras.Model([given, mask], output)

    label = f"{kind}.given-mask{'-started' if is_started else ''}"
    return Case(id=case_id(label, arguments), build=build, inputs=flags)


# --- Keras 2 only -------------------------------------------------------------------------------


def time_major() -> list[Case]:
    """Return layers whose first axis is time; the number of steps and samples is the same."""
    options: dict[str, Any] = {"dialects": (KERAS2,), "input_options": {"batch_size": 4}}
    variants = [
        {},
        {"return_sequences": True},
        {"return_sequences": True, "go_backwards": True, "return_state": True},
    ]
    return [
        case
        for kind in STATES
        for case in layer_cases(
            kind,
            (3, 2),
            variants,
            base={**UNITS, "time_major": True},
            label="time_major",
            **options,
        )
    ]


KEEPING = (
    {},
    {"return_sequences": True},
    {"go_backwards": True, "return_sequences": True},
    {"return_state": True, "return_sequences": True},
)
ZEROS = (
    {"zero_output_for_mask": True},
    {"zero_output_for_mask": True, "return_sequences": True},
    {"zero_output_for_mask": True, "return_sequences": True, "unroll": True},
    {"zero_output_for_mask": True, "return_sequences": True, "return_state": True},
)

CASES = [
    *layer_cases("GRU", SEQUENCE, arguments_of("GRU"), base=UNITS, label="reset_after"),
    *layer_cases("GRU", (None, 2), base=UNITS, label="reset_after.free-length"),
    *layer_cases(
        "GRU",
        SEQUENCE,
        each(implementation=[1]),
        base=UNITS,
        label="reset_after",
        dialects=(KERAS2,),
    ),
    *(
        case
        for kind in STATES
        for case in layer_cases(
            kind, SEQUENCE, STATEFUL, base=UNITS, label="again", input_options={"batch_size": 2}
        )
    ),
    *layer_cases(
        "GRU",
        SEQUENCE,
        [{"stateful": True}],
        base=UNITS,
        label="stateful",
        input_options={"batch_size": 2},
    ),
    *named_activations(),
    *(masked("GRU", arguments) for arguments in KEEPING),
    *(masked("GRU", arguments, at_start=True) for arguments in KEEPING[:2]),
    *(masked(kind, arguments) for kind in STATES for arguments in ZEROS[1:]),
    *(masked(kind, ZEROS[0], at_start=True) for kind in STATES),
    masked("LSTM", ZEROS[1], at_start=True),
    *(started("GRU", arguments) for arguments in KEEPING),
    *(
        started(kind, {"return_sequences": True, "unroll": unroll}, masks=True, at_start=at_start)
        for kind in STATES
        for unroll in (False, True)
        for at_start in (False, True)
    ),
    started("GRU", ZEROS[1], masks=True),
    *(
        given_mask(kind, {"return_sequences": True, **arguments}, is_started=is_started)
        for kind in STATES
        for arguments in ({}, {"unroll": True}, {"go_backwards": True}, ZEROS[0])
        for is_started in (False, True)
    ),
    encoder_decoder(numbers, masks=False),
    encoder_decoder(padded_sequences(), masks=True),
    *(of_cells(cells, {}) for cells in CELLS),
    *(of_cells(cells, {"return_sequences": True, "go_backwards": True}) for cells in CELLS),
    *(of_cells(cells, {"return_state": True}) for cells in CELLS),
    *(of_cells(cells, {"return_sequences": True}, masks=True) for cells in CELLS),
    Case(id="RNN.started-stack", build=started_stack),
    Case(id="RNN.nested-stack", build=nested_stack),
    *time_major(),
]
