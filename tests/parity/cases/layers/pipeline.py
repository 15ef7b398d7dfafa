"""Pipelines of preprocessing."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import KERAS3, Case, Keras

IMAGE = (6, 7, 3)


def _pipeline(keras: Keras) -> Any:
    layers = keras.layers
    steps = [
        layers.RandomFlip(),
        layers.Normalization(name="same"),
        layers.Resizing(4, 5),
        layers.Normalization(axis=None, name="same_too"),
        layers.CenterCrop(3, 3),
    ]
    given = keras.Input(IMAGE)
    x = layers.Normalization()(given)
    return keras.Model(given, layers.Conv2D(2, 2)(layers.Pipeline(steps, name="it")(x)))


def _pipelines(keras: Keras) -> Any:
    layers = keras.layers
    inner = layers.Pipeline([layers.Rescaling(2.0), layers.Normalization()])
    given = keras.Input(IMAGE)
    return keras.Model(given, layers.Pipeline([inner, layers.Rescaling(0.5, 1.0)])(given))


CASES = [
    Case(id="Pipeline", build=_pipeline, dialects=(KERAS3,)),
    Case(id="Pipeline.nested", build=_pipelines, dialects=(KERAS3,)),
]
