"""Writes the calls of a Functional model so that Keras 3 and tf_keras both read them.

Both read the lists of Keras 2, ``[layer, number of the call, output, arguments]``. But they count
the calls of a model inside of a model from different numbers: Keras 3 from 0, tf_keras from 1,
because there the model was called once when it was made. So each call of such a model is written
twice, and what takes its output takes that of call 2 n + 1. That is the second writing of call n
for Keras 3, and the first one for tf_keras. Neither keeps the call that leads to no output.

Lists have no place for a tensor among the other arguments of a layer. Calls with such a one are
written as Keras 3 does, and only Keras 3 reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfjs_serve.conversion.model.layers import (
    CONTAINERS,
    Call,
    CallKey,
    Graph,
    Json,
    KerasLayer,
    TensorRef,
)

_INITIAL_STATE = "initial_state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The calls in one graph that lead to its outputs.

    Attributes
    ----------
    kept
        From a layer's name to the indices of its calls, in order.
    names
        From a layer's name in the graph to its name in the file.
    recurrent, spread
        Names of the layers whose further inputs are states, or arguments of their own instead of
        parts of a list.
    as_lists
        Whether they can be written as lists.
    """

    graph: Graph
    layers: Mapping[str, KerasLayer]
    kept: Mapping[str, Sequence[int]]
    names: Mapping[str, str]
    recurrent: frozenset[str]
    spread: frozenset[str]
    as_lists: bool

    def nodes(self, name: str) -> list[Json]:
        """Return ``inbound_nodes`` of a layer."""
        made = []
        for index in self.kept[name]:
            call = self.graph.calls[name][index]
            if call.inputs:
                node = self._list(call) if self.as_lists else self._dict(name, call)
                made += [node] * (2 if self._is_doubled(name) else 1)
        return made

    def ends(self, which: str) -> Json:
        """Return ``input_layers`` (for ``"inputs"``) or ``output_layers``."""
        refs = self.graph.inputs if which == "inputs" else self.graph.outputs
        flat = [[self.names[ref.layer], self._end(ref), ref.tensor] for ref in refs]
        structure = self.graph.structures.get(which)
        return flat if structure is None else _nested(structure, flat)

    def _number(self, ref: TensorRef) -> int:
        return list(self.kept[ref.layer]).index(ref.call)

    def _is_doubled(self, name: str) -> bool:
        return self.as_lists and self.layers[name].class_name in CONTAINERS

    def _inner(self, ref: TensorRef) -> int:
        number = self._number(ref)
        return 2 * number + 1 if self._is_doubled(ref.layer) else number

    def _end(self, ref: TensorRef) -> int:
        """Return the number of a call in the ends, where both count a Functional from 1."""
        if self.as_lists:
            return self._inner(ref)
        return self._number(ref) + (self.layers[ref.layer].class_name == "Functional")

    def _list(self, call: Call) -> list[Json]:
        arguments = _without_mask(call.kwargs)
        return [
            [self.names[ref.layer], self._inner(ref), ref.tensor, arguments] for ref in call.inputs
        ]

    def _dict(self, name: str, call: Call) -> dict[str, Json]:
        tensors = [self._tensor(ref) for ref in call.inputs]
        arguments = {key: _filled(one, tensors) for key, one in _without_mask(call.kwargs).items()}
        placed = _placeholders(call.kwargs)
        first = [one for index, one in enumerate(tensors) if index not in placed]
        if name in self.recurrent and len(first) > 1:
            arguments[_INITIAL_STATE], first = first[1:], first[:1]
        is_list = len(first) > 1 and name not in self.spread
        return {"args": [first] if is_list else first, "kwargs": arguments}

    def _tensor(self, ref: TensorRef) -> dict[str, Json]:
        shape = list(ref.shape) if ref.shape is not None else [None]
        history = [self.names[ref.layer], self._number(ref), ref.tensor]
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": shape, "dtype": ref.dtype, "keras_history": history},
        }


