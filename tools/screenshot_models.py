"""The models in the pictures of the pages: varied, and not all good."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "numpy")

import keras
from keras import layers

from tests.samples import REFERENCES, arrays
from tfjs_serve.keras import write_proof


def write_models(folder: Path) -> None:
    """Write the models into a folder that has the sample models."""
    _similar_pictures().save(folder / "similar-pictures.keras")
    _augmented().save(folder / "augmented.keras")
    _reviews().save(folder / "reviews.keras")
    _prove(folder / "digits.h5")
    (folder / "face.tflite").write_bytes(b"\x1c\x00\x00\x00TFL3")


def _prove(path: Path) -> None:
    """Keep what Keras predicts for a few digits beside the model that reads them."""
    (x,) = arrays(REFERENCES["digits"]["inputs"])
    write_proof(keras.models.load_model(path, compile=False), x, path)


def _similar_pictures() -> keras.Model:
    """Two pictures and a few words, through models in models."""
    picture = keras.Input((64, 64, 3), name="picture")
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu", name="edges")(picture)
    for number in (1, 2):
        x = _residual(x, number)
    seen = layers.GlobalAveragePooling2D(name="everywhere")(x)
    encoder = keras.Model(picture, seen, name="encoder")

    left, right = keras.Input((64, 64, 3), name="left"), keras.Input((64, 64, 3), name="right")
    words = keras.Input((20,), dtype="int32", name="words")
    read = layers.Embedding(1000, 16, name="meaning")(words)
    read = layers.Bidirectional(layers.LSTM(16), name="read")(read)
    joined = layers.Concatenate(name="joined")([encoder(left), encoder(right), read])
    head = keras.Sequential(
        [
            keras.Input((96,)),
            layers.Dense(64, activation="relu", name="hidden"),
            layers.Dropout(0.3, name="forget"),
            layers.Dense(32, activation="relu", name="smaller"),
        ],
        name="head",
    )
    common = head(joined)
    same = layers.Dense(1, activation="sigmoid", name="same")(common)
    topic = layers.Dense(5, activation="softmax", name="topic")(common)
    model = keras.Model([left, right, words], [same, topic], name="similar")
    model.compile("adam", ["binary_crossentropy", "categorical_crossentropy"])
    return model


def _residual(x: keras.KerasTensor, number: int) -> keras.KerasTensor:
    before = x
    for step in (1, 2):
        x = layers.Conv2D(32, 3, padding="same", name=f"conv{number}_{step}")(x)
        x = layers.BatchNormalization(name=f"norm{number}_{step}")(x)
        x = layers.ReLU(name=f"relu{number}_{step}")(x)
    return layers.Add(name=f"skip{number}")([x, before])


def _augmented() -> keras.Model:
    """One with layers that no page can have."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Lambda(lambda x: x / 255.0, name="scale"),
            layers.Conv2D(8, 3, name="conv"),
            layers.Lambda(lambda x: x * 2.0, name="double"),
            layers.GlobalAveragePooling2D(name="pool"),
            layers.Dense(2, name="class"),
        ]
    )


def _reviews() -> keras.Model:
    """One that needs ``layers.js``."""
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32", name="words"),
            layers.Embedding(5000, 32, name="meaning"),
            layers.GRU(32, name="read"),
            layers.Dense(1, activation="sigmoid", name="good"),
        ]
    )
