"""What a ``model.json`` of another program tells: shapes of outputs, where they are certain."""

from __future__ import annotations

import json

import pytest

from tests.samples import SAMPLE_MODELS
from tfjs_serve.layers_model.tfjs_facts import facts_of

ANY = None


def sequential(*layers: tuple[str, dict[str, object]]) -> dict[str, object]:
    written = [
        {"class_name": name, "config": {"name": f"l{number}", **config}}
        for number, (name, config) in enumerate(layers)
    ]
    return {"modelTopology": {"class_name": "Sequential", "config": {"layers": written}}}


def test_the_sample_tells_the_shape_of_its_output() -> None:
    document = json.loads((SAMPLE_MODELS / "breast-cancer-tfjs" / "model.json").read_text())
    (output,) = facts_of(document, 0).outputs
    assert (output.name, output.shape) == ("benign", (ANY, 1))


IMAGE = {"batch_input_shape": [None, 8, 8, 3]}


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ([("Flatten", IMAGE)], (ANY, 192)),
        ([("Conv2D", {**IMAGE, "filters": 4}), ("Flatten", {}), ("Dense", {"units": 5})], (ANY, 5)),
        ([("Conv2D", {**IMAGE, "filters": 4}), ("GlobalMaxPooling2D", {})], (ANY, 4)),
        ([("Conv2D", {**IMAGE, "filters": 4})], None),
        ([("MaxPooling2D", IMAGE), ("Flatten", {})], None),
        ([("Flatten", {"batch_input_shape": [None, None, 3]})], (ANY, ANY)),
        ([("InputLayer", IMAGE), ("Dense", {"units": 2}), ("ReLU", {})], (ANY, 8, 8, 2)),
        ([("Mystery", IMAGE), ("Flatten", {})], None),
        ([("Dense", {"units": 2})], None),
    ],
)
def test_what_layers_in_a_row_tell(
    layers: list[tuple[str, dict[str, object]]], shape: tuple[int | None, ...] | None
) -> None:
    (output,) = facts_of(sequential(*layers), 0).outputs
    assert output.shape == shape


def test_a_functional_model_is_followed_along_single_inputs() -> None:
    def layer(name: str, kind: str, config: object, *before: str) -> dict[str, object]:
        nodes = [[[one, 0, 0, {}] for one in before]] if before else []
        inner = {"name": name, **(config if isinstance(config, dict) else {})}
        return {"name": name, "class_name": kind, "config": inner, "inbound_nodes": nodes}

    layers = [
        layer("x", "InputLayer", {"batch_input_shape": [None, 4]}),
        layer("a", "Dense", {"units": 3}, "x"),
        layer("b", "Dense", {"units": 2}, "x"),
        layer("c", "Concatenate", {}, "a", "b"),
    ]
    config = {
        "layers": layers,
        "input_layers": [["x", 0, 0]],
        "output_layers": [["a", 0, 0], ["c", 0, 0]],
    }
    document = {"modelTopology": {"class_name": "Model", "config": config}}
    assert [one.shape for one in facts_of(document, 0).outputs] == [(ANY, 3), None]


@pytest.mark.parametrize(
    ("written", "shape"),
    [
        ({}, None),
        ({"tensorShape": {"unknownRank": True}}, None),
        ({"tensorShape": {}}, ()),
        ({"tensorShape": {"dim": [{"size": "-1"}, {"size": "2"}]}}, (ANY, 2)),
    ],
)
def test_a_graph_whose_shape_is_not_known_tells_none(
    written: dict[str, object], shape: tuple[int | None, ...] | None
) -> None:
    document = {"signature": {"outputs": {"y": {"dtype": "DT_FLOAT", **written}}}}
    (output,) = facts_of(document, 0).outputs
    assert output.shape == shape


def test_layers_tell_their_shapes_and_parameters_and_what_they_are_connected_to() -> None:
    document = json.loads((SAMPLE_MODELS / "breast-cancer-tfjs" / "model.json").read_text())
    facts = facts_of(document, 0)
    first, last = facts.layers[0], facts.layers[-1]
    assert first.inputs == ()
    assert last.inputs == (facts.layers[-2].path,)
    assert last.shapes == ((ANY, 1),)
    assert sum(layer.parameters for layer in facts.layers) == facts.parameters > 0
    (model,) = facts.models
    assert (model.path, model.exits) == ("", (last.path,))
    assert model.class_name in ("Sequential", "Functional", "Model")
