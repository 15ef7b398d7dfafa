"""Pooling of all that there is."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import KERAS3, Case, Keras, each, layer, layer_cases, one_in
from tests.parity.cases.inputs import padded_sequences
from tests.parity.cases.windows import KINDS, SHAPES, everywhere

# --- What TensorFlow.js has --------------------------------------------------------------------


def native(kind: str) -> list[Case]:
    one, two, three = (f"Global{kind}Pooling{rank}D" for rank in SHAPES)
    first = [{"data_format": "channels_first"}]
    return [
        *layer_cases(one, (None, None), first, label="unknown", dialects=(KERAS3,)),
        *layer_cases(three, (None, 2, 3, 4), first, label="unknown", dialects=(KERAS3,)),
        *layer_cases(three, (None, None, 3, 4), first, label="unknowns", dialects=(KERAS3,)),
        *layer_cases(one, (5, 3), [{}, {"keepdims": False}]),
        *layer_cases(one, (None, 3), label="free-length"),
        *layer_cases(two, (3, 4, 2), [{}, {"keepdims": False}]),
        *layer_cases(two, (2, 3, 4), first),
    ]


# --- What it lacks, or gets wrong ---------------------------------------------------------------


def global_pooling(kind: str, rank: int) -> list[Case]:
    return everywhere(
        f"Global{kind}Pooling{rank}D", SHAPES[rank], [{}, *each(keepdims=[True, False])]
    )


def masked() -> list[Case]:
    """Keras averages over the steps that are not masked."""

    def build(keras: Keras, **arguments: Any) -> Any:
        given = keras.Input((5, 3))
        found = layer(keras, "Masking")(given)
        return keras.Model(given, layer(keras, "GlobalAveragePooling1D", **arguments)(found))

    return [
        Case(
            id=f"GlobalAveragePooling1D.masked-keepdims_{keepdims}",
            build=lambda keras, keepdims=keepdims: build(keras, keepdims=keepdims),
            inputs=padded_sequences(),
        )
        for keepdims in (True, False)
    ]


CASES = [
    *(case for kind in KINDS for case in native(kind)),
    *one_in(
        5,
        [
            *(case for kind in KINDS for rank in SHAPES for case in global_pooling(kind, rank)),
            *masked(),
        ],
    ),
]
