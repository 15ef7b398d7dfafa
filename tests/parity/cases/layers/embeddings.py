"""Embedding."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import KERAS2, Case, Keras, each, layer, layer_cases, made
from tests.parity.cases.inputs import padded_tokens, tokens

VOCABULARY = 7
BASE = {"input_dim": VOCABULARY, "output_dim": 3}


def masked(recurrent: str, **arguments: Any) -> Case:
    """Return an Embedding whose mask a recurrent layer must heed."""

    def build(keras: Keras) -> Any:
        layers = [
            keras.Input((6,), dtype="int32"),
            layer(keras, "Embedding", **BASE, mask_zero=True),
            layer(keras, recurrent, units=4, **arguments),
        ]
        return keras.Sequential(layers)

    return Case(id=f"Embedding-masks-{recurrent}", build=build, inputs=padded_tokens(VOCABULARY))


def bag_of_words(keras: Keras) -> Any:
    given = keras.Input((6,), dtype="int32")
    vectors = layer(keras, "Embedding", **BASE)(given)
    pooled = layer(keras, "GlobalAveragePooling1D")(vectors)
    return keras.Model(given, layer(keras, "Dense", units=2)(pooled))


CASES = [
    *layer_cases(
        "Embedding",
        (6,),
        [
            {},
            *each(
                mask_zero=[False, True],
                trainable=[False],
                embeddings_initializer=["ones", made("initializers.RandomNormal", stddev=0.1)],
                embeddings_regularizer=["l2"],
                embeddings_constraint=["non_neg"],
            ),
        ],
        base=BASE,
        inputs=tokens(VOCABULARY),
        input_options={"dtype": "int32"},
    ),
    *layer_cases("Embedding", (6,), base=BASE, inputs=tokens(VOCABULARY), label="float-input"),
    *layer_cases("Embedding", (None,), base=BASE, inputs=tokens(VOCABULARY), label="free-length"),
    *layer_cases("Embedding", (2, 3), base=BASE, inputs=tokens(VOCABULARY), label="rank3"),
    *layer_cases(
        "Embedding",
        (6,),
        [{"input_length": 6}],
        base=BASE,
        inputs=tokens(VOCABULARY),
        dialects=(KERAS2,),
    ),
    *layer_cases(
        "Embedding",
        (6,),
        base=BASE,
        inputs=tokens(VOCABULARY),
        input_options={"dtype": "int64"},
        label="int64-input",
    ),
    Case(id="Embedding-averaged", build=bag_of_words, inputs=tokens(VOCABULARY)),
    masked("SimpleRNN"),
    masked("LSTM"),
    masked("GRU", reset_after=False),
]
