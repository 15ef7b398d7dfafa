"""Numbers as categories: encodings and bins."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.parity.cases.case import KERAS2, KERAS3, Case, Keras, each, layer_cases
from tests.parity.cases.inputs import Array, tokens
from tests.parity.cases.text import FLOATS, TextCase

_WHOLE = {"dtype": "int32"}
_BOUNDARIES = [-1.5, -0.5, 0.0, 0.25, 1.0]


def around_boundaries(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return numbers of which every other one is a boundary."""
    numbers = random.normal(0, 1, shape)
    return np.where(
        random.integers(0, 2, shape), random.choice(_BOUNDARIES, shape), numbers
    ).astype(dtype)


# --- CategoryEncoding ---------------------------------------------------------------------------

CASES: list[Case | TextCase] = [
    *layer_cases(
        "CategoryEncoding",
        (4,),
        [{"num_tokens": 6}, {"num_tokens": 6, "output_mode": "binary"}],
        input_options=_WHOLE,
        inputs=tokens(6),
    ),
    *(
        case
        for label, shape in (("row", (4,)), ("one", (1,)), ("unknown", (None,)))
        for case in layer_cases(
            "CategoryEncoding",
            shape,
            each(output_mode=["multi_hot", "count"]),
            base={"num_tokens": 6},
            label=label,
            input_options=_WHOLE,
            inputs=tokens(6),
        )
    ),
    *layer_cases(
        "CategoryEncoding",
        (1,),
        [{"output_mode": "one_hot"}],
        base={"num_tokens": 6},
        label="one",
        input_options=_WHOLE,
        inputs=tokens(6),
    ),
    *layer_cases(
        "CategoryEncoding",
        (),
        [{"output_mode": "one_hot"}],
        base={"num_tokens": 6},
        label="scalar",
        input_options=_WHOLE,
        inputs=tokens(6),
    ),
    *(
        case
        for label, shape in (("row", (4,)), ("map", (3, 4)), ("column", (3, 1)), ("free", (None,)))
        for case in layer_cases(
            "CategoryEncoding",
            shape,
            [{"output_mode": "one_hot"}],
            base={"num_tokens": 6},
            label=label,
            input_options=_WHOLE,
            inputs=tokens(6),
            dialects=(KERAS3,),
        )
    ),
    *layer_cases(
        "CategoryEncoding",
        (4,),
        [{"output_mode": "multi_hot"}],
        base={"num_tokens": 6},
        label="floats",
        inputs=tokens(6),
    ),
    *layer_cases(
        "CategoryEncoding",
        (4,),
        [{"output_mode": "count"}],
        base={"num_tokens": 6},
        label="floats",
        inputs=tokens(6),
        dialects=(KERAS2,),
    ),
    *layer_cases(
        "CategoryEncoding",
        (4,),
        [{"output_mode": "one_hot"}],
        base={"num_tokens": 3},
        label="beyond",
        input_options=_WHOLE,
        inputs=tokens(6),
        dialects=(KERAS3,),
    ),
    *layer_cases(
        "CategoryEncoding",
        (4,),
        [{"num_tokens": 5000}],
        label="many",
        input_options=_WHOLE,
        inputs=tokens(5000),
    ),
]


def _weighted(size: int | None) -> Any:
    def build(keras: Keras) -> Any:
        given, weights = keras.Input((size,), dtype="int32"), keras.Input((size,))
        layer = keras.layers.CategoryEncoding(num_tokens=6, output_mode="count")
        return keras.Model([given, weights], layer(given, count_weights=weights))

    return build


CASES += [
    Case(id=f"CategoryEncoding.weighted.{size}", build=_weighted(size), inputs=tokens(6))
    for size in (4, 1, None)
]


def _between_features(keras: Keras) -> Any:
    """Return a model with the layers that FeatureSpace puts between others."""
    parts = keras.src.layers.preprocessing.feature_space
    age, height = keras.Input((1,), name="age"), keras.Input((1,), name="height")
    bins = keras.layers.Discretization(bin_boundaries=_BOUNDARIES, output_mode="one_hot")
    encoded = parts.TFDConcat(axis=-1)([bins(age), parts.TFDIdentity()(height)])
    return keras.Model([age, height], keras.layers.Dense(3)(encoded))


CASES.append(Case(id="feature_space", build=_between_features, dialects=(KERAS3,)))

# --- Discretization -----------------------------------------------------------------------------

CASES += [
    case
    for label, shape in (("row", (4,)), ("one", (1,)), ("unknown", (None,)))
    for case in layer_cases(
        "Discretization",
        shape,
        each(output_mode=["int", "multi_hot", "count"]),
        base={"bin_boundaries": _BOUNDARIES},
        label=label,
        inputs=around_boundaries,
    )
]
CASES += [
    *layer_cases("Discretization", (3, 4), [{"bin_boundaries": _BOUNDARIES}], label="map"),
    *layer_cases(
        "Discretization",
        (1,),
        [{"bin_boundaries": _BOUNDARIES, "output_mode": "one_hot"}],
        label="one",
        inputs=around_boundaries,
    ),
    *layer_cases(
        "Discretization",
        (4,),
        [{"bin_boundaries": _BOUNDARIES, "output_mode": "one_hot"}, {"bin_boundaries": [0.5]}],
        label="more",
        inputs=around_boundaries,
        dialects=(KERAS3,),
    ),
    *layer_cases(
        "Discretization",
        (4,),
        [{"bin_boundaries": [1.0, 2.0, 3.5]}],
        label="integers",
        input_options=_WHOLE,
    ),
]


def _bins(keras: Keras) -> Any:
    layer = keras.layers.Discretization(num_bins=5)
    layer.adapt(np.random.default_rng(3).normal(0, 1, (300, 1)).astype("float32"))
    given = keras.Input((3,))
    return keras.Model(given, layer(given))


CASES.append(TextCase(id="Discretization.learned", build=_bins, inputs=(FLOATS,)))
