"""Numbers, shapes and dtypes as versions of Keras 2 wrote them that few people still have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conversion.building import Json, given, layer, saved, sequential, weight
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import ConversionError

ROWS = [weight(np.zeros((5, 2)))]
DENSE = [weight(np.zeros((3, 2))), weight(np.zeros(2))]


def first_of(config: Json, weights: Any = None, version: str = "2.0.8") -> list[Json]:
    """Return the configurations of the translated layers."""
    model = translate(saved(config, weights, 2, version=version))
    layers = model.topology["model_config"]["config"]["layers"]
    return [one["config"] for one in layers]


@pytest.mark.parametrize("class_name", ["LeakyReLU", "ELU"])
def test_numbers_may_be_wrapped_with_their_type(class_name: str) -> None:
    wrapped = {"type": "ndarray", "value": 1.0}
    config = sequential([given("x", (None, 3), 2), layer(class_name, "a", alpha=wrapped)])
    assert first_of(config)[1]["alpha"] == 1.0


def test_shapes_may_be_objects() -> None:
    shape = {"class_name": "TensorShape", "items": [None, 3]}
    config = sequential([layer("Dense", "a", units=2, batch_input_shape=shape)])
    assert first_of(config, {"a": DENSE})[0]["batch_input_shape"] == [None, 3]


@pytest.mark.parametrize("version", ["2.0.2", "2.2.4-tf", "2.15.0"])
def test_embedding_may_have_the_dtype_of_its_input(version: str) -> None:
    rows = layer("Embedding", "a", input_dim=5, output_dim=2, batch_input_shape=[None, 4])
    rows["config"]["dtype"] = "int32"
    made = first_of(sequential([rows]), {"a": ROWS}, version)
    assert [one["dtype"] for one in made] == ["float32", "float32"]


def test_any_first_layer_may_have_the_dtype_of_its_input_without_tensorflow() -> None:
    dense = layer("Dense", "a", units=2, batch_input_shape=[None, 3])
    dense["config"]["dtype"] = "uint8"
    assert first_of(sequential([dense]), {"a": DENSE}, "2.2.4")[1]["dtype"] == "float32"
    with pytest.raises(ConversionError):
        first_of(sequential([dense]), {"a": DENSE}, "2.2.4-tf")


@pytest.mark.parametrize("name", ["infer", "_infer", "infer_with_float32_vars"])
def test_dtype_may_be_left_to_the_input(name: str) -> None:
    dense = layer("Dense", "a", units=2, batch_input_shape=[None, 3])
    dense["config"]["dtype"] = {"class_name": "Policy", "config": {"name": name}}
    assert first_of(sequential([dense]), {"a": DENSE}, "2.2.4-tf")[1]["dtype"] == "float32"
