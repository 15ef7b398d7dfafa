"""Models of text and of features of several kinds."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.parity.cases.case import Keras
from tests.parity.cases.text import COLOURS, KNOWN, LEARNED, ONE_NUMBER, ONE_WORD, TEXTS, TextCase


def _classifier(keras: Keras) -> Any:
    """The model of many tutorials: text in, a number out."""
    vectorize = keras.layers.TextVectorization(output_sequence_length=6)
    vectorize.adapt(np.array([text for (text,) in LEARNED]))
    return keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            vectorize,
            keras.layers.Embedding(vectorize.vocabulary_size(), 3),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(1),
        ]
    )


def _features(keras: Keras) -> Any:
    """Features of several kinds, as in models of tables."""
    word, number = keras.Input((1,), dtype="string", name="w"), keras.Input((1,), dtype="int64")
    layers = keras.layers
    encoded = [
        layers.CategoryEncoding(num_tokens=6, output_mode="one_hot")(
            layers.StringLookup(vocabulary=COLOURS)(word)
        ),
        layers.IntegerLookup(vocabulary=KNOWN, output_mode="one_hot")(number),
        layers.Hashing(num_bins=5, output_mode="one_hot")(word),
    ]
    return keras.Model([word, number], layers.Dense(2)(layers.Concatenate()(encoded)))


CASES = [
    TextCase(id="classifier", build=_classifier, inputs=(TEXTS,), endings=("keras",)),
    TextCase(id="features", build=_features, inputs=(ONE_WORD, ONE_NUMBER)),
]
