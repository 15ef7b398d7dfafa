"""Hashes of strings and integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.parity.cases.case import BOTH, KERAS2, Build, Keras
from tests.parity.cases.text import COUNTED, ONE_NUMBER, ONE_WORD, WORDS, Table, TextCase

LONG = "seventeen or more bytes", "a text that is longer than thirty-two bytes", "so long " * 9
CASES: list[TextCase] = [
    *Table(class_name="Hashing", shape=(3,), inputs=[*WORDS, LONG]).cases(
        [
            {"num_bins": 50},
            {"num_bins": 50, "salt": 133},
            {"num_bins": 50, "salt": [133, 2**60 + 7]},
            {"num_bins": 50, "mask_value": ""},
            {"num_bins": 1, "mask_value": ""},
            *({"num_bins": 7, "output_mode": mode} for mode in COUNTED),
        ]
    ),
    *Table(
        class_name="Hashing",
        shape=(3,),
        inputs=[[1, -2, 16_777_217], [2_000_000_000, 0, 7]],
        dtype="int64",
        label="numbers",
    ).cases([{"num_bins": 50}, {"num_bins": 50, "mask_value": 7, "salt": 5}]),
    *Table(class_name="Hashing", shape=(1,), inputs=ONE_WORD, label="one").cases(
        [{"num_bins": 7, "output_mode": "one_hot"}]
    ),
]


def _crossing(dtypes: Sequence[str], shape: tuple[int, ...], **arguments: Any) -> Build:
    def build(keras: Keras) -> Any:
        inputs = [keras.Input(shape, dtype=dtype) for dtype in dtypes]
        return keras.Model(inputs, keras.layers.HashedCrossing(**arguments)(inputs))

    return build


CASES += [
    TextCase(
        id=f"HashedCrossing.{'.'.join(dtypes)}-{mode}",
        build=_crossing(dtypes, (1,), num_bins=1000, output_mode=mode),
        inputs=tuple(ONE_WORD if dtype == "string" else ONE_NUMBER for dtype in dtypes),
        dialects=BOTH if len(dtypes) == 2 else (KERAS2,),
    )
    for dtypes in (("string", "string"), ("int64", "int64"), ("string", "int64", "string"))
    for mode in ("int", "one_hot")
]
