"""Numbers the calls of layers from 0, whatever numbers a version of Keras writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from tfjs_serve.conversion.model.layers import Graph, KerasLayer, TensorRef

_Numbering = Callable[[TensorRef, bool], int]
"""From a reference to the index of the call that it means. The flag says whether the reference is
an input or output of the model."""


def renumbered(model: KerasLayer, graph: Graph) -> Graph:
    """Return the graph with references that count the calls of each layer from 0.

    Parameters
    ----------
    model
        The model that has the graph.
    graph
        With the numbers of the file.
    """
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
    """Return how the file numbers the calls of its layers; the generations differ in this.

    Keras 3 counts from 0. Only in the inputs and outputs of a model, it counts the calls of a
    Functional model from 1 (``get_config`` of ``keras/src/models/functional.py``).

    Keras 2 also counts a node that models with inputs have and that is not saved
    (``_should_skip_first_node``). Which models have it depends on how they were made, so this is
    told by the numbers in use: if one is past the last call, the first call is 1.
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
    """Return the numbers of the calls that are referred to, by layer."""
    used: dict[str, set[int]] = {}
    for ref in refs:
        used.setdefault(ref.layer, set()).add(ref.call)
    return used


def _ranks(
    graph: Graph, inside: Mapping[str, set[int]], ends: Mapping[str, set[int]]
) -> dict[tuple[str, int], int]:
    """Return the indices of calls, by layer and number, if numbers also count other models' calls.

    Keras 3.0 and 3.1 wrote the numbers that calls had in Python, but in the inputs and outputs of a
    model the numbers that they have in the model. If a number is past the last call, the order of
    the numbers tells which call each means, because each call is referred to or is an output.
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
