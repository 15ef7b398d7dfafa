"""Which call of a layer a number means, in a file of either generation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from tfjs_serve.conversion.model.layers import Graph, KerasLayer, TensorRef

_Numbering = Callable[[TensorRef, bool], int]
"""From a reference to the call that it means, counted from 0 in its graph; the flag says whether
the reference is one of the model's ends."""


def renumbered(model: KerasLayer, graph: Graph) -> Graph:
    """Return the graph with every layer's calls counted from 0."""
    numbering = _numbering(model, graph)

    def shift(ref: TensorRef, at_end: bool = False) -> TensorRef:
        return replace(ref, call=numbering(ref, at_end))

    return replace(
        graph,
        inputs=tuple(shift(ref, True) for ref in graph.inputs),
        outputs=tuple(shift(ref, True) for ref in graph.outputs),
        calls={
            name: tuple(replace(call, inputs=tuple(map(shift, call.inputs))) for call in calls)
            for name, calls in graph.calls.items()
        },
    )


def _numbering(model: KerasLayer, graph: Graph) -> _Numbering:
    """Return how the file numbers the calls of its layers, which is where generations differ.

    Keras 3 counts them from 0, but at the ends of a model from 1 if they are Functional
    (``get_config`` of ``keras/src/models/functional.py``). Keras 2 counts a node that a model
    with inputs has of its own and does not save (``_should_skip_first_node``); which models
    have it depends on how they were made, so the numbers in use tell: a reference past the
    last call means that the first is 1.
    """
    inside = _used(ref for calls in graph.calls.values() for call in calls for ref in call.inputs)
    used = _used([*graph.inputs, *graph.outputs])
    if model.generation >= 3:
        functional = {child.name for child in model.children if child.class_name == "Functional"}
        ranks = _ranks(graph, inside, used)
        return lambda ref, at_end: (
            ref.call - (ref.layer in functional)
            if at_end
            else ranks.get((ref.layer, ref.call), ref.call)
        )
    from_one = {
        name
        for name, calls in graph.calls.items()
        if (numbers := inside.get(name, set()) | used.get(name, set()))
        and min(numbers) >= 1
        and max(numbers) >= len(calls)
    }
    return lambda ref, _at_end: ref.call - (ref.layer in from_one)


def _used(refs: Iterable[TensorRef]) -> dict[str, set[int]]:
    """Return the numbers of calls that are referred to, by layer."""
    used: dict[str, set[int]] = {}
    for ref in refs:
        used.setdefault(ref.layer, set()).add(ref.call)
    return used


def _ranks(
    graph: Graph, inside: Mapping[str, set[int]], ends: Mapping[str, set[int]]
) -> dict[tuple[str, int], int]:
    """Return the calls of layers whose numbers count the calls in other models too.

    Keras 3.0 and 3.1 wrote calls as they were numbered in Python, but at the ends of a model as
    they are numbered in it. Where a number is past the last call, the order tells which call is
    meant: each call is referred to by another one or is an output.
    """
    ranks: dict[tuple[str, int], int] = {}
    for name, numbers in inside.items():
        made = graph.calls.get(name, ())
        calls = set(range(len(made)))
        if max(numbers) < len(calls) or not all(call.inputs for call in made):
            continue
        for meant in (calls, calls - ends.get(name, set())):
            if len(meant) == len(numbers):
                pairs = zip(sorted(numbers), sorted(meant), strict=True)
                ranks.update({(name, number): rank for number, rank in pairs})
    return ranks
