"""Reads how the layers of a Functional model are called, from either generation's spelling.

Keras 2 writes a call as ``[[layer, node, tensor, kwargs], ...]`` (``get_network_config`` in
``keras/engine/functional.py``); Keras 3 as ``{"args": [...], "kwargs": {...}}`` with tensors as
``__keras_tensor__`` objects (``keras/src/models/functional.py``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tfjs_serve.conversion.model import Call, Graph, Json, KerasLayer, TensorRef
from tfjs_serve.conversion.report import Report

_HINT_DAMAGED = "The file is damaged or was not written by Keras; save the model again."


class _UnknownNodeError(ValueError):
    """A node that is spelled in no known way."""


def read_graph(model: KerasLayer, config: Mapping[str, Json], report: Report) -> Graph:
    """Return the graph of a Functional `model` whose children are known.

    Tensors are renumbered: call 0 is the first call *in this graph*, also for nested models,
    which Keras 2 counts from 1 where they were built with inputs of their own.
    """
    entries = {
        child.name: entry
        for child, entry in zip(model.children, config.get("layers", ()), strict=True)
    }
    calls: dict[str, tuple[Call, ...]] = {}
    for child in model.children:
        try:
            calls[child.name] = _calls(child, entries[child.name].get("inbound_nodes", []))
        except _UnknownNodeError as error:
            report.problem(child, "unsupported-graph", str(error), _HINT_DAMAGED)
            # So that what refers to its calls is not reported too.
            calls[child.name] = (Call(inputs=()),) * _length(entries[child.name])
    graph = Graph(
        inputs=tuple(tensors_in(config.get("input_layers"))),
        outputs=tuple(tensors_in(config.get("output_layers"))),
        calls=calls,
    )
    return _renumbered(graph, _first_node(model, graph))


def _length(entry: Mapping[str, Json]) -> int:
    nodes = entry.get("inbound_nodes")
    return len(nodes) if isinstance(nodes, list) else 0


def _calls(layer: KerasLayer, nodes: Json) -> tuple[Call, ...]:
    if layer.class_name == "InputLayer":
        return (Call(inputs=()),)
    if not isinstance(nodes, list):
        raise _UnknownNodeError("Its calls are not written as a list.")
    if layer.generation < 3:
        return tuple(map(_keras2_call, nodes))
    return tuple(_keras3_call(layer, node) for node in nodes)


def _keras3_call(layer: KerasLayer, node: Json) -> Call:
    if not isinstance(node, dict) or not isinstance(node.get("args"), list):
        raise _UnknownNodeError("One of its calls is written in an unknown way.")
    args = node["args"]
    if not layer.is_operation and not _is_only_tensors(args[:1]):
        raise _UnknownNodeError("One of its inputs is a constant, not a tensor of a layer.")
    inputs = list(tensors_in(args[:1]))
    kwargs = {f"args[{index}]": value for index, value in enumerate(args[1:], start=1)}
    kwargs.update(node.get("kwargs", {}))
    deque(tensors_in(kwargs), maxlen=0)  # raises here rather than where they are used
    return _with_initial_state(inputs, kwargs)


def _keras2_call(node: Json) -> Call:
    inputs: list[TensorRef] = []
    kwargs: dict[str, Json] = {}
    for part in _keras2_parts(node):
        inputs.append(_ref(part))
        kwargs.update(part[3] if len(part) > 3 and isinstance(part[3], dict) else {})
    return _with_initial_state(inputs, kwargs)


def _keras2_parts(node: Json) -> Iterator[list[Any]]:
    """Yield ``[layer, node, tensor, kwargs]`` of every input; models may take them in dicts."""
    if isinstance(node, dict):
        node = [node[key] for key in sorted(node)]
    if _is_ref(node):
        yield node
    elif isinstance(node, list) and not (node and isinstance(node[0], str)):
        for part in node:
            yield from _keras2_parts(part)
    else:
        raise _UnknownNodeError("One of its inputs is not a tensor of a layer.")


def _with_initial_state(inputs: list[TensorRef], kwargs: dict[str, Json]) -> Call:
    """Append the initial state of a recurrent layer, which TF.js takes as further inputs."""
    state = list(tensors_in(kwargs.get("initial_state")))
    if state:
        del kwargs["initial_state"]
    return Call(
        inputs=(*inputs, *state),
        kwargs={key: value for key, value in kwargs.items() if not _is_nothing(value)},
    )


def _is_nothing(value: Json) -> bool:
    """Whether an argument was not given: ``None``, also once for each of several inputs."""
    if isinstance(value, dict):
        value = list(value.values())
    return value is None or (isinstance(value, list) and all(map(_is_nothing, value)))


def _is_only_tensors(value: Json) -> bool:
    """Whether a nested argument of Keras 3 holds tensors of layers and ``None`` only."""
    if isinstance(value, dict):
        return value.get("class_name") == "__keras_tensor__" or (
            "class_name" not in value and all(map(_is_only_tensors, value.values()))
        )
    return value is None or (isinstance(value, list) and all(map(_is_only_tensors, value)))


def tensors_in(value: Json) -> Iterator[TensorRef]:
    """Yield the tensors of a nested argument in order, as the file numbers them."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            config = value.get("config")
            yield _ref(config.get("keras_history") if isinstance(config, dict) else None)
            return
        # optree and tf.nest order dictionaries by key.
        value = [value[key] for key in sorted(value)]
    if _is_ref(value):
        yield _ref(value)
    elif isinstance(value, list):
        for item in value:
            yield from tensors_in(item)


