"""Checks a graph and writes it in the order and with the node numbers that TF.js will give.

TF.js numbers the calls of a layer in the order in which its loader manages to make them
(``fromConfig`` in ``tfjs-layers/src/engine/container.ts``), which need not be the order in the
file, and it spins for ever on a call whose inputs never come. So the loader is run here first,
on names only: its order gives the numbers, and what it cannot finish is refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfjs_serve.conversion.bounds import MAXIMUM_ROUNDS
from tfjs_serve.conversion.equal_outputs import equal_outputs
from tfjs_serve.conversion.model import Call, Graph, Json, KerasLayer, TensorRef
from tfjs_serve.conversion.report import Report

CONTAINERS = frozenset({"Functional", "Sequential"})
"""Models: TF.js gives each a node 0 of its own, so that calls of it count from 1."""

Node = tuple[str, int]
"""A layer's name and the index of one of its calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOrder:
    """The graph as TF.js will see it.

    Attributes
    ----------
    layers
        The layers that outputs depend on, in the file's order.
    numbers
        For each call in the file, in which place TF.js will make it among those of its layer.
    """

    layers: tuple[KerasLayer, ...]
    numbers: Mapping[Node, int]


def load_order(model: KerasLayer, graph: Graph, report: Report) -> LoadOrder:
    """Simulate the loader; report references to nothing and calls that can never be made."""
    needed = _needed(model, graph, report)
    layers = computed_layers(model, report)
    places = {
        node: (index, node[1])
        for index, layer in enumerate(layers)
        for node in _calls_needed(layer, graph, needed)
    }
    rounds = _rounds(graph, places)
    # Input layers have their node from the start, before any call is made.
    numbers = {node: 0 for node in needed if not _call(graph, node).inputs}
    counts = dict.fromkeys((layer.name for layer in layers), 0)
    for node in sorted(rounds, key=lambda node: (rounds[node], places[node])):
        numbers[node] = counts[node[0]]
        counts[node[0]] += 1
    for layer in layers:
        if any(node not in numbers for node in _calls_needed(layer, graph, needed)):
            _report_broken(layer, "is part of a cycle", report)
    if rounds and max(rounds.values()) > MAXIMUM_ROUNDS:
        _report_broken(model, "has layers in an order that TensorFlow.js loads too slowly", report)
    return LoadOrder(layers=layers, numbers=numbers)


def _rounds(graph: Graph, places: Mapping[Node, tuple[int, int]]) -> dict[Node, int]:
    """Return in which of its rounds through all layers the loader makes each call.

    It makes a call as soon as all of its inputs are there: in the same round as an input that it
    comes upon earlier, in the round after that of another one. Calls of a cycle are never made.

    Parameters
    ----------
    places
        Of all calls, where the loader comes upon them.
    """
    missing: dict[Node, int] = {}
    users: dict[Node, list[Node]] = defaultdict(list)
    for node in places:
        inputs = [(ref.layer, ref.call) for ref in _call(graph, node).inputs]
        if inputs:
            made_later = [n for n in inputs if n not in places or _call(graph, n).inputs]
            missing[node] = len(made_later)
            for made in made_later:
                users[made].append(node)
    rounds = dict.fromkeys(missing, 0)
    ready = [node for node, count in missing.items() if not count]
    for made in ready:
        for node in users[made]:
            rounds[node] = max(rounds[node], rounds[made] + (places[made] > places[node]))
            missing[node] -= 1
            if not missing[node]:
                ready.append(node)
    return {node: rounds[node] for node in ready}


def _call(graph: Graph, node: Node) -> Call:
    return graph.calls[node[0]][node[1]]


def _calls_needed(layer: KerasLayer, graph: Graph, needed: set[Node]) -> list[Node]:
    indices = range(len(graph.calls[layer.name]))
    return [(layer.name, index) for index in indices if (layer.name, index) in needed]


def computed_layers(model: KerasLayer, report: Report) -> tuple[KerasLayer, ...]:
    """Return the children of a model that its outputs depend on, and its inputs."""
    if model.graph is None:
        return model.children
    names = {name for name, _ in _needed(model, model.graph, report)}
    return tuple(child for child in model.children if child.name in names)


def _needed(model: KerasLayer, graph: Graph, report: Report) -> set[Node]:
    """Return the calls that the outputs depend on, and the inputs.

    TF.js drops the other layers from the model and would then refuse their weights.
    """
    todo = [(ref.layer, ref.call) for ref in (*graph.outputs, *graph.inputs)]
    needed: set[Node] = set()
    while todo:
        node = todo.pop()
        if node in needed:
            continue
        if node[0] not in graph.calls or not 0 <= node[1] < len(graph.calls[node[0]]):
            _report_broken(model, f"refers to call {node[1]} of {node[0]!r}", report)
            continue
        needed.add(node)
        todo += [(ref.layer, ref.call) for ref in _call(graph, node).inputs]
    return needed


def _report_broken(layer: KerasLayer, what: str, report: Report) -> None:
    report.problem(
        layer,
        "unsupported-graph",
        f"The graph is broken: it {what}, which cannot be computed.",
        "Save the model again; if it stays, report the model's Keras version.",
    )


def functional_config(
    graph: Graph,
    order: LoadOrder,
    configs: Sequence[tuple[KerasLayer, dict[str, Json]]],
    names: Mapping[str, str],
) -> dict[str, Json]:
    """Return ``layers``, ``input_layers`` and ``output_layers`` of a Functional config.

    Parameters
    ----------
    configs
        Each layer of `order` with its translated ``{"class_name", "config"}``.
    names
        From a layer's name in the graph to its name in TF.js.
    """
    nodes: dict[str, list[Node]] = defaultdict(list)
    for node in order.numbers:
        nodes[node[0]].append(node)
    containers = {layer.name for layer, config in configs if config["class_name"] in CONTAINERS}
    same = {layer.name: equal_outputs(config) for layer, config in configs}

    def ref(tensor: TensorRef) -> list[Json]:
        number = order.numbers[tensor.layer, tensor.call] + (tensor.layer in containers)
        return [names[tensor.layer], number, same[tensor.layer].get(tensor.tensor, tensor.tensor)]

    def inbound(node: Node) -> list[Json]:
        return [[*ref(tensor), {}] for tensor in _call(graph, node).inputs]

    layers = [
        {
            **config,
            "name": names[layer.name],
            "inbound_nodes": [
                inbound(node) for node in sorted(nodes[layer.name]) if _call(graph, node).inputs
            ],
        }
        for layer, config in configs
    ]
    outputs, copies = _each_once([ref(tensor) for tensor in graph.outputs])
    return {
        "layers": [*layers, *copies],
        "input_layers": [ref(tensor) for tensor in graph.inputs],
        "output_layers": outputs,
    }


def _each_once(outputs: Sequence[list[Json]]) -> tuple[list[list[Json]], list[dict[str, Json]]]:
    """Return outputs of which none is another, and the layers that hand on the repeated ones.

    ``execute`` in ``executor.ts`` fills in the first of several equal outputs only.
    """
    distinct: list[list[Json]] = []
    copies: list[dict[str, Json]] = []
    for output in outputs:
        end = output
        if output in distinct:
            name = f"{output[0]}/output_{len(distinct)}"
            config = {"name": name, "activation": "linear", "dtype": "float32"}
            inbound = [[[*output, {}]]]
            copies.append(
                {
                    "class_name": "Activation",
                    "name": name,
                    "config": config,
                    "inbound_nodes": inbound,
                }
            )
            end = [name, 0, 0]
        distinct.append(end)
    return distinct, copies
