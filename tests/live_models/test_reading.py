"""What is read of a model in memory, where no file of it would do."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from tfjs_serve.errors import SettingsError
from tfjs_serve.live_models.compiled import training_of
from tfjs_serve.live_models.reading import read_live_model
from tfjs_serve.live_models.variables import Variables

# From Keras's own variables.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def dense(**compiled: Any) -> Any:
    keras.backend.clear_session(free_memory=False)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="d")], name="small")
    if compiled:
        model.compile(**compiled)
    return model


def test_weights_are_fetched_when_they_are_read() -> None:
    model = dense()
    ref = read_live_model(model).weights["d"][0]
    model.layers[0].kernel.assign(np.arange(6.0).reshape(2, 3))
    assert (ref.name, ref.shape, ref.dtype) == ("small/d/kernel", (2, 3), "float32")
    assert [block.tolist() for block in ref.blocks(16)] == [[0, 1, 2, 3], [4, 5]]
    assert [block.tolist() for block in ref.blocks(16)] == [[0, 1, 2, 3], [4, 5]]


def test_bfloat16_is_read_as_float32() -> None:
    keras.backend.clear_session(free_memory=False)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, dtype="bfloat16", name="d")])
    model.layers[0].kernel.assign([[1.5], [-2.0]])
    (kernel, _bias) = read_live_model(model).weights["d"]
    assert kernel.dtype == "bfloat16"
    (block,) = kernel.blocks(1024)
    assert (block.dtype.name, block.tolist()) == ("float32", [1.5, -2.0])


@pytest.mark.parametrize("kept", [np.zeros(2, "f4"), SimpleNamespace(dtype="torch.float32")])
def test_the_dtype_is_that_of_the_values(kept: Any) -> None:
    """As of float64 on JAX, which keeps float32; the files that Keras writes have that, too."""
    variable = SimpleNamespace(name="v", shape=(2,), dtype="float64", value=kept)
    (ref,) = Variables(keras).refs([variable])
    assert ref.dtype == "float32"


def test_one_variable_is_one_weight_wherever_it_is() -> None:
    keras.backend.clear_session(free_memory=False)
    shared = keras.layers.Dense(2, name="shared")
    a = keras.Sequential([keras.Input((2,)), shared], name="a")
    b = keras.Sequential([keras.Input((2,)), shared], name="b")
    given = keras.Input((2,))
    weights = read_live_model(keras.Model(given, [a(given), b(given)])).weights
    assert weights["a"][0] is weights["b"][0]


def test_a_model_that_was_not_compiled_has_no_training() -> None:
    assert read_live_model(dense()).training is None


class Settings:
    """As much of a model as its settings are read of."""

    def __init__(self, settings: Any, **given: Any) -> None:
        self._settings = settings
        self._compile_config = SimpleNamespace(config=given)
        self.optimizer = None

    def get_compile_config(self) -> Any:
        return self._settings


def test_settings_that_are_not_json_are_a_problem_of_the_training_alone() -> None:
    training = training_of(Settings({"loss": {1, 2}}), Variables(keras))
    assert training is not None
    assert "cannot be written as JSON" in training.problem


def test_arguments_of_classes_of_the_user_are_those_that_they_say() -> None:
    class Own(keras.losses.Huber):
        pass

    training = read_live_model(dense(optimizer="sgd", loss=Own(delta=3.0))).training
    assert training is not None
    assert "delta" not in training.settings["loss"]["config"]


def test_arguments_that_keras_leaves_out_are_read_of_the_objects() -> None:
    huber = keras.losses.Huber(delta=3.0)
    cosine = keras.metrics.CosineSimilarity(axis=1)
    model = dense(optimizer="sgd", loss={"d": huber}, metrics=[[cosine, "mae"]])
    training = read_live_model(model).training
    assert training is not None
    assert training.settings["loss"]["d"]["config"]["delta"] == 3.0
    assert training.settings["metrics"][0][0]["config"]["axis"] == 1
    assert training.settings["metrics"][0][1] == "mae"


def test_a_subclassed_model_is_named_by_its_class() -> None:
    class Own(keras.Model):
        def __init__(self, size: int, **options: Any) -> None:
            super().__init__(**options)
            self.dense = keras.layers.Dense(size)

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def get_config(self) -> Any:
            raise NotImplementedError

    model = Own(2)
    model(np.ones((1, 3), "float32"))
    assert read_live_model(model).config["class_name"] == "Own"


def test_a_configuration_that_is_not_json_is_named() -> None:
    class Odd(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x

        def get_config(self) -> Any:
            return {**super().get_config(), "table": {1, 2}}

    keras.backend.clear_session(free_memory=False)
    model = keras.Sequential([keras.Input((2,)), Odd()], name="odd")
    with pytest.raises(SettingsError, match="'odd' cannot be described in JSON") as caught:
        read_live_model(model)
    assert "get_config()" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "told", "hint"),
    [
        ("model.h5", "this is a str", "tfjs_serve.convert"),
        (Path("model.h5"), "this is a .*Path", "tfjs_serve.convert"),
        (3, "this is an int", "a model of keras"),
        (keras.layers.Dense(3), "this is a Dense", "a model of keras"),
    ],
)
def test_what_is_no_model_is_named(given: Any, told: str, hint: str) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        read_live_model(given)
    assert hint in caught.value.hint


def test_a_vocabulary_that_was_learned_is_read() -> None:
    pytest.importorskip("tensorflow")
    layer = keras.layers.StringLookup(output_mode="tf_idf")
    layer.adapt([["a", "b"], ["a", "c"]])
    inner = keras.Sequential([keras.Input((2,), dtype="string"), layer], name="inner")
    config = read_live_model(inner).config["config"]["layers"][1]["config"]
    assert config["vocabulary"][0] == "[UNK]"
    assert set(config["vocabulary"][1:]) == {"a", "b", "c"}
    assert len(config["idf_weights"]) == 4
