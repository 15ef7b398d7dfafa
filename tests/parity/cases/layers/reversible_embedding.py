"""Embeddings that go both ways."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import KERAS3, Arguments, Case, Keras, case_id, each, layer
from tests.parity.cases.inputs import tokens

VOCABULARY = 7
SIZES = {"input_dim": VOCABULARY, "output_dim": 4}


def reversible(label: str, arguments: Arguments, length: int | None = 5) -> list[Case]:
    """Return models that call one layer one way, the other way and both ways."""

    def made_of(arguments: Arguments, keras: Keras) -> Any:
        return layer(keras, "ReversibleEmbedding", **{**SIZES, **arguments})

    def forward(keras: Keras) -> Any:
        given = keras.Input((length,), dtype="int32")
        return keras.Model(given, made_of(arguments, keras)(given))

    def backward(keras: Keras) -> Any:
        given = keras.Input((length, 4))
        embedding = made_of(arguments, keras)
        embedding.build()
        return keras.Model(given, embedding(given, reverse=True))

    def both(keras: Keras) -> Any:
        given = keras.Input((length,), dtype="int32")
        embedding = made_of(arguments, keras)
        hidden = layer(keras, "Dense", units=4)(embedding(given))
        return keras.Model(given, embedding(hidden, reverse=True))

    ways = {"forward": forward, "backward": backward, "both": both}
    return [
        Case(
            id=case_id(f"ReversibleEmbedding.{label}{way}", arguments),
            build=build,
            inputs=tokens(VOCABULARY) if way != "backward" else tokens(3),
            dialects=(KERAS3,),
        )
        for way, build in ways.items()
    ]


CASES = [
    *(
        case
        for arguments in [
            {},
            *each(
                tie_weights=[False, True],
                logit_soft_cap=[2.0],
                reverse_dtype=["float32"],
                mask_zero=[True],
                trainable=[False],
                embeddings_constraint=["non_neg"],
            ),
            {"tie_weights": False, "logit_soft_cap": 3.0},
        ]
        for case in reversible("", arguments)
    ),
    *reversible("free-", {}, None),
]
