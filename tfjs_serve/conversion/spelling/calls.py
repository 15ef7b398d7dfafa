"""Reads how the layers of a Functional model are called, in the spelling of either generation.

Keras 2 writes a call as ``[[layer, node, tensor, kwargs], ...]`` (``get_network_config`` in
``keras/engine/functional.py``). Keras 3 writes it as ``{"args": [...], "kwargs": {...}}``, with
tensors as ``__keras_tensor__`` objects (``keras/src/models/functional.py``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.model.layers import CONTAINERS, Call, Graph, Json, KerasLayer, TensorRef
from tfjs_serve.conversion.model.report import HINT_DAMAGED, Report
from tfjs_serve.conversion.rules.call_arguments import MASK_AS_ARRAY, one_by_position
from tfjs_serve.conversion.rules.registry import traits_of
from tfjs_serve.conversion.spelling.call_numbers import renumbered

_CONSTANT = "_CONSTANT_VALUE"
"""In place of a layer's name, if the first argument of an operation is a number (Keras 2)."""


class _UnknownNodeError(ValueError):
    """A call is not written in a known way."""


def read_graph(model: KerasLayer, config: Mapping[str, Json], report: Report) -> Graph:
    """Return the graph of a Functional model.

    Calls are counted from 0 *in this graph*, whatever numbers the file uses.

    Parameters
    ----------
    model
        The model with its children.
    config
        Its configuration in the file.
    report
        Gets calls that are not written in a known way.

    Raises
    ------
    ValueError
        The inputs or outputs of the model are not written in a known way.
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
            report.problem(child, "unsupported-graph", str(error), HINT_DAMAGED)
            # Other layers refer to these calls, and are not to be reported as well.
            calls[child.name] = (Call(inputs=()),) * _length(entries[child.name])
    graph = Graph(
        inputs=tuple(tensors_in(config.get("input_layers"))),
        outputs=tuple(tensors_in(config.get("output_layers"))),
        calls=calls,
        structures={
            end: structure
            for end in ("inputs", "outputs")
            if _is_nested(structure := _structure(config.get(f"{end[:-1]}_layers"), count()))
        },
    )
    return renumbered(model, graph)


def _structure(value: Json, numbers: Iterator[int]) -> Json:
    """Return the nesting with a number for each tensor, in the order of :func:`tensors_in`."""
    if _is_ref(value):
        return next(numbers)
    if isinstance(value, dict):
        return {key: _structure(value[key], numbers) for key in sorted(value)}
    return [_structure(item, numbers) for item in value] if isinstance(value, list) else None


def _is_nested(structure: Json) -> bool:
    parts = structure if isinstance(structure, list) else [structure]
    return any(isinstance(part, dict | list) for part in parts)


def _length(entry: Mapping[str, Json]) -> int:
    nodes = entry.get("inbound_nodes")
    return len(nodes) if isinstance(nodes, list) else 0


def _calls(layer: KerasLayer, nodes: Json) -> tuple[Call, ...]:
    if layer.class_name == "InputLayer":
        return (Call(inputs=()),)
    if not isinstance(nodes, list):
        raise _UnknownNodeError("Its calls are not written as a list.")
    return tuple(_call(layer, node) for node in nodes)


def _call(layer: KerasLayer, node: Json) -> Call:
    # Keras 3 reads both forms (deserialize_node in keras/src/models/functional.py), and files that
    # both Kerases are to load have the older one.
    if layer.generation < 3 or isinstance(node, list):
        return _keras2_call(layer, node)
    return _keras3_call(layer, node)


def _keras3_call(layer: KerasLayer, node: Json) -> Call:
    if not isinstance(node, dict) or not isinstance(node.get("args"), list):
        raise _UnknownNodeError("One of its calls is written in an unknown way.")
    args, kwargs = node["args"], node.get("kwargs", {})
    inputs: list[TensorRef] = []
    if layer.is_operation:
        return Call(kwargs=_placed({"args": args, **kwargs}, inputs), inputs=tuple(inputs))
    args, kwargs = one_by_position(_call_arguments(layer), args, kwargs)
    if not _is_only_tensors(args):
        raise _UnknownNodeError("One of its inputs is a constant, not a tensor of a layer.")
    inputs += tensors_in(args)
    return _layer_call(inputs, kwargs)


def _call_arguments(layer: KerasLayer) -> tuple[str, ...]:
    """Return the names of the parameters of ``call`` after the first, if they matter."""
    if layer.class_name in CONTAINERS:
        return ("training", "mask")
    return traits_of(rules(), layer).call_arguments


def _keras2_call(layer: KerasLayer, node: Json) -> Call:
    inputs: list[TensorRef] = []
    if layer.is_operation:
        return _keras2_operation(node, inputs)
    kwargs: dict[str, Json] = {}
    for part in _keras2_parts(node):
        kwargs.update(_keywords(part))
        inputs.append(_ref(part))
    return _layer_call(inputs, kwargs)


def _keras2_operation(node: Json, inputs: list[TensorRef]) -> Call:
    """Return the call of a function, whose first argument may be a list or a constant."""
    kwargs: dict[str, Json] = {}

    def read(part: Json) -> Json:
        if not (_is_ref(part) or _is_constant(part)):
            return [read(item) for item in part]
        kwargs.update(_keywords(part))
        if _is_constant(part):
            return part[2]
        inputs.append(_ref(part))
        return {"tensor": len(inputs) - 1}

    deque(_keras2_parts(node), maxlen=0)  # raises if it is anything else
    first = read(node)
    return Call(kwargs={"args": [first], **_placed(kwargs, inputs)}, inputs=tuple(inputs))


def _keywords(part: Sequence[Any]) -> Mapping[str, Json]:
    return part[3] if len(part) > 3 and isinstance(part[3], dict) else {}


def _is_constant(node: Json) -> bool:
    return isinstance(node, list) and len(node) > 2 and node[0] == _CONSTANT


def _keras2_parts(node: Json) -> Iterator[list[Any]]:
    """Yield ``[layer, node, tensor, kwargs]`` of every input; a model may get a dict of them."""
    if isinstance(node, dict):
        node = [node[key] for key in sorted(node)]
    if _is_ref(node) or _is_constant(node):
        yield node
    elif isinstance(node, list) and not (node and isinstance(node[0], str)):
        for part in node:
            yield from _keras2_parts(part)
    else:
        raise _UnknownNodeError("One of its inputs is not a tensor of a layer.")


def _layer_call(inputs: list[TensorRef], kwargs: Mapping[str, Json]) -> Call:
    """Return the call of a layer, with the tensors among its arguments as further inputs.

    The initial state of a recurrent layer comes first, because TF.js expects it there. A mask stays
    as it is, because it usually is what the layers before compute anyway. A mask that is an array
    becomes an argument that no rule knows, so it is reported.
    """
    inputs += tensors_in(kwargs.get("initial_state"))
    placed: dict[str, Json] = {}
    for key, value in kwargs.items():
        if key == "initial_state" and any(tensors_in(value)):
            continue
        if key == "mask":
            deque(tensors_in(value), maxlen=0)  # raises here, not where they are used
        if key == "mask" and _holds_array(value):
            placed[MASK_AS_ARRAY] = None
        elif not _is_nothing(value):
            placed[key] = value if key == "mask" else _placed(value, inputs)
    return Call(inputs=tuple(inputs), kwargs=placed)


def _placed(value: Json, inputs: list[TensorRef]) -> Json:
    """Return `value` with placeholders for tensors, and append the tensors to `inputs`."""
    if isinstance(value, dict) and value.get("class_name") != "__keras_tensor__":
        return {key: _placed(item, inputs) for key, item in value.items()}
    if isinstance(value, dict) or _is_ref(value):
        inputs += tensors_in(value)
        return {"tensor": len(inputs) - 1}
    if isinstance(value, list):
        return [_placed(item, inputs) for item in value]
    return value


def _is_nothing(value: Json) -> bool:
    """Whether an argument was not given: it is ``None``, or ``None`` for each input."""
    if isinstance(value, dict):
        value = list(value.values())
    return value is None or (isinstance(value, list) and all(map(_is_nothing, value)))


def _holds_array(value: Json) -> bool:
    """Whether a mask, or one of several masks, is an array."""
    if isinstance(value, dict):
        is_array = value.get("class_name") in ("__numpy__", "__tensor__")
        return is_array or ("class_name" not in value and any(map(_holds_array, value.values())))
    if _is_ref(value) or value is None:
        return False
    return any(map(_holds_array, value)) if isinstance(value, list) else True


def _is_only_tensors(value: Json) -> bool:
    """Whether a nested argument of Keras 3 has only tensors of layers and ``None``."""
    if isinstance(value, dict):
        return value.get("class_name") == "__keras_tensor__" or (
            "class_name" not in value and all(map(_is_only_tensors, value.values()))
        )
    return value is None or (isinstance(value, list) and all(map(_is_only_tensors, value)))


def tensors_in(value: Json) -> Iterator[TensorRef]:
    """Yield the tensors of a nested argument in order, with the numbers of the file.

    Raises
    ------
    ValueError
        A tensor is not written in a known way.
    """
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            yield _keras_tensor(value.get("config"))
            return
        # optree and tf.nest order dictionaries by key.
        value = [value[key] for key in sorted(value)]
    if _is_ref(value):
        yield _ref(value)
    elif isinstance(value, list):
        for item in value:
            yield from tensors_in(item)


def _keras_tensor(config: Json) -> TensorRef:
    if not isinstance(config, dict):
        return _ref(None)
    sizes, dtype = config.get("shape"), config.get("dtype")
    sizes = sizes if isinstance(sizes, list) else [-1]
    is_shape = all(size is None or (type(size) is int and size >= 0) for size in sizes)
    return replace(
        _ref(config.get("keras_history")),
        shape=tuple(sizes) if is_shape else None,
        dtype=dtype if isinstance(dtype, str) else "float32",
    )


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
