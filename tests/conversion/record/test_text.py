from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest

from tfjs_serve.conversion.record.model import Record
from tfjs_serve.conversion.record.text import MOST_TEXT, from_text, to_text

RECORD = Record(
    generation=3,
    keras_version="3.15.1",
    config={"class_name": "Sequential", "config": {"name": "größe", "layers": []}},
    changed={"a/b": {"config": {"vocabulary": ["x"]}, "dtype": "float32"}},
    variables={"a/b": {"kernel": ((2, 3), "float32"), "count": ((), "int64")}},
    values={"a/b": {"count": b"\x05" + bytes(7)}},
    custom_layers=("Scale",),
    training={"loss": "mse", "loss_weights": [float("inf")]},
)


def test_a_record_comes_back() -> None:
    assert from_text(to_text(RECORD)) == RECORD


def test_it_is_ascii_that_json_need_not_escape() -> None:
    text = to_text(RECORD)
    assert text.isascii()
    assert not set(text) & set('"\\')


def test_what_is_usual_takes_little() -> None:
    dense = {"class_name": "Dense", "config": {"name": "dense", "units": 10, "use_bias": True}}
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": [dense] * 50}}
    assert len(to_text(Record(generation=3, keras_version="3.15.1", config=config))) < 600


def test_a_record_that_is_too_long_is_left_out() -> None:
    words = np.random.default_rng(0).bytes(MOST_TEXT).hex()
    config = {"class_name": "Sequential", "config": {"words": words}}
    assert to_text(Record(generation=3, keras_version="3", config=config)) == ""


@pytest.mark.parametrize(
    "text",
    [None, 5, [], "", "1", "1====", "2" + to_text(RECORD)[1:], to_text(RECORD)[:-8],
     "1" + base64.b64encode(zlib.compress(b"{}")).decode(), "1" + "A" * MOST_TEXT],
    ids=["none", "number", "list", "empty", "nothing", "padding", "newer", "cut", "other", "long"],
)  # fmt: skip
def test_what_is_no_record_is_none(text: object) -> None:
    assert from_text(text) is None
