"""Rescaling and Normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.parity.cases.case import KERAS3, Case, Keras, each, grid, layer_cases
from tests.parity.cases.inputs import Array
from tests.parity.cases.text import FLOATS, TextCase

# --- Rescaling ----------------------------------------------------------------------------------

CASES: list[Case | TextCase] = [
    *layer_cases("Rescaling", (3, 4), [{"scale": 1 / 255}, {"scale": 1 / 127.5, "offset": -1.0}]),
    *layer_cases("Rescaling", (3, 4, 3), [{"scale": 2.0, "offset": 0.0}], label="rank4"),
    *layer_cases(
        "Rescaling", (3, 4), [{"scale": 0.5}], input_options={"dtype": "int32"}, label="integers"
    ),
    *layer_cases(
        "Rescaling",
        (3, 4),
        [
            {"scale": [1.0, 2.0, 3.0, 4.0]},
            {"scale": 2.0, "offset": [1.0, 2.0, 3.0, 4.0]},
            {"scale": [1.0, 2.0, 3.0, 4.0], "offset": [4.0, 3.0, 2.0, 1.0]},
            {"scale": [2.0], "offset": -1.0},
            {"scale": [[1.0], [2.0], [3.0]]},
            {"scale": [[1.0] * 4, [2.0] * 4, [3.0] * 4], "offset": [1.0, 2.0, 3.0, 4.0]},
        ],
        label="several",
    ),
    *layer_cases("Rescaling", (4,), [{"scale": [1.0, 2.0, 3.0, 4.0]}], label="row"),
    *layer_cases("Rescaling", (None, None, 3), [{"scale": [1.0, 2.0, 3.0]}], label="unknown"),
    *layer_cases("Rescaling", (None, None, 4, 3), [{"scale": [1.0, 2.0, 3.0]}], label="more"),
    *layer_cases("Rescaling", (3, 1), [{"scale": [1.0, 2.0, 3.0]}], label="wider"),
]


# --- Normalization ------------------------------------------------------------------------------

_ONE = [{"mean": 2.0, "variance": 3.0}, {"mean": 2.0, "variance": 3.0, "invert": True}]
_FOUR = {"mean": [1.0, -2.0, 3.0, 1000.0], "variance": [1.0, 4.0, 0.0, 0.01]}
CASES += [
    *layer_cases("Normalization", (4,), [{}, {"axis": None}, {"invert": True}, {"axis": 1}]),
    *layer_cases("Normalization", (4,), [*_ONE, _FOUR, {**_FOUR, "invert": True}], label="given"),
    *layer_cases(
        "Normalization",
        (3, 4),
        grid(axis=[1, (1, 2), (2,), None, (2, 1)], invert=[False, True]),
        label="series",
    ),
    *layer_cases("Normalization", (None, 4), each(axis=[-1, None]), label="steps"),
    *layer_cases("Normalization", (None, None, 4), each(axis=[-1, None]), label="image"),
    *layer_cases("Normalization", (None, 3, None, 4), each(axis=[-1, (2, 4)]), label="unknown"),
    *layer_cases("Normalization", (2, 3, 4), each(axis=[1, 2, (1, 3), (1, 2, 3)]), label="map"),
    *layer_cases(
        "Normalization",
        (3, 4),
        [{"axis": (1, 2), **_FOUR}, {"axis": (1, 2), "mean": 1.0, "variance": 2.0}],
        label="broadcast",
    ),
    *layer_cases("Normalization", (4,), input_options={"dtype": "int32"}, label="integers"),
    *layer_cases(
        "Normalization", (4,), [{"axis": 0}], input_options={"batch_size": 2}, label="batch"
    ),
]


def _masked(keras: Keras, *layers: Any) -> Any:
    given = keras.Input((4, 3))
    x = keras.layers.Masking()(given)
    for item in layers:
        x = item(x)
    return keras.Model(given, keras.layers.LSTM(2)(x))


def _padded(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    sequences = random.normal(0, 1, shape).astype(dtype)
    sequences[:, 2:] = 0
    return sequences


CASES += [
    Case(
        id="Rescaling.masked",
        build=lambda keras: _masked(keras, keras.layers.Rescaling(2.0, 1.0)),
        inputs=_padded,
        dialects=(KERAS3,),
    ),
    Case(
        id="Normalization.masked",
        build=lambda keras: _masked(keras, keras.layers.Normalization()),
        inputs=_padded,
        dialects=(KERAS3,),
    ),
]


# --- Learned ------------------------------------------------------------------------------------


def _statistics(keras: Keras) -> Any:
    layer = keras.layers.Normalization(axis=-1)
    layer.adapt(np.random.default_rng(3).normal(5, 2, (300, 3)).astype("float32"))
    given = keras.Input((3,))
    return keras.Model(given, layer(given))


CASES.append(TextCase(id="Normalization.learned", build=_statistics, inputs=(FLOATS,)))
