"""What Keras computes in other floats than float32 is said with the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conversion.building import given, layer, saved, sequential, weight
from tfjs_serve.conversion.translate import translate

WEIGHTS = {name: [weight(np.eye(3)), weight(np.zeros(3))] for name in "abc"}
MIXED = {"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}, "module": "keras"}


def warnings(*dtypes: Any) -> str:
    layers = [layer("Dense", name, units=3) for name in "abc"]
    for one, dtype in zip(layers, dtypes, strict=True):
        one["config"]["dtype"] = dtype
    return "\n".join(
        translate(saved(sequential([given("x", (None, 3)), *layers]), WEIGHTS)).warnings
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_the_first_layer_is_named_and_the_others_are_counted(dtype: str) -> None:
    text = warnings("float32", dtype, dtype)
    assert f"m/b (Dense): Keras computes it in {dtype} (and 1 more layer)" in text


def test_each_dtype_has_a_note_of_its_own() -> None:
    text = warnings(MIXED, "bfloat16", "float32")
    assert "m/a (Dense): Keras computes it in float16. " in text
    assert "m/b (Dense): Keras computes it in bfloat16. " in text


def test_float32_needs_no_note() -> None:
    assert not warnings("float32", None, {"class_name": "Policy", "config": {"name": "float32"}})
