"""The order in which TF.js makes calls, compared with a loader that works as TF.js's does."""

from __future__ import annotations

from hypothesis import given as drawn
from hypothesis import strategies as st

from tfjs_serve.conversion.inference.load_order import load_order
from tfjs_serve.conversion.model.layers import Call, CallKey, Graph, KerasLayer, TensorRef
from tfjs_serve.conversion.model.report import Report


def loaded(graph: Graph, names: list[str]) -> dict[CallKey, int]:
    """Number the calls as ``fromConfig`` in ``tfjs-layers/src/engine/container.ts`` makes them."""
    made = {(name, 0): 0 for name in names if name.startswith("x")}
    waiting = {
        name: [] if name.startswith("x") else [*range(len(graph.calls[name]))] for name in names
    }
    counts = dict.fromkeys(names, 0)
    progress = True
    while progress:
        progress = False
        for name in names:
            for index in list(waiting[name]):
                inputs = graph.calls[name][index].inputs
                if all((ref.layer, ref.call) in made for ref in inputs):
                    made[name, index] = counts[name]
                    counts[name] += 1
                    waiting[name].remove(index)
                    progress = True
    return made


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Graph, list[str]]:
    """Draw layers with calls that take each other's outputs, in any order, cycles among them."""
    counts = draw(st.lists(st.integers(1, 3), min_size=1, max_size=7))
    nodes = [
        ("x", 0),
        *((f"r{i}", call) for i, count in enumerate(counts) for call in range(count)),
    ]
    refs = st.sampled_from(nodes).map(lambda node: TensorRef(layer=node[0], call=node[1], tensor=0))
    calls = {"x": (Call(inputs=()),)} | {
        f"r{i}": tuple(
            Call(inputs=tuple(draw(st.lists(refs, min_size=1, max_size=3)))) for _ in range(count)
        )
        for i, count in enumerate(counts)
    }
    ends = tuple(TensorRef(layer=name, call=call, tensor=0) for name, call in nodes[1:])
    graph = Graph(inputs=(TensorRef(layer="x", call=0, tensor=0),), outputs=ends, calls=calls)
    return graph, draw(st.permutations(list(calls)))


@drawn(graphs())
def test_calls_are_numbered_as_the_loader_makes_them(drawn_graph: tuple[Graph, list[str]]) -> None:
    graph, names = drawn_graph
    children = tuple(
        KerasLayer(
            class_name="InputLayer" if name == "x" else "Add",
            name=name,
            path=f"m/{name}",
            config={},
            dtype="float32",
            generation=3,
        )
        for name in names
    )
    model = KerasLayer(
        class_name="Functional",
        name="m",
        path="m",
        config={},
        dtype="float32",
        generation=3,
        children=children,
        graph=graph,
    )
    report = Report("m.h5")
    expected = loaded(graph, names)
    assert load_order(model, report).numbers == expected
    assert report.has_problems is (len(expected) < sum(map(len, graph.calls.values())))
