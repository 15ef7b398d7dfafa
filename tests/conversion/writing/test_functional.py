"""Graphs as TensorFlow.js's loader numbers them, compared with a loader written for the test."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from tests.conversion.building import Json, call, functional, given, layer, saved
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import ConversionError

MAXIMUM_PASSES = 1000
"""Far more than a graph of these tests needs: only a loader that spins gets there."""


def load(config: Json) -> dict[tuple[str, int], list[tuple[str, int]]]:
    """Load as ``Container.fromConfig`` does; return the inputs of each call of each layer.

    Calls wait until their inputs exist, and get numbers as they are made.
    """
    made: dict[str, list[list[tuple[str, int]]]] = {
        entry["name"]: [[]] if entry["class_name"] == "InputLayer" else []
        for entry in config["layers"]
    }
    queue = {entry["name"]: list(entry["inbound_nodes"]) for entry in config["layers"]}
    for _ in range(MAXIMUM_PASSES):
        if not any(queue.values()):
            break
        for name, nodes in queue.items():
            queue[name] = []
            for node in nodes:
                if all(len(made[source]) > index for source, index, *_ in node):
                    made[name].append([(source, index) for source, index, *_ in node])
                else:
                    queue[name].append(node)
    else:
        raise AssertionError("the loader spins")
    return {(name, i): node for name, nodes in made.items() for i, node in enumerate(nodes)}


def meaning(
    nodes: dict[tuple[str, int], list[tuple[str, int]]], node: tuple[str, int]
) -> tuple[Any, ...]:
    """Return what a node computes, as nested names down to the inputs.

    A copy is what it copies.
    """
    if "/copy_" in node[0]:
        return meaning(nodes, nodes[node][0])
    return (node[0], *(meaning(nodes, source) for source in nodes[node]))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Json, dict[tuple[str, int], list[tuple[str, int]]]]:
    """Return a model whose few layers are called many times, saved in any order, and its calls."""
    names = [f"add{index}" for index in range(draw(st.integers(1, 4)))]
    calls: dict[tuple[str, int], list[tuple[str, int]]] = {("x", 0): [], ("y", 0): []}
    counts = dict.fromkeys(names, 0)
    for _ in range(draw(st.integers(1, 9))):
        name = draw(st.sampled_from(names))
        sources = draw(st.lists(st.sampled_from(sorted(calls)), min_size=2, max_size=3))
        calls[name, counts[name]] = sources
        counts[name] += 1
    used = [name for name in names if counts[name]]
    entries = [given("x", (None, 3)), given("y", (None, 3))]
    for name in used:
        nodes = [
            call(*((source, index, 0) for source, index in calls[name, i]))
            for i in range(counts[name])
        ]
        entries.append(layer("Add", name, nodes))
    outputs = draw(st.lists(st.sampled_from(sorted(calls)), min_size=1, max_size=3, unique=True))
    model = functional(
        draw(st.permutations(entries)),
        [("x", 0, 0), ("y", 0, 0)],
        [(name, index, 0) for name, index in outputs],
    )
    return model, calls


@drawn(graphs())
def test_every_output_is_what_keras_computes(
    drawn_graph: tuple[Json, dict[tuple[str, int], list[tuple[str, int]]]],
) -> None:
    model, calls = drawn_graph
    config = translate(saved(model)).topology["model_config"]["config"]
    nodes = load(config)
    written = [(name, index) for name, index, _ in config["output_layers"]]
    intended = [(name, index) for name, index, _ in model["config"]["output_layers"]]
    for got, wanted in zip(written, intended, strict=True):
        assert meaning(nodes, got) == meaning(calls, wanted)


def test_calls_are_numbered_in_the_order_in_which_the_loader_makes_them() -> None:
    """The file's call 0 waits for a layer that is listed later, so TF.js makes call 1 first."""
    layers = [
        given("x", (None, 3)),
        layer("ReLU", "shared", [call(("late", 0, 0)), call(("x", 0, 0))]),
        layer("ReLU", "late", [call(("x", 0, 0))]),
    ]
    model = functional(layers, [("x", 0, 0)], [("shared", 0, 0), ("shared", 1, 0)])
    config = translate(saved(model)).topology["model_config"]["config"]
    assert config["output_layers"] == [["shared", 1, 0], ["shared", 0, 0]]


def test_layers_that_no_output_needs_are_left_out() -> None:
    layers = [
        given("x", (None, 3)),
        layer("ReLU", "used", [call(("x", 0, 0))]),
        layer("ReLU", "unused", [call(("x", 0, 0))]),
    ]
    model = functional(layers, [("x", 0, 0)], [("used", 0, 0)])
    config = translate(saved(model)).topology["model_config"]["config"]
    assert [entry["name"] for entry in config["layers"]] == ["x", "used"]


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param([call(("b", 0, 0))], id="cycle"),
        pytest.param([call(("x", 7, 0))], id="no such call"),
        pytest.param([call(("nowhere", 0, 0))], id="no such layer"),
    ],
)
def test_a_graph_that_the_loader_could_never_finish_is_refused(nodes: list[Json]) -> None:
    layers = [
        given("x", (None, 3)),
        layer("ReLU", "a", nodes),
        layer("ReLU", "b", [call(("a", 0, 0))]),
    ]
    model = functional(layers, [("x", 0, 0)], [("b", 0, 0)])
    with pytest.raises(ConversionError) as caught:
        translate(saved(model))
    assert {problem.code for problem in caught.value.problems} == {"unsupported-graph"}


def nested(generation: int) -> tuple[Json, Json]:
    """Return a nested model, and a layer that is called after it."""
    inner = functional(
        [given("i", (None, 3), generation), layer("ReLU", "r", [call(("i", 0, 0))])],
        [("i", 0, 0)],
        [("r", 0, 0)],
        name="inner",
    )
    return inner, layer("ReLU", "after", [])


@pytest.mark.parametrize("first", [0, 1])
def test_keras_2_numbers_of_nested_models_are_told_from_their_use(first: int) -> None:
    """Which number the first call has depends on how the nested model was made."""
    inner, after = nested(2)
    inner["config"]["layers"][1]["inbound_nodes"] = [[["i", 0, 0, {}]]]
    entry = {**inner, "name": "inner", "inbound_nodes": [[["x", 0, 0, {}]]]}
    after["inbound_nodes"] = [[["inner", first, 0, {}]]]
    layers = [given("x", (None, 3), 2), entry, after]
    model = functional(layers, [("x", 0, 0)], [("after", 0, 0), ("inner", first, 0)])
    config = translate(saved(model, generation=2)).topology["model_config"]["config"]
    # TF.js gives each model a node of its own first.
    assert config["output_layers"] == [["after", 0, 0], ["inner", 1, 0]]
    assert config["layers"][2]["inbound_nodes"] == [[["inner", 1, 0, {}]]]


def test_keras_3_counts_nested_models_from_one_at_the_ends_only() -> None:
    inner, after = nested(3)
    entry = {**inner, "name": "inner", "inbound_nodes": [call(("x", 0, 0)), call(("after", 0, 0))]}
    after["inbound_nodes"] = [call(("inner", 0, 0))]
    layers = [given("x", (None, 3)), entry, after]
    model = functional(layers, [("x", 0, 0)], [("inner", 2, 0)])
    config = translate(saved(model)).topology["model_config"]["config"]
    assert config["output_layers"] == [["inner", 2, 0]]
    assert config["layers"][2]["inbound_nodes"] == [[["inner", 1, 0, {}]]]
