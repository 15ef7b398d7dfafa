"""Checks a graph and finds the numbers that TF.js will give the calls in it.

TF.js numbers the calls of a layer in the order in which its loader manages to make them
(``fromConfig`` in ``tfjs-layers/src/engine/container.ts``), which need not be the order in the
file, and it spins for ever on a call whose inputs never come. So the loader is run here first,
on names only: its order gives the numbers, and what it cannot finish is refused.
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
    """The graph as TF.js will see it.

    Attributes
    ----------
    layers
        The layers that outputs depend on, in the file's order.
    numbers
        For each call in the file, in which place TF.js will make it among those of its layer.
    """

    layers: tuple[KerasLayer, ...]
    numbers: Mapping[CallKey, int]


def load_order(model: KerasLayer, graph: Graph, report: Report) -> LoadOrder:
    """Simulate the loader; report references to nothing and calls that can never be made."""
    needed = _needed(model, graph, report)
    layers = computed_layers(model, report)
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
            _report_broken(layer, "is part of a cycle", report)
    if rounds and max(rounds.values()) > MAXIMUM_ROUNDS:
        _report_broken(model, "has layers in an order that TensorFlow.js loads too slowly", report)
    return LoadOrder(layers=layers, numbers=numbers)


def _rounds(graph: Graph, places: Mapping[CallKey, tuple[int, int]]) -> dict[CallKey, int]:
    """Return in which of its rounds through all layers the loader makes each call.

    It makes a call as soon as all of its inputs are there: in the same round as an input that it
    comes upon earlier, in the round after that of another one. Calls of a cycle are never made.

    Parameters
    ----------
    places
        Of all calls, where the loader comes upon them.
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


def computed_layers(model: KerasLayer, report: Report) -> tuple[KerasLayer, ...]:
    """Return the children of a model that its outputs depend on, and its inputs."""
    if model.graph is None:
        return model.children
    names = {name for name, _ in _needed(model, model.graph, report)}
    return tuple(child for child in model.children if child.name in names)


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
            _report_broken(model, f"refers to call {key[1]} of {key[0]!r}", report)
            continue
        needed.add(key)
        todo += [ref.key for ref in graph.call(key).inputs]
    return needed


def _report_broken(layer: KerasLayer, what: str, report: Report) -> None:
    report.problem(
        layer,
        "unsupported-graph",
        f"The graph is broken: it {what}, which cannot be computed.",
        "Save the model again; if it stays, report the model's Keras version.",
    )
