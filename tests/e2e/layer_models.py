"""Small models of Keras, and what it predicts with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.parity.cases.case import random_weight
from tests.parity.harness import Array
from tests.parity.keras3 import built


def gru(keras: Any) -> Any:
    return keras.Sequential(
        [keras.Input((None, 3)), keras.layers.GRU(4, return_sequences=True), keras.layers.GRU(2)]
    )


def exponential(keras: Any) -> Any:
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="exponential")])


def quotient(keras: Any) -> Any:
    left, right = keras.Input((4,)), keras.Input((4,))
    return keras.Model([left, right], left / (keras.ops.abs(right) + 1.0))


def attention(keras: Any) -> Any:
    given = keras.Input((None, 6))
    return keras.Model(given, keras.layers.AdditiveAttention()([given, given]))


def convolution(keras: Any) -> Any:
    """A model that plain TensorFlow.js can load."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )


MODELS = (gru, exponential, quotient, attention)
"""Plain TensorFlow.js cannot load these: ``layers.js`` has what they need."""


def saved(build: Callable[[Any], Any], path: Path) -> tuple[list[Array], list[Array]]:
    """Save a model with random weights; return inputs and Keras's predictions."""
    model = built(build)
    random = np.random.default_rng(1)
    for variable in model.weights:
        values = random_weight(random, tuple(variable.shape), variable.path, 1.0)
        variable.assign(values.astype("float32"))
    model.save(path)
    shapes = [[size or 5 for size in tensor.shape] for tensor in model.inputs]
    inputs = [random.normal(size=shape).astype("float32") for shape in shapes]
    outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    return inputs, [np.asarray(outputs)]


def tensors(inputs: list[Array]) -> list[dict[str, Any]]:
    return [
        {"shape": list(one.shape), "dtype": "float32", "values": one.ravel().tolist()}
        for one in inputs
    ]
