"""The table and the graph of a model's layers."""

from __future__ import annotations

from tfjs_serve.facts.checks import Shape
from tfjs_serve.facts.layers import Became, InnerModel, LayerInfo
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.web.pages.layers import graph_of, layer_rows


def layer(path: str, *inputs: str, parameters: int = 0, shape: Shape = (None, 2)) -> LayerInfo:
    return LayerInfo(
        path=path,
        class_name="Dense",
        became=Became.NATIVE,
        shapes=(shape,),
        parameters=parameters,
        inputs=inputs,
    )


NESTED = ModelFacts(
    layers=(
        layer("x"),
        layer("inner/first", parameters=3),
        layer("inner/deeper/second", parameters=4, shape=(None, 7)),
        layer("read", "inner", parameters=1),
        layer("read/forward", parameters=5),
        layer("a/b", "read"),
    ),
    layer_count=6,
    models=(
        InnerModel(path="", class_name="Functional", entries=("x",), exits=("a/b",)),
        InnerModel(path="inner", class_name="Functional", inputs=("x",), exits=("deeper",)),
        InnerModel(path="inner/deeper", class_name="Sequential", exits=("second",)),
    ),
)


def test_models_stand_before_their_layers_with_all_that_is_inside() -> None:
    rows = [(row.name, row.depth, row.parameters, row.is_group) for row in layer_rows(NESTED)]
    assert rows == [
        ("x", 0, "0", False),
        ("inner", 0, "7", True),
        ("first", 1, "3", False),
        ("deeper", 1, "4", True),
        ("second", 2, "4", False),
        ("read", 0, "6", False),
        ("forward", 1, "5", False),
        ("a/b", 0, "0", False),
    ]


def test_a_model_has_the_shape_of_its_last_layer() -> None:
    shapes = {row.name: row.shape for row in layer_rows(NESTED)}
    assert shapes["inner"] == shapes["deeper"] == "[any, 7]"
    unknown = LayerInfo(path="x", class_name="Odd", became=Became.OWN, shapes=(None, (None, 1)))
    (row,) = layer_rows(ModelFacts(layers=(unknown,), layer_count=1))
    assert (row.shape, row.style) == ("?, [any, 1]", "own")


def test_models_that_name_each_other_end() -> None:
    # Facts come from a process that has read a stranger's file.
    facts = ModelFacts(
        layers=(layer("a/b"),),
        models=(InnerModel(path="a", class_name="A", exits=("", "b", "")),),
    )
    assert [row.name for row in layer_rows(facts)] == ["a", "b"]


def test_facts_that_were_made_to_take_for_ever_do_not() -> None:
    names = ("x",) * 100
    paths = ["/".join("x" * depth) for depth in range(1, 100)]
    models = tuple(InnerModel(path=path, class_name="M", exits=names) for path in paths)
    rows = layer_rows(ModelFacts(layers=(layer(f"{paths[-1]}/x"),), models=models))
    assert rows[0].shape == "[any, 2]"


def test_the_graph_has_what_a_script_draws() -> None:
    graph = graph_of(NESTED)
    assert graph["layers"][3] == ["read", "Dense", "native", "[any, 2]", 1, ("inner",)]
    assert graph["models"][1]["inputs"] == ["x"]
    assert graph_of(ModelFacts(layers=(layer("x"),))) == {}
