"""Recurrent convolutions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.parity.cases.case import (
    KERAS2,
    KERAS3,
    Case,
    Keras,
    case_id,
    each,
    grid,
    layer,
    layer_cases,
    made,
)
from tests.parity.cases.inputs import flags

FRAMES = {1: (3, 5, 2), 2: (3, 5, 4, 2), 3: (3, 4, 3, 3, 2)}
FRAMES_FIRST = {1: (3, 2, 5), 2: (3, 2, 5, 4), 3: (2, 2, 4, 3, 3)}
MAPS: dict[str, Any] = {"filters": 2, "kernel_size": 2}


def images(rank: int) -> list[Case]:
    kind = f"ConvLSTM{rank}D"
    variants = [
        {},
        *grid(padding=["valid", "same"], strides=[1, 2]),
        *each(
            dilation_rate=[2],
            return_sequences=[True],
            go_backwards=[True],
            use_bias=[False],
            unit_forget_bias=[False],
            activation=["relu"],
            recurrent_activation=["sigmoid"],
            dropout=[0.2],
            recurrent_dropout=[0.2],
            trainable=[False],
            kernel_regularizer=["l2"],
        ),
        {"return_state": True},
        {"return_state": True, "return_sequences": True},
    ]
    first = [
        {},
        {"padding": "same", "return_sequences": True},
        {"return_state": True, "return_sequences": True, "strides": 2},
    ]
    cases = [
        *layer_cases(
            kind,
            FRAMES_FIRST[rank],
            first,
            base={**MAPS, "data_format": "channels_first"},
            label="channels_first",
            dialects=(KERAS3,),
        ),
        *layer_cases(
            kind, FRAMES[rank], each(recurrent_activation=["hard_sigmoid"]), base=MAPS, label="gate"
        ),
        started_images(rank, "channels_last"),
        started_images(rank, "channels_first"),
        masked_images(rank, {}),
        masked_images(rank, {"return_sequences": True, "go_backwards": True}),
    ]
    if rank != 2:
        cases += layer_cases(kind, FRAMES[rank], variants, base=MAPS)
    return cases


def started_images(rank: int, data_format: str) -> Case:
    options = {**MAPS, "padding": "same", "data_format": data_format}
    shape = (FRAMES if data_format == "channels_last" else FRAMES_FIRST)[rank]

    def build(keras: Keras) -> Any:
        given = keras.Input(shape)
        kind = f"ConvLSTM{rank}D"
        _, *states = layer(keras, kind, return_state=True, **options)(given)
        decoder = layer(keras, kind, return_sequences=True, **options)
        return keras.Model(given, decoder(given, initial_state=states))

    dialects = (KERAS2, KERAS3) if data_format == "channels_last" else (KERAS3,)
    return Case(id=f"ConvLSTM{rank}D-started-{data_format}", build=build, dialects=dialects)


def masked_images(rank: int, arguments: Mapping[str, Any]) -> Case:
    """Return a layer with one mask for whole images; Keras 3 has that with TensorFlow only."""

    def build(keras: Keras) -> Any:
        given = keras.Input(FRAMES[rank], name="given")
        mask = keras.Input((3,), name="mask", dtype="bool")
        recurrent = layer(keras, f"ConvLSTM{rank}D", **MAPS, **arguments)
        return keras.Model([given, mask], recurrent(given, mask=mask))

    return Case(
        id=case_id(f"ConvLSTM{rank}D.given-mask", arguments),
        build=build,
        inputs=flags,
        dialects=(KERAS2,),
    )


CASES = [
    *layer_cases(
        "ConvLSTM2D",
        (3, 5, 4, 2),
        [
            {},
            *grid(padding=["valid", "same"], strides=[1, 2]),
            *each(
                kernel_size=[(2, 3)],
                dilation_rate=[2],
                return_sequences=[True],
                go_backwards=[True],
                use_bias=[False],
                unit_forget_bias=[False],
                activation=["relu"],
                recurrent_activation=["sigmoid"],
                dropout=[0.2],
                trainable=[False],
                kernel_regularizer=["l2"],
                recurrent_initializer=[made("initializers.HeNormal", seed=1)],
            ),
            {"return_state": True},
            {"return_state": True, "return_sequences": True},
        ],
        base={"filters": 2, "kernel_size": 2},
    ),
    *layer_cases(
        "ConvLSTM2D",
        (3, 5, 4, 2),
        [{"unroll": True}],
        base={"filters": 2, "kernel_size": 2},
        dialects=(KERAS3,),
    ),
    *(case for rank in (1, 2, 3) for case in images(rank)),
]
