"""What is told of a model: the same as Keras tells, and what became of each layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import pytest

from tests.conversion.building import given, layer, saved, sequential
from tfjs_serve.conversion.translate import translate
from tfjs_serve.facts.layers import Became
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.keras_files import open_model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
"""Of Keras, about its own arrays and masks."""


def told(model: Any, folder: Path, *custom_layers: str) -> ModelFacts:
    path = folder / "model.keras"
    model.save(path)
    with open_model(path, display_name="model.keras") as file:
        facts = translate(file, custom_layers).facts
    assert ModelFacts.from_json(facts.to_json()) == facts
    return facts


def became(facts: ModelFacts) -> dict[str, Became]:
    return {layer.path: layer.became for layer in facts.layers}


def test_facts_are_those_of_keras(tmp_path: Path) -> None:
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    image = keras.Input((8, 8, 3), name="image")
    dense = keras.layers.Dense(4, name="dense")
    inner = keras.Sequential(
        [keras.Input((6,)), dense, keras.layers.BatchNormalization()], name="inner"
    )
    read = keras.layers.GRU(6, name="read")(keras.layers.Embedding(10, 3, name="look")(tokens))
    seen = keras.layers.GlobalAveragePooling2D(name="seen")(image)
    joined = keras.layers.Concatenate(name="joined")([inner(read), seen])
    model = keras.Model([tokens, image], [joined, read])
    facts = told(model, tmp_path)
    assert [(one.name, one.shape, one.dtype) for one in facts.inputs] == [
        ("tokens", (None, None), "int32"),
        ("image", (None, 8, 8, 3), "float32"),
    ]
    assert [(one.name, one.shape, one.dtype) for one in facts.outputs] == [
        ("joined", (None, 7), "float32"),
        ("read", (None, 6), "float32"),
    ]
    assert facts.parameters == model.count_params()
    assert facts.layer_count == len(facts.layers)
    assert became(facts) | {"inner/dense": Became.NATIVE} == became(facts)
    assert became(facts)["read"] is Became.COMPANION
    assert facts.needs_layers
    assert {layer.class_name for layer in facts.layers} >= {"GRU", "Embedding", "Dense"}


def test_a_kernel_that_two_layers_have_counts_once(tmp_path: Path) -> None:
    layers = keras.layers
    inner = layers.Dense(3, name="inner")
    model = keras.Sequential([keras.Input((4,)), layers.SpectralNormalization(inner)])
    facts = told(model, tmp_path)
    assert facts.parameters == model.count_params()
    assert sum(layer.parameters for layer in facts.layers) == facts.parameters


def test_layers_are_told_as_a_summary_of_keras_does(tmp_path: Path) -> None:
    inner = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(4, name="one"), keras.layers.ReLU(name="two")],
        name="inner",
    )
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    both = keras.layers.Add(name="both")([inner(left), inner(right)])
    steps = keras.layers.RepeatVector(3, name="steps")(both)
    read = keras.layers.Bidirectional(keras.layers.LSTM(2, name="lstm"), name="read")(steps)
    model = keras.Model([left, right], [read, both])
    facts = told(model, tmp_path)
    layers = {layer.path: layer for layer in facts.layers}
    for one in model.layers:
        if one.name not in ("left", "right", "inner", "read"):
            found = layers[one.name]
            assert found.shapes == (one.output.shape,)
            assert found.parameters == one.count_params()
    assert layers["left"].shapes == ((None, 4),)
    assert layers["both"].inputs == ("inner",)
    assert layers["steps"].inputs == ("both",)
    assert layers["inner/one"].parameters == 20
    assert layers["inner/two"].inputs == ("one",)
    inside = [layer.parameters for path, layer in layers.items() if path.startswith("read/")]
    own = layers["read"].parameters
    assert own + sum(inside) == model.get_layer("read").count_params()
    assert [(one.path, one.class_name, one.inputs, one.exits) for one in facts.models] == [
        ("", "Functional", (), ("read", "both")),
        ("inner", "Sequential", ("left", "right"), ("two",)),
    ]
    assert facts.models[0].entries == ("left", "right")


def test_each_way_into_the_page_is_told(tmp_path: Path) -> None:
    model = keras.Sequential(
        [
            keras.Input((4, 3)),
            keras.layers.GroupNormalization(groups=1, name="lowered"),
            keras.layers.Activation("exponential", name="helped"),
            keras.layers.Dense(2, name="native"),
        ]
    )
    found = became(told(model, tmp_path))
    assert found["lowered"] is Became.LOWERED
    assert found["helped"] is Became.COMPANION
    assert found["native"] is Became.NATIVE


def test_cells_are_told_as_the_layer_around_them(tmp_path: Path) -> None:
    cells = [keras.layers.LSTMCell(2, dropout=0.5, name="one"), keras.layers.GRUCell(2, name="two")]
    model = keras.Sequential([keras.Input((4, 3)), keras.layers.RNN(cells, name="it")])
    facts = told(model, tmp_path)
    assert became(facts)["it"] is Became.COMPANION
    assert facts.parameters == model.count_params()


def test_a_layer_of_the_page_is_its_own() -> None:
    own = layer("my>Scale", "own") | {"registered_name": "my>Scale"}
    model = saved(sequential([given("x", [None, 3]), own]))
    assert became(translate(model, ["my>Scale"]).facts)["own"] is Became.OWN


@pytest.mark.parametrize("mask_zero", [False, True])
def test_layers_that_a_translation_adds_are_not_told(tmp_path: Path, mask_zero: bool) -> None:
    given_ = keras.Input((5,))
    x = keras.layers.Embedding(7, 4, mask_zero=mask_zero)(given_)
    x = keras.layers.GlobalAveragePooling1D()(keras.layers.Conv1D(3, 2)(x))
    model = keras.Model(given_, x)
    facts = told(model, tmp_path)
    assert [layer.path for layer in facts.layers][:2] == [one.name for one in model.layers][:2]
    assert {layer.path for layer in facts.layers} <= {one.name for one in model.layers}


def test_only_the_first_layers_are_told_one_by_one() -> None:
    many = [layer("ReLU", f"{'relu' * 60}{index}") for index in range(3000)]
    facts = translate(saved(sequential([given("x", [None, 3]), *many]))).facts
    assert 1500 < len(facts.layers) < 3000
    assert facts.layer_count == 3001
    assert len(json.dumps(facts.to_json())) < 2_000_000


def test_layers_that_train_with_a_script_only_are_told(tmp_path: Path) -> None:
    layers = keras.layers
    inner = keras.Sequential(
        [keras.Input((7, 3)), layers.Conv1D(2, 2, dilation_rate=2, name="dilated")], name="inner"
    )
    model = keras.Sequential(
        [
            keras.Input((7, 3)),
            layers.Masking(name="masking"),
            layers.TimeDistributed(layers.BatchNormalization(scale=False, name="b"), name="each"),
            layers.AveragePooling1D(2, strides=1, padding="same", name="padded"),
            layers.ReLU(threshold=0.5, name="lowered"),
            inner,
            layers.Reshape((5, 2, 1), name="turned"),
            layers.AveragePooling2D((2, 1), name="valid"),
            layers.BatchNormalization(name="whole"),
            layers.AutoContrast(name="helped"),
        ]
    )
    found = told(model, tmp_path).layers
    assert {layer.path for layer in found if layer.needs_training_script} == {
        *("masking", "each", "each/b", "padded", "lowered", "inner/dilated", "helped"),
    }
