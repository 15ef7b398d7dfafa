"""Recurrent layers as TensorFlow.js has them."""

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
from tests.parity.cases.inputs import padded_sequences

GRU = {"reset_after": False}
"""TF.js has no other GRU, and it is not Keras's default."""
KINDS: dict[str, dict[str, Any]] = {"SimpleRNN": {}, "LSTM": {}, "GRU": GRU}
STATES = {"SimpleRNN": 1, "LSTM": 2, "GRU": 1}


def arguments_of(kind: str) -> list[dict[str, Any]]:
    """Return the sets of arguments that every recurrent layer is tried with."""
    variants = [
        {},
        *grid(return_sequences=[True], go_backwards=[False, True], unroll=[False, True]),
        *grid(return_state=[True], return_sequences=[False, True]),
        *each(
            go_backwards=[True],
            unroll=[True],
            use_bias=[False],
            activation=["relu", "linear", "softsign"],
            dropout=[0.3],
            recurrent_dropout=[0.3],
            trainable=[False],
            units=[1],
            kernel_initializer=["he_normal"],
            recurrent_initializer=[made("initializers.Orthogonal", gain=0.5)],
            bias_initializer=["ones"],
            kernel_regularizer=["l2"],
            recurrent_regularizer=["l1"],
            bias_regularizer=["l2"],
            activity_regularizer=["l2"],
            kernel_constraint=["non_neg"],
            recurrent_constraint=[made("constraints.MaxNorm", max_value=2.0)],
            bias_constraint=["non_neg"],
        ),
    ]
    if kind != "SimpleRNN":
        variants += each(recurrent_activation=["tanh", "relu"])
        variants += [{"use_bias": False, "activation": "relu", "return_sequences": True}]
    if kind == "LSTM":
        variants += each(unit_forget_bias=[False, True])
    return variants


def plain(kind: str) -> list[Case]:
    base = {"units": 3, **KINDS[kind]}
    # Keras 3 stores its random state in the layer; dropout is off when predicting either way.
    return [
        *layer_cases(kind, (4, 2), arguments_of(kind), base=base),
        *layer_cases(kind, (None, 2), base=base, label="free-length"),
        *layer_cases(
            kind,
            (4, 2),
            [{"stateful": True}, {"stateful": True, "return_sequences": True}],
            base=base,
            input_options={"batch_size": 2},
        ),
    ]


def hard_gates() -> list[Case]:
    """``hard_sigmoid`` means in TF.js what it meant in Keras 2."""
    options: dict[str, Any] = {"dialects": (KERAS2,)}
    variants = each(recurrent_activation=["hard_sigmoid"], implementation=[1])
    gates = {"units": 3, "recurrent_activation": "hard_sigmoid"}
    newer = [{}, {"use_bias": False, "return_sequences": True}]
    return [
        *layer_cases("LSTM", (4, 2), variants, base={"units": 3}, **options),
        *layer_cases("GRU", (4, 2), variants, base={"units": 3, **GRU}, **options),
        *layer_cases("LSTM", (4, 2), newer, base=gates, label="hard", dialects=(KERAS3,)),
        *layer_cases("GRU", (4, 2), newer, base={**gates, **GRU}, label="hard", dialects=(KERAS3,)),
    ]


def masked(kind: str, arguments: Mapping[str, Any], *, at_start: bool = False) -> Case:
    """Return a recurrent layer that must skip the padding."""

    def build(keras: Keras) -> Any:
        layers = [
            keras.Input((5, 2)),
            layer(keras, "Masking"),
            layer(keras, kind, units=3, **KINDS[kind], **arguments),
        ]
        return keras.Sequential(layers)

    label = f"{kind}.masked-at-start" if at_start else f"{kind}.masked"
    inputs = padded_sequences(at_start=at_start)
    return Case(id=case_id(label, arguments), build=build, inputs=inputs)


def initial_state(kind: str, spelling: str) -> Case:
    """Return a layer whose first state comes from other layers."""

    def build(keras: Keras) -> Any:
        sequence, start = keras.Input((4, 2), name="sequence"), keras.Input((2,), name="start")
        states = [layer(keras, "Dense", units=3)(start) for _ in range(STATES[kind])]
        recurrent = layer(keras, kind, units=3, return_sequences=True, **KINDS[kind])
        if spelling == "keyword":
            output = recurrent(sequence, initial_state=states)
        else:
            output = recurrent([sequence, *states])
        return keras.Model([sequence, start], output)

    dialects = {"dialects": (KERAS2,)} if spelling == "list" else {}
    return Case(id=f"{kind}-initial_state-{spelling}", build=build, **dialects)


def encoder_decoder(kind: str) -> Case:
    """Return the classical pair: the encoder's states start the decoder."""

    def build(keras: Keras) -> Any:
        source, target = keras.Input((4, 2), name="source"), keras.Input((3, 2), name="target")
        options = {"units": 3, **KINDS[kind]}
        _, *states = layer(keras, kind, return_state=True, name="encoder", **options)(source)
        decoder = layer(keras, kind, return_sequences=True, name="decoder", **options)
        decoded = decoder(target, initial_state=states)
        return keras.Model([source, target], layer(keras, "Dense", units=2)(decoded))

    return Case(id=f"{kind}-encoder-decoder", build=build)


def stacked(keras: Keras) -> Any:
    layers = [
        keras.Input((5, 2)),
        layer(keras, "SimpleRNN", units=3, return_sequences=True),
        layer(keras, "GRU", units=4, return_sequences=True, **GRU),
        layer(keras, "LSTM", units=2),
        layer(keras, "Dense", units=2, activation="softmax"),
    ]
    return keras.Sequential(layers)


def masked_stack(keras: Keras) -> Any:
    layers = [
        keras.Input((5, 2)),
        layer(keras, "Masking"),
        layer(keras, "LSTM", units=3, return_sequences=True),
        layer(keras, "LSTM", units=3, return_sequences=True),
        layer(keras, "Dropout", rate=0.2),
        layer(keras, "GRU", units=2, **GRU),
    ]
    return keras.Sequential(layers)


CASES = [
    *(case for kind in KINDS for case in plain(kind)),
    *hard_gates(),
    *(
        masked(kind, arguments)
        for kind in KINDS
        for arguments in ({}, {"return_sequences": True}, {"go_backwards": True})
    ),
    *(masked(kind, {}, at_start=True) for kind in KINDS),
    *(initial_state(kind, spelling) for kind in KINDS for spelling in ("keyword", "list")),
    *(encoder_decoder(kind) for kind in KINDS),
    Case(id="recurrent-stacked", build=stacked),
    Case(id="recurrent-stacked-masked", build=masked_stack, inputs=padded_sequences()),
]
