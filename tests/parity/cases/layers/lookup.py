"""Lookups of strings and integers."""

from __future__ import annotations

from tests.parity.cases.case import KERAS3, each, grid
from tests.parity.cases.text import (
    COLOURS,
    COUNTED,
    KNOWN,
    NUMBERS,
    ONE_NUMBER,
    ONE_WORD,
    WORDS,
    Table,
    TextCase,
)

# --- StringLookup -------------------------------------------------------------------------------

IDF = {"output_mode": "tf_idf", "idf_weights": [0.5, 1.5, 2.5, 3.0, 0.25]}
WORD = Table(class_name="StringLookup", shape=(3,), inputs=WORDS, base={"vocabulary": COLOURS})
CASES: list[TextCase] = [
    *WORD.cases(
        [
            {},
            *each(num_oov_indices=[2, 5], mask_token=["", "red_"], oov_token=["red_", "?"]),
            {"mask_token": "", "num_oov_indices": 3},
            *grid(output_mode=COUNTED, mask_token=[None, ""], num_oov_indices=[1, 3]),
            {"output_mode": "multi_hot", "max_tokens": 9, "pad_to_max_tokens": True},
            IDF,
            {**IDF, "max_tokens": 9, "pad_to_max_tokens": True},
            {"vocabulary": ["[UNK]", *COLOURS]},
            {"vocabulary": ["", "[UNK]", *COLOURS], "mask_token": ""},
        ]
    ),
    *Table(class_name="StringLookup", shape=(1,), inputs=ONE_WORD, label="one").cases(
        [{"vocabulary": COLOURS, "output_mode": mode} for mode in ("one_hot", *COUNTED)]
    ),
    *Table(
        class_name="StringLookup", shape=(3,), inputs=WORDS, label="hot", dialects=(KERAS3,)
    ).cases(
        [
            {"vocabulary": COLOURS, "output_mode": "one_hot"},
            {"vocabulary": COLOURS, "num_oov_indices": 4, "salt": [3, 9]},
        ]
    ),
    *Table(
        class_name="StringLookup",
        shape=(3,),
        inputs=[["red", "blue", "red"]],
        label="closed",
        base={"vocabulary": COLOURS, "num_oov_indices": 0},
    ).cases(each(output_mode=["int", "multi_hot"])),
    *Table(
        class_name="StringLookup",
        shape=(3,),
        inputs=WORDS,
        label="learned",
        learned=[["red"], ["blue"], ["red"], ["a_b"], ["𝄞"]],
    ).cases([{}, {"output_mode": "count"}, {"mask_token": "", "max_tokens": 4}]),
    *Table(class_name="StringLookup", shape=(), inputs=["red", "no"], label="scalar").cases(
        [{"vocabulary": COLOURS}, {"vocabulary": COLOURS, "output_mode": "one_hot"}]
    ),
    *Table(
        class_name="StringLookup",
        shape=(3,),
        inputs=[[0, 1, 2], [3, 6, 9]],
        dtype="int64",
        label="back",
        base={"vocabulary": COLOURS, "invert": True},
    ).cases([{}, {"mask_token": "", "oov_token": "no_thing"}]),
]


# --- IntegerLookup ------------------------------------------------------------------------------

NUMBER = Table(
    class_name="IntegerLookup",
    shape=(3,),
    inputs=NUMBERS,
    dtype="int64",
    base={"vocabulary": KNOWN},
)
CASES += [
    *NUMBER.cases(
        [
            {},
            *each(num_oov_indices=[2, 5], mask_token=[0, 100]),
            {"mask_token": 0, "num_oov_indices": 3},
            *grid(output_mode=COUNTED, mask_token=[None, 0], num_oov_indices=[1, 2]),
            {"output_mode": "multi_hot", "max_tokens": 9, "pad_to_max_tokens": True},
            {"output_mode": "tf_idf", "idf_weights": [0.5, 1.5, 2.5, 3.0]},
            {"vocabulary": [-1, *KNOWN]},
            {"vocabulary": [7, 16_777_217, 2_000_000_000]},
        ]
    ),
    *Table(
        class_name="IntegerLookup",
        shape=(3,),
        inputs=[[16_777_217, 16_777_216, 7], [2_000_000_000, 1, 2]],
        dtype="int64",
        label="large",
    ).cases([{"vocabulary": [7, 16_777_217, 2_000_000_000]}]),
    *Table(
        class_name="IntegerLookup", shape=(1,), inputs=ONE_NUMBER, dtype="int64", label="one"
    ).cases([{"vocabulary": KNOWN, "output_mode": mode} for mode in ("one_hot", *COUNTED)]),
    *Table(
        class_name="IntegerLookup",
        shape=(None,),
        inputs=NUMBERS,
        dtype="int64",
        label="free",
        base={"vocabulary": KNOWN},
    ).cases([{}, *each(output_mode=COUNTED)]),
    *Table(
        class_name="IntegerLookup",
        shape=(3,),
        inputs=[[3, 7, 3], [12, -5, 7]],
        dtype="int64",
        label="closed",
        base={"vocabulary": KNOWN, "num_oov_indices": 0},
    ).cases(each(output_mode=["int", "multi_hot"])),
    *Table(
        class_name="IntegerLookup",
        shape=(3,),
        inputs=NUMBERS,
        dtype="int64",
        label="learned",
        learned=[[3], [3], [8], [100], [8], [3]],
    ).cases([{}, {"output_mode": "count", "mask_token": 0}]),
    *Table(
        class_name="IntegerLookup",
        shape=(3,),
        inputs=NUMBERS,
        dtype="int64",
        label="hashed",
        base={"vocabulary": KNOWN, "oov_method": "farmhash", "num_oov_indices": 4},
        dialects=(KERAS3,),
    ).cases([{}, {"salt": 7}, {"output_mode": "one_hot"}]),
    *Table(
        class_name="IntegerLookup",
        shape=(3,),
        inputs=[[0, 1, 2], [3, 6, 9]],
        dtype="int64",
        label="back",
        base={"vocabulary": KNOWN, "invert": True},
    ).cases([{}, {"mask_token": 0, "oov_token": -9}]),
]
