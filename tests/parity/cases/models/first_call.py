"""Sequential models without ``keras.Input``: their first call tells the shape of their input.

Keras predicts from other sizes than those of that call, so the page must. Each case says which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.parity.cases.case import KERAS3, Build, Case, Keras, dense, layer
from tests.parity.cases.inputs import Array, InputMaker

Layers = Callable[[Keras], list[Any]]
Sizes = tuple[int, ...]


def images(keras: Keras) -> list[Any]:
    return [
        layer(keras, "Conv2D", filters=3, kernel_size=3, activation="relu"),
        layer(keras, "BatchNormalization"),
        layer(keras, "MaxPooling2D"),
        layer(keras, "GlobalAveragePooling2D"),
        dense(keras, 2),
    ]


def flattened(keras: Keras) -> list[Any]:
    return [
        layer(keras, "Conv2D", filters=2, kernel_size=3),
        layer(keras, "Flatten"),
        dense(keras, 2),
    ]


def one_free_axis(keras: Keras) -> list[Any]:
    return [layer(keras, "PReLU", shared_axes=[1]), layer(keras, "Dense", units=2)]


def recurrent(keras: Keras) -> list[Any]:
    return [
        layer(keras, "LSTM", units=3, return_sequences=True),
        layer(keras, "LayerNormalization"),
        layer(keras, "Bidirectional", layer=layer(keras, "LSTM", units=2)),
        dense(keras, 2),
    ]


def cells(keras: Keras) -> list[Any]:
    cell = layer(keras, "SimpleRNNCell", units=3)
    return [layer(keras, "RNN", cell=cell, return_sequences=True), dense(keras, 2)]


def tokens(keras: Keras) -> list[Any]:
    return [
        layer(keras, "Embedding", input_dim=9, output_dim=3),
        layer(keras, "Conv1D", filters=4, kernel_size=2, padding="causal"),
        layer(keras, "GlobalMaxPooling1D"),
    ]


def products(keras: Keras) -> list[Any]:
    return [
        layer(keras, "EinsumDense", equation="...c,cd->...d", output_shape=4, bias_axes="d"),
        layer(keras, "Activation", activation="tanh"),
    ]


def nested(keras: Keras) -> list[Any]:
    inner = [layer(keras, "Conv2D", filters=2, kernel_size=3), layer(keras, "ReLU")]
    pooled = [layer(keras, "GlobalMaxPooling2D"), dense(keras, 2)]
    return [keras.Sequential(inner), keras.Sequential(pooled)]


def each_step(keras: Keras) -> list[Any]:
    inner = keras.Sequential([dense(keras, 4, activation="tanh"), dense(keras, 2)])
    return [
        layer(keras, "TimeDistributed", layer=inner),
        layer(keras, "GRU", units=3, reset_after=False),
    ]


def dropped(keras: Keras) -> list[Any]:
    """What only the rank of the input tells: no layer with weights asks for it first."""
    return [layer(keras, "ZeroPadding2D"), layer(keras, "Dropout", rate=0.5), *images(keras)]


def flattened_last(keras: Keras) -> list[Any]:
    return [layer(keras, "ReLU"), layer(keras, "Flatten")]


def groups(keras: Keras) -> list[Any]:
    """With both sizes free it would need more JavaScript, so one of them stays."""
    return [
        layer(keras, "Conv2D", filters=4, kernel_size=3),
        layer(keras, "GroupNormalization", groups=2),
        layer(keras, "GlobalAveragePooling2D"),
    ]


def resized(keras: Keras) -> list[Any]:
    return [layer(keras, "Resizing", height=6, width=6), *flattened(keras)]


def unrolled(keras: Keras) -> list[Any]:
    return [layer(keras, "LSTM", units=3, unroll=True), dense(keras, 2)]


def called(layers: Layers, first: Sizes) -> Build:
    def build(keras: Keras) -> Any:
        model = keras.Sequential(layers(keras))
        model(np.ones(first, "float32"))
        return model

    return build


def fitted(keras: Keras) -> Any:
    """The batch of ``fit`` is the first call."""
    model = keras.Sequential(images(keras))
    model._symbolic_build(data_batch=(np.ones((8, 9, 9, 1), "float32"), np.ones((8, 2))))
    return model


def copied(keras: Keras) -> Any:
    """It has the batch of the first call too, and insists on the other sizes."""
    model = called(images, (4, 9, 9, 1))(keras)
    return keras.Model(model.inputs, model.layers[-2].output)


def functional_around(keras: Keras) -> Any:
    """A model that was called before, with sizes and a batch of its own."""
    inner = called(images, (4, 9, 9, 1))(keras)
    given = keras.Input((None, None, 1))
    return keras.Model(given, dense(keras, 3)(inner(given)))


def of_shape(*sizes: int) -> InputMaker:
    """Return a maker of inputs of this shape, whichever one the model was built for."""

    def make(random: np.random.Generator, _shape: Sizes, dtype: str) -> Array:
        if dtype.startswith("int"):
            return random.integers(0, 9, sizes).astype(dtype)
        return random.uniform(0, 8, sizes).astype(dtype)

    return make


CALLED: dict[str, tuple[Layers, Sizes, Sizes]] = {
    "images": (images, (4, 9, 9, 1), (3, 12, 7, 1)),
    "flattened": (flattened, (4, 6, 6, 1), (3, 6, 6, 1)),
    "one_free_axis": (one_free_axis, (4, 6, 2), (3, 9, 2)),
    "recurrent": (recurrent, (4, 6, 2), (3, 9, 2)),
    "cells": (cells, (4, 6, 2), (3, 9, 2)),
    "tokens": (tokens, (4, 6), (3, 8)),
    "products": (products, (4, 6, 2), (3, 8, 2)),
    "nested": (nested, (4, 9, 9, 1), (3, 12, 7, 1)),
    "each_step": (each_step, (4, 6, 3), (5, 8, 3)),
    "flattened_last": (flattened_last, (4, 6, 2), (3, 9, 2)),
    "groups": (groups, (4, 9, 9, 1), (3, 12, 9, 1)),
    "resized": (resized, (4, 9, 9, 1), (3, 9, 9, 1)),
    "unrolled": (unrolled, (4, 6, 2), (3, 6, 2)),
    "dropped": (dropped, (4, 9, 9, 1), (3, 12, 7, 1)),
}
"""Layers, the shape of the first call, and that of the call that is compared."""


def _cases() -> Iterator[Case]:
    for name, (layers, first, later) in CALLED.items():
        yield Case(
            id=f"first_call-{name}",
            build=called(layers, first),
            inputs=of_shape(*later),
            dialects=(KERAS3,),
        )
    for build, later in (
        (fitted, (3, 12, 7, 1)),
        (copied, (3, 9, 9, 1)),
        (functional_around, (3, 12, 7, 1)),
    ):
        yield Case(
            id=f"first_call-{build.__name__}",
            build=build,
            inputs=of_shape(*later),
            dialects=(KERAS3,),
        )


CASES = tuple(_cases())