def calls_of(
    model: KerasLayer,
    names: Mapping[str, str],
    recurrent: frozenset[str],
    spread: frozenset[str],
) -> Calls:
    """Return the calls in the graph of `model` that lead to its outputs.

    Parameters
    ----------
    names
        From a layer's name in the graph to its name in the file.
    recurrent, spread
        See :class:`Calls`.
    """
    assert model.graph is not None
    graph = model.graph
    kept = _kept(graph)
    return Calls(
        graph=graph,
        layers={child.name: child for child in model.children},
        kept=kept,
        names=names,
        recurrent=recurrent,
        spread=spread,
        as_lists=all(
            _fits_lists(graph.calls[name][index], name in recurrent | spread)
            for name, indices in kept.items()
            for index in indices
        ),
    )


def _kept(graph: Graph) -> dict[str, list[int]]:
    """Return the calls that outputs depend on, and the inputs, by layer."""
    seen: set[CallKey] = {ref.key for ref in graph.inputs}
    todo = [ref.key for ref in graph.outputs]
    while todo:
        key = todo.pop()
        if key not in seen:
            seen.add(key)
            todo += [ref.key for ref in graph.call(key).inputs]
    kept: dict[str, list[int]] = {}
    for name, index in sorted(seen):
        kept.setdefault(name, []).append(index)
    return kept


def layer_order(graph: Graph) -> list[str]:
    """Return the layers that outputs depend on in the order in which both Kerases have them.

    Weights in HDF5 files are found by this order (``map_graph`` in ``keras/src/ops/function.py``,
    ``_map_graph_network`` in tf_keras): the deepest come first, and of one depth those that a walk
    from the outputs meets first. Inputs that lead nowhere have no depth.
    """
    finished, met = _walked(graph)
    depths: dict[CallKey, int] = {}
    of_layers = {ref.layer: 0 for ref in graph.inputs}
    for key in reversed(finished):
        depth = max(depths.get(key, 0), of_layers.get(key[0], 0) if key[0] in met else 0)
        of_layers[key[0]] = depths[key] = depth
        for ref in graph.call(key).inputs:
            depths[ref.key] = max(depth + 1, depths.get(ref.key, 0))
    return sorted(of_layers, key=lambda name: (-of_layers[name], met.get(name, -1)))


def _walked(graph: Graph) -> tuple[list[CallKey], dict[str, int]]:
    """Return the calls in the order in which a walk leaves them, and when it meets each layer."""
    left: dict[CallKey, None] = {}
    met: dict[str, int] = {}
    for output in graph.outputs:
        todo: list[tuple[CallKey, Iterator[TensorRef]]] = []
        follow: TensorRef | None = output
        while follow is not None or todo:
            if follow is not None and follow.key not in left:
                met.setdefault(follow.layer, len(met))
                todo.append((follow.key, iter(graph.call(follow.key).inputs)))
            follow = None
            if todo:
                key, rest = todo[-1]
                follow = next((one for one in rest if one.key not in left), None)
                if follow is None:
                    left[key] = None
                    todo.pop()
    return list(left), met


def _without_mask(arguments: Mapping[str, Json]) -> dict[str, Json]:
    """Return the arguments of a call; masks travel by themselves, or are no arguments here."""
    return {key: value for key, value in arguments.items() if key != "mask"}


def _fits_lists(call: Call, takes_one: bool) -> bool:
    has_more = takes_one and len(call.inputs) > 1
    return not has_more and not _placeholders(call.kwargs)


def _placeholders(value: Any) -> set[int]:
    """Return the indices of the inputs that are among other arguments."""
    if isinstance(value, Mapping):
        if value.keys() == {"tensor"}:
            return {value["tensor"]}
        value = list(value.values())
    found: set[int] = set()
    if isinstance(value, list):
        for one in value:
            found |= _placeholders(one)
    return found


def _filled(value: Json, tensors: Sequence[Json]) -> Json:
    if isinstance(value, dict):
        if value.keys() == {"tensor"}:
            return tensors[value["tensor"]]
        return {key: _filled(one, tensors) for key, one in value.items()}
    return [_filled(one, tensors) for one in value] if isinstance(value, list) else value


def _nested(structure: Json, flat: Sequence[Json]) -> Json:
    if isinstance(structure, dict):
        return {key: _nested(one, flat) for key, one in structure.items()}
    if isinstance(structure, list):
        return [_nested(one, flat) for one in structure]
    return None if structure is None else flat[structure]
