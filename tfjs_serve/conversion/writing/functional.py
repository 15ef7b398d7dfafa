"""Writes a translated graph as the config of a TF.js Functional model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from tfjs_serve.conversion.inference.load_order import LoadOrder
from tfjs_serve.conversion.model.layers import (
    CONTAINERS,
    CallKey,
    Graph,
    Json,
    KerasLayer,
    TensorRef,
)
from tfjs_serve.conversion.writing.equal_outputs import equal_outputs


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
    nodes: dict[str, list[CallKey]] = defaultdict(list)
    for key in order.numbers:
        nodes[key[0]].append(key)
    containers = {layer.name for layer, config in configs if config["class_name"] in CONTAINERS}
    same = {layer.name: equal_outputs(config) for layer, config in configs}

    def ref(tensor: TensorRef) -> list[Json]:
        number = order.numbers[tensor.key] + (tensor.layer in containers)
        return [names[tensor.layer], number, same[tensor.layer].get(tensor.tensor, tensor.tensor)]

    def inbound(key: CallKey) -> list[Json]:
        return [[*ref(tensor), {}] for tensor in graph.call(key).inputs]

    layers = [
        {
            **config,
            "name": names[layer.name],
            "inbound_nodes": [
                inbound(key) for key in sorted(nodes[layer.name]) if graph.call(key).inputs
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
