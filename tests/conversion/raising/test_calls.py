from __future__ import annotations

from dataclasses import replace

from tfjs_serve.conversion.model.layers import Call, Graph, KerasLayer, TensorRef
from tfjs_serve.conversion.raising.calls import calls_of, layer_order


def ref(layer: str, call: int = 0) -> TensorRef:
    return TensorRef(layer=layer, call=call, tensor=0)


def layer(name: str, class_name: str = "Dense") -> KerasLayer:
    return KerasLayer(
        class_name=class_name, name=name, path=name, config={}, dtype="float32", generation=2
    )


GRAPH = Graph(
    inputs=(ref("x"), ref("unused")),
    outputs=(ref("end"),),
    calls={
        "x": (Call(inputs=()),),
        "unused": (Call(inputs=()),),
        "model": (Call(inputs=(ref("x"),)), Call(inputs=(ref("model"),))),
        "dead": (Call(inputs=(ref("x"),)),),
        "end": (Call(inputs=(ref("model", 1), ref("x"))),),
    },
)
MODEL = KerasLayer(
    class_name="Functional",
    name="all",
    path="all",
    config={},
    dtype="float32",
    generation=2,
    children=(
        layer("x", "InputLayer"),
        layer("unused", "InputLayer"),
        layer("model", "Sequential"),
        layer("dead"),
        layer("end", "Add"),
    ),
    graph=GRAPH,
)
NAMES = {child.name: child.name for child in MODEL.children}


def test_calls_of_models_are_written_twice_and_referred_to_between() -> None:
    """Keras 3 counts from 0 and finds the second writing, tf_keras from 1 and finds the first."""
    calls = calls_of(MODEL, NAMES, frozenset(), frozenset())
    first = [["x", 0, 0, {}]]
    assert calls.nodes("model") == [first, first, [["model", 1, 0, {}]], [["model", 1, 0, {}]]]
    assert calls.nodes("end") == [[["model", 3, 0, {}], ["x", 0, 0, {}]]]


def test_what_leads_nowhere_is_left_out_but_inputs() -> None:
    assert layer_order(GRAPH) == ["x", "model", "unused", "end"]


def test_further_inputs_of_recurrent_layers_are_states() -> None:
    recurrent = replace(MODEL, children=(*MODEL.children[:-1], layer("end", "GRU")))
    calls = calls_of(recurrent, NAMES, frozenset({"end"}), frozenset())
    assert not calls.as_lists
    (node,) = calls.nodes("end")
    assert [one["config"]["keras_history"] for one in node["args"]] == [["model", 1, 0]]
    (state,) = node["kwargs"]["initial_state"]
    assert state["config"]["keras_history"] == ["x", 0, 0]
