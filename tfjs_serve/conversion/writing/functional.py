"""Writes a translated graph as the config of a TF.js Functional model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from tfjs_serve.conversion.inference.load_order import LoadOrder
from tfjs_serve.conversion.model.layers import (
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
    nodes: dict[str, list[CallKey]] = defaultdict(list)
    for key in order.numbers:
        nodes[key[0]].append(key)
    containers = {layer.name for layer, made in translated if made.is_container}
    same = {layer.name: made.equal_outputs for layer, made in translated}

    def ref(tensor: TensorRef) -> list[Json]:
        number = order.numbers[tensor.key] + (tensor.layer in containers)
        return [names[tensor.layer], number, same[tensor.layer].get(tensor.tensor, tensor.tensor)]

    def inbound(key: CallKey) -> list[Json]:
        return [[*ref(tensor), {}] for tensor in graph.call(key).inputs]

    layers = [
        {
            **made.to_json(),
            "name": names[layer.name],
            "inbound_nodes": [
                inbound(key) for key in sorted(nodes[layer.name]) if graph.call(key).inputs
            ],
        }
        for layer, made in translated
    ]
    outputs, copies = _each_once([ref(tensor) for tensor in graph.outputs])
    return {
        "layers": [*layers, *copies],
        "input_layers": [ref(tensor) for tensor in graph.inputs],
        "output_layers": outputs,
    }


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