def _is_ref(value: Json) -> bool:
    return (
        isinstance(value, list)
        and len(value) >= 3
        and isinstance(value[0], str)
        and type(value[1]) is int
        and type(value[2]) is int
    )


def _ref(value: Any) -> TensorRef:
    if not _is_ref(value):
        raise _UnknownNodeError("One of its inputs is not a tensor of a layer.")
    return TensorRef(layer=value[0], call=value[1], tensor=value[2])


def _renumbered(graph: Graph, first_node: Callable[[str, bool], int]) -> Graph:
    """Return the graph with every layer's calls counted from 0.

    Parameters
    ----------
    first_node
        The number that the file gives to the first call of a layer; the flag says whether
        the reference is one of the model's ends.
    """

    def shift(ref: TensorRef, at_end: bool = False) -> TensorRef:
        return replace(ref, call=ref.call - first_node(ref.layer, at_end))

    return Graph(
        inputs=tuple(shift(ref, True) for ref in graph.inputs),
        outputs=tuple(shift(ref, True) for ref in graph.outputs),
        calls={
            name: tuple(replace(call, inputs=tuple(map(shift, call.inputs))) for call in calls)
            for name, calls in graph.calls.items()
        },
    )


def _first_node(model: KerasLayer, graph: Graph) -> Callable[[str, bool], int]:
    """Return how the file numbers calls of nested models, which is where generations differ.

    Keras 3 counts them from 0, but at the ends of a model from 1 if they are Functional
    (``get_config`` of ``keras/src/models/functional.py``). Keras 2 counts a node that a model
    with inputs has of its own and does not save (``_should_skip_first_node``); which models
    have it depends on how they were made, so the numbers in use tell: a reference past the
    last call means that the first is 1.
    """
    if model.generation >= 3:
        functional = {child.name for child in model.children if child.class_name == "Functional"}
        return lambda name, at_end: int(at_end and name in functional)
    refs = [ref for calls in graph.calls.values() for call in calls for ref in call.inputs]
    refs += [*graph.inputs, *graph.outputs]
    used: dict[str, list[int]] = {}
    for ref in refs:
        used.setdefault(ref.layer, []).append(ref.call)
    from_one = {
        name
        for name, calls in graph.calls.items()
        if name in used and min(used[name]) >= 1 and max(used[name]) >= len(calls)
    }
    return lambda name, _at_end: int(name in from_one)
