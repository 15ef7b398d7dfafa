"""Facts come from a process that has read a stranger's file, so they are checked."""

from __future__ import annotations

from typing import Any

import pytest

from tfjs_serve.facts import MOST_LAYERS, Became, LayerInfo, ModelFacts, TensorInfo, shortened

FACTS = ModelFacts(
    inputs=(TensorInfo(name="x", shape=(None, 3), dtype="float32"),),
    outputs=(TensorInfo(name="y", shape=None, dtype="int32"),),
    layers=(
        LayerInfo(
            path="a/b", class_name="Dense", became=Became.LOWERED, needs_training_script=True
        ),
    ),
    layer_count=2,
    parameters=7,
    labels=("cat", "dog"),
    parts=("recurrent",),
    weight_bytes={"full": 28},
)


def test_they_survive_the_way_through_json() -> None:
    assert ModelFacts.from_json(FACTS.to_json()) == FACTS
    assert ModelFacts.from_json(ModelFacts().to_json()) == ModelFacts()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"inputs": None},
        {"inputs": [{"name": 1, "shape": None, "dtype": "x"}]},
        {"inputs": [{"name": "x", "shape": [-1], "dtype": "x"}]},
        {"inputs": [{"name": "x", "shape": [1.5], "dtype": "x"}]},
        {"inputs": [{"name": "x" * 1000, "shape": None, "dtype": "x"}]},
        {"layers": [{"path": "a", "className": "A", "became": "magic"}]},
        {"layers": (MOST_LAYERS + 1) * [{"path": "a", "className": "A", "became": "native"}]},
        {"layers": "text"},
        {"layerCount": True},
        {"parameters": 1 << 63},
        {"labels": [None]},
        {"weightBytes": [1]},
        {"weightBytes": {"full": "1"}},
    ],
)
def test_nonsense_is_noticed(nonsense: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError, KeyError)):
        ModelFacts.from_json(FACTS.to_json() | nonsense)


def test_long_names_are_shortened_to_what_is_accepted() -> None:
    tensor = TensorInfo(name=shortened("x" * 5000), shape=None, dtype="float32")
    assert TensorInfo.from_json(tensor.to_json()) == tensor
