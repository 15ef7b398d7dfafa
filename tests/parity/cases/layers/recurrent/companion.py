"""Recurrent layers in settings that TF.js lacks or gets wrong: ``browser/layers/recurrent.js``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.parity.cases.case import (
    KERAS2,
    KERAS3,
    Case,
    Keras,
    case_id,
    each,
    layer,
    layer_cases,
    made,
)
from tests.parity.cases.inputs import InputMaker, flags, numbers, padded_sequences
from tests.parity.cases.layers.recurrent.native import STATES, arguments_of

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


# --- Masks that are arguments -------------------------------------------------------------------


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
    {"zero_output_for_mask": True, "return_sequences": True, "return_state": True},
)
UNROLLED_ZEROS = {"zero_output_for_mask": True, "return_sequences": True, "unroll": True}

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
    *(replace(masked(kind, UNROLLED_ZEROS), by_tensorflow=True) for kind in STATES),
    *(
        replace(masked(kind, arguments), by_tensorflow=True, dialects=(KERAS3,))
        for kind in STATES
        for arguments in (
            {"zero_output_for_mask": True, "unroll": True},
            {**UNROLLED_ZEROS, "go_backwards": True},
        )
    ),
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
    *time_major(),
]
