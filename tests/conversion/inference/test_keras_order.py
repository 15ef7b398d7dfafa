"""The order in which Keras makes the calls of a graph."""

from __future__ import annotations

from tfjs_serve.conversion.inference.keras_order import keras_order
from tfjs_serve.conversion.model.layers import Call, Graph, TensorRef


def ref(name: str) -> TensorRef:
    return TensorRef(layer=name, call=0, tensor=0)


def test_deeper_calls_come_first_and_those_of_the_last_output_before_others() -> None:
    inputs = {"x": (), "a": ("x",), "b": ("x",), "long": ("b",), "end": ("long",)}
    graph = Graph(
        inputs=(ref("x"),),
        outputs=(ref("a"), ref("end")),
        calls={name: (Call(inputs=tuple(map(ref, given))),) for name, given in inputs.items()},
    )
    order = [name for name, _ in keras_order(graph, {(name, 0) for name in inputs})]
    assert order == ["x", "b", "long", "end", "a"]
