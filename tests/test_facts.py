"""Facts come from a process that has read a stranger's file, so they are checked."""

from __future__ import annotations

from typing import Any

import pytest

from tfjs_serve.facts.checks import MOST_LINKS
from tfjs_serve.facts.layers import Became, InnerModel, LayerInfo, TensorInfo
from tfjs_serve.facts.model import MOST_LAYERS, MOST_LISTED_LAYERS, ModelFacts
from tfjs_serve.facts.weight_error import WeightError
from tfjs_serve.facts.wording import shortened

FACTS = ModelFacts(
    inputs=(TensorInfo(name="x", shape=(None, 3), dtype="float32"),),
    outputs=(TensorInfo(name="y", shape=None, dtype="int32"),),
    layers=(
        LayerInfo(
            path="a/b",
            class_name="Dense",
            became=Became.LOWERED,
            needs_training_script=True,
            shapes=((None, 4), None),
            parameters=6,
            inputs=("c", "d"),
        ),
    ),
    models=(
        InnerModel(path="", class_name="Functional"),
        InnerModel(
            path="a", class_name="Sequential", inputs=("x",), entries=("c", "d"), exits=("b",)
        ),
    ),
    layer_count=2,
    parameters=7,
    labels=("cat", "dog"),
    parts=("recurrent",),
    weight_bytes={"full": 28},
    weight_error=WeightError(largest=0.5, mean=1e-9),
)


LAYER, MODEL = FACTS.layers[0].to_json(), FACTS.models[1].to_json()


def test_they_survive_the_way_through_json() -> None:
    assert ModelFacts.from_json(FACTS.to_json()) == FACTS
    assert ModelFacts.from_json(ModelFacts().to_json()) == ModelFacts()


def test_a_list_has_the_first_layers_and_not_how_they_are_connected() -> None:
    many = ModelFacts(layers=(MOST_LISTED_LAYERS + 1) * FACTS.layers)
    layers = many.listed()["layers"]
    assert len(layers) == MOST_LISTED_LAYERS
    assert layers[0] == {
        "path": "a/b",
        "className": "Dense",
        "became": "lowered",
        "needsTrainingJs": True,
    }
    assert "models" not in many.listed()
    assert len(many.to_json()["layers"]) == MOST_LISTED_LAYERS + 1


@pytest.mark.parametrize(
    "nonsense",
    [
        {"inputs": None},
        {"inputs": [{"name": 1, "shape": None, "dtype": "x"}]},
        {"inputs": [{"name": "x", "shape": [-1], "dtype": "x"}]},
        {"inputs": [{"name": "x", "shape": [1.5], "dtype": "x"}]},
        {"inputs": [{"name": "x" * 1000, "shape": None, "dtype": "x"}]},
        {"layers": [LAYER | {"became": "magic"}]},
        {"layers": [LAYER | {"shapes": [[-1]]}]},
        {"layers": [LAYER | {"shapes": (MOST_LINKS + 1) * [None]}]},
        {"layers": [LAYER | {"parameters": -1}]},
        {"layers": [LAYER | {"inputs": [7]}]},
        {"layers": (MOST_LAYERS + 1) * [LAYER]},
        {"models": [MODEL | {"path": None}]},
        {"models": [MODEL | {"exits": (MOST_LINKS + 1) * ["x"]}]},
        {"models": (MOST_LAYERS + 1) * [MODEL]},
        {"layers": "text"},
        {"layerCount": True},
        {"parameters": 1 << 63},
        {"labels": [None]},
        {"weightBytes": [1]},
        {"weightBytes": {"full": "1"}},
        {"weightError": {"largest": -0.5, "mean": 0}},
        {"weightError": {"largest": float("inf"), "mean": 0}},
        {"weightError": {"largest": float("nan"), "mean": 0}},
        {"weightError": {"largest": True, "mean": 0}},
        {"weightError": {"largest": 0}},
    ],
)
def test_nonsense_is_noticed(nonsense: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError, KeyError)):
        ModelFacts.from_json(FACTS.to_json() | nonsense)


def test_long_names_are_shortened_to_what_is_accepted() -> None:
    tensor = TensorInfo(name=shortened("x" * 5000), shape=None, dtype="float32")
    assert TensorInfo.from_json(tensor.to_json()) == tensor
