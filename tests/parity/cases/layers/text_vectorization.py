"""Texts as the numbers of their words."""

from __future__ import annotations

from tests.parity.cases.case import each
from tests.parity.cases.text import COUNTED, LEARNED, TEXTS, Table

TEXT = Table(class_name="TextVectorization", shape=(1,), inputs=TEXTS, learned=LEARNED)
CASES = [
    *TEXT.cases(
        [
            {},
            *each(
                standardize=["lower", "strip_punctuation", None],
                ngrams=[2, (2, 3)],
                output_sequence_length=[3, 12],
                max_tokens=[4],
            ),
            {"split": "character", "output_sequence_length": 9},
            {"split": "character", "ngrams": 2, "standardize": None},
            *each(output_mode=[*COUNTED, "tf_idf"]),
            {"output_mode": "multi_hot", "max_tokens": 30, "pad_to_max_tokens": True},
            {"output_mode": "tf_idf", "max_tokens": 30, "pad_to_max_tokens": True},
            {"output_mode": "count", "ngrams": 2},
        ]
    ),
    *Table(
        class_name="TextVectorization",
        shape=(1,),
        inputs=TEXTS,
        label="given",
        base={"vocabulary": ["cat", "dog", "über", "a_b"]},
    ).cases(
        [
            {},
            {"output_mode": "multi_hot"},
            {"output_mode": "tf_idf", "idf_weights": [0.5, 1.5, 2.5, 3.0]},
            {"vocabulary": ["", "[UNK]", "cat", "the"]},
        ]
    ),
    *Table(
        class_name="TextVectorization",
        shape=(),
        inputs=[text for (text,) in TEXTS],
        label="scalar",
        learned=LEARNED,
    ).cases([{}, {"output_mode": "count"}]),
    *Table(
        class_name="TextVectorization",
        shape=(3,),
        inputs=[["Cat", "dog!", ""], ["the", "end", "cat"]],
        label="words",
        base={"vocabulary": ["cat", "dog", "the"], "split": None},
    ).cases([{}, {"output_sequence_length": 2}, {"output_sequence_length": 5}]),
]
