"""Writes a translated graph as the config of a TF.js Functional model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfjs_serve.conversion.inference.load_order import LoadOrder
from tfjs_serve.conversion.model.layers import (
    Call,
    CallKey,
    Graph,
    Json,
    KerasLayer,
    TensorRef,
)
from tfjs_serve.conversion.rules.context import TfjsLayer


def functional_config(
    graph: Graph,
    order: LoadOrder,
    translated: Sequence[tuple[KerasLayer, TfjsLayer]],
    names: Mapping[str, str],
) -> dict[str, Json]:
    """Return ``layers``, ``input_layers`` and ``output_layers`` of a Functional config.

    Parameters
    ----------
    translated
        Each layer of `order` in Keras's and in TF.js's terms.
    names
        From a layer's name in the graph to its name in TF.js.
    """
    made = {layer.name: tfjs_layer for layer, tfjs_layer in translated}
    spelled = _Spelled(numbers=order.numbers, made=made, names=names)
    calls = _calls_by_layer(graph, order)
    layers = [
        {
            **tfjs_layer.to_json(),
            "name": names[layer.name],
            "inbound_nodes": [
                [[*spelled(tensor), {}] for tensor in call.inputs] for call in calls[layer.name]
            ],
        }
        for layer, tfjs_layer in translated
    ]
    outputs, copies = _each_once([spelled(tensor) for tensor in graph.outputs])
    return {
        "layers": [*layers, *copies],
        "input_layers": [spelled(tensor) for tensor in graph.inputs],
        "output_layers": outputs,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spelled:
    """Spells the tensors of one graph as TF.js does.

    Attributes
    ----------
    made
        From a layer's name in the graph to the layer in TF.js's terms.
    """

    numbers: Mapping[CallKey, int]
    made: Mapping[str, TfjsLayer]
    names: Mapping[str, str]

    def __call__(self, tensor: TensorRef) -> list[Json]:
        """Return the name of the layer, the number of the call and the index of the output."""
        made = self.made[tensor.layer]
        # The calls of models count from 1.
        number = self.numbers[tensor.key] + made.is_container
        index = made.equal_outputs.get(tensor.tensor, tensor.tensor)
        return [self.names[tensor.layer], number, index]


def _calls_by_layer(graph: Graph, order: LoadOrder) -> Mapping[str, Sequence[Call]]:
    """Return the calls with inputs that TF.js makes of each layer, in the order of the file."""
    calls: dict[str, list[Call]] = defaultdict(list)
    for key in sorted(order.numbers):
        if graph.call(key).inputs:
            calls[key[0]].append(graph.call(key))
    return calls


def _each_once(outputs: Sequence[list[Json]]) -> tuple[list[list[Json]], list[dict[str, Json]]]:
    """Return outputs without repetitions, and the layers that copy the repeated ones.

    Of several equal outputs, ``execute`` in ``executor.ts`` fills in only the first.
    """
    distinct: list[list[Json]] = []
    copies: list[dict[str, Json]] = []
    for output in outputs:
        end = output
        if output in distinct:
            name = f"{output[0]}/output_{len(distinct)}"
            copies.append(copying_layer(name, [*output, {}]))
            end = [name, 0, 0]
        distinct.append(end)
    return distinct, copies


def copying_layer(name: str, tensor: Sequence[Json]) -> dict[str, Json]:
    """Return a layer of a Functional config that copies a tensor.

    Parameters
    ----------
    tensor
        As an element of ``inbound_nodes``: ``[layer, call, output, {}]``.
    """
    return {
        "class_name": "Activation",
        "name": name,
        "config": {"name": name, "activation": "linear", "dtype": "float32"},
        "inbound_nodes": [[tensor]],
    }
