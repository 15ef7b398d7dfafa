"""Checks a graph and finds the numbers that TF.js gives the calls in it.

TF.js numbers the calls of a layer in the order in which its loader can make them (``fromConfig``
in ``tfjs-layers/src/engine/container.ts``). This may be another order than in the file, and if the
inputs of a call never come, the loader runs forever. So the loader is simulated here, on names
only: its order gives the numbers, and a graph that it cannot finish is refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tfjs_serve.conversion.model.bounds import MAXIMUM_ROUNDS
from tfjs_serve.conversion.model.layers import CallKey, Graph, KerasLayer
from tfjs_serve.conversion.model.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOrder:
    """The graph as TF.js loads it.

    Attributes
    ----------
    layers
        The layers that outputs depend on, in the file's order.
    numbers
        From each call in the file to its number in TF.js, among the calls of its layer.
    """

    layers: tuple[KerasLayer, ...]
    numbers: Mapping[CallKey, int]


def load_order(model: KerasLayer, report: Report) -> LoadOrder:
    """Simulate the loader; report references to missing calls, and calls that it cannot make.

    Parameters
    ----------
    model
        A Functional model.
    """
    graph = model.graph
    assert graph is not None
    needed = _needed(model, graph, report)
    names = {name for name, _ in needed}
    layers = tuple(child for child in model.children if child.name in names)
    places = {
        key: (index, key[1])
        for index, layer in enumerate(layers)
        for key in _calls_needed(layer, graph, needed)
    }
    rounds = _rounds(graph, places)
    # Input layers have a call from the start, before any call is made.
    numbers = {key: 0 for key in needed if not graph.call(key).inputs}
    counts = dict.fromkeys((layer.name for layer in layers), 0)
    for key in sorted(rounds, key=lambda key: (rounds[key], places[key])):
        numbers[key] = counts[key[0]]
        counts[key[0]] += 1
    for layer in layers:
        if any(key not in numbers for key in _calls_needed(layer, graph, needed)):
            _report_broken(layer, "this layer is part of a cycle", report)
    if rounds and max(rounds.values()) > MAXIMUM_ROUNDS:
        _report_broken(model, "its layers are in an order that takes too long", report)
    return LoadOrder(layers=layers, numbers=numbers)


def _rounds(graph: Graph, places: Mapping[CallKey, tuple[int, int]]) -> dict[CallKey, int]:
    """Return the round in which the loader makes each call, without the calls that it never makes.

    In each round it goes through all layers, and makes the calls whose inputs exist. So it makes a
    call in the same round as an input that comes before it, and in the next round if the input
    comes after it. It never makes the calls of a cycle.

    Parameters
    ----------
    places
        From each call to its place in a round.
    """
    missing: dict[CallKey, int] = {}
    users: dict[CallKey, list[CallKey]] = defaultdict(list)
    for key in places:
        inputs = [ref.key for ref in graph.call(key).inputs]
        if inputs:
            made_later = [n for n in inputs if n not in places or graph.call(n).inputs]
            missing[key] = len(made_later)
            for made in made_later:
                users[made].append(key)
    rounds = dict.fromkeys(missing, 0)
    ready = [key for key, count in missing.items() if not count]
    for made in ready:
        for key in users[made]:
            rounds[key] = max(rounds[key], rounds[made] + (places[made] > places[key]))
            missing[key] -= 1
            if not missing[key]:
                ready.append(key)
    return {key: rounds[key] for key in ready}


def _calls_needed(layer: KerasLayer, graph: Graph, needed: set[CallKey]) -> list[CallKey]:
    indices = range(len(graph.calls[layer.name]))
    return [(layer.name, index) for index in indices if (layer.name, index) in needed]


def _needed(model: KerasLayer, graph: Graph, report: Report) -> set[CallKey]:
    """Return the calls that the outputs depend on, and the inputs.

    TF.js drops the other layers from the model and would then refuse their weights.
    """
    todo = [ref.key for ref in (*graph.outputs, *graph.inputs)]
    needed: set[CallKey] = set()
    while todo:
        key = todo.pop()
        if key in needed:
            continue
        if key[0] not in graph.calls or not 0 <= key[1] < len(graph.calls[key[0]]):
            what = f"it refers to call {key[1]} of {key[0]!r}, which does not exist"
            _report_broken(model, what, report)
            continue
        needed.add(key)
        todo += [ref.key for ref in graph.call(key).inputs]
    return needed


def _report_broken(layer: KerasLayer, what: str, report: Report) -> None:
    report.problem(
        layer,
        "unsupported-graph",
        f"TensorFlow.js cannot load the graph: {what}.",
        "Save the model again; if this does not help, report the model's Keras version.",
    )
