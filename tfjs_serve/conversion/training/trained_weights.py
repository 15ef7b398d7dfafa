"""The trainable weights of a written model, in the order in which TensorFlow.js has them.

An optimizer there finds its state by position, so the order has to be known:
``Container.trainableWeights`` in tfjs-layers' ``engine/container.ts`` goes through the layers by
their depth in the graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tfjs_serve.conversion.model.layers import CONTAINERS, Json
from tfjs_serve.layers_model.model import LayersWeight

_INSIDE = ("layer", "backward_layer", "cell")
_STATISTICS = frozenset({"moving_mean", "moving_variance"})

Node = tuple[str, int]
"""Name of a layer, and the number of one of its calls as references count it."""


def trained_weights(model: Json, weights: Sequence[LayersWeight]) -> list[LayersWeight]:
    """Return the weights that TensorFlow.js trains, in its order.

    Parameters
    ----------
    model
        ``{"class_name", "config"}`` of the outermost model.
    weights
        All weights, those of one layer in its own order.
    """
    layers = {layer["config"]["name"]: layer for layer in _leaves(model)}
    owned: dict[str, list[LayersWeight]] = {name: [] for name in layers}
    for weight in weights:
        owner = _owner(weight.name, layers)
        if owner and _is_trained(layers[owner], weight.name.removeprefix(f"{owner}/")):
            owned[owner].append(weight)
    return [weight for name in layers for weight in owned[name]]


def owners_of(model: Json, weights: Sequence[LayersWeight]) -> dict[str, Json]:
    """Return the layer that each weight belongs to, by the name of the weight."""
    layers = {layer["config"]["name"]: layer for layer in _leaves(model)}
    owners = ((weight.name, _owner(weight.name, layers)) for weight in weights)
    return {name: layers[owner] for name, owner in owners if owner}


def _leaves(layer: Json) -> Iterator[Json]:
    """Yield the layers that are no models, in the order of TensorFlow.js."""
    config = layer["config"]
    if layer["class_name"] not in CONTAINERS:
        yield layer
    elif "output_layers" in config:
        for inner in _by_depth(config):
            yield from _leaves(inner)
    else:
        for inner in config["layers"]:
            yield from _leaves(inner)


def _owner(name: str, layers: Mapping[str, Json]) -> str:
    """Return the layer whose weight has this name; names of layers may have slashes."""
    owner = name
    while owner := owner.rpartition("/")[0]:
        if owner in layers:
            return owner
    return ""


def _is_trained(layer: Json, variable: str) -> bool:
    config = layer["config"]
    variables = config.get("variables")
    if isinstance(variables, list):
        flags = [one["trainable"] for one in variables if one["name"] == variable]
        return bool(config.get("trainable", True)) and all(flags)
    if layer["class_name"] == "BatchNormalization" and variable in _STATISTICS:
        return False
    inside = [config[key] for key in _INSIDE if isinstance(config.get(key), dict)]
    return bool(config.get("trainable", True)) and all(
        _is_trained(one, variable.rpartition("/")[2]) for one in inside if "config" in one
    )


def _by_depth(config: Json) -> list[Json]:
    """Return the layers of a graph in the order of ``Container.layers``."""
    layers = {layer["name"]: layer for layer in config["layers"]}
    finished = _from_outputs(config["output_layers"], layers)
    traversed = _traversal(config["output_layers"], layers)
    depths: dict[Node, int] = {}
    of_layers: dict[str, int] = {}
    for node in reversed(finished):
        depth = max(depths.get(node, 0), of_layers.get(node[0], 0))
        of_layers[node[0]] = depths[node] = depth
        for before in _inputs(node, layers):
            depths[before] = max(depth + 1, depths.get(before, 0))
    names = sorted(of_layers, key=lambda name: (-of_layers[name], traversed[name]))
    return [layers[name] for name in names]


def _inputs(node: Node, layers: Mapping[str, Json]) -> list[Node]:
    name, number = node
    calls = layers[name].get("inbound_nodes") or []
    index = number - (layers[name]["class_name"] in CONTAINERS)
    if not 0 <= index < len(calls):
        return []
    return [(one[0], one[1]) for one in calls[index]]


def _from_outputs(outputs: Json, layers: Mapping[str, Json]) -> list[Node]:
    """Return the calls in the order in which a walk from the outputs leaves them."""
    left: dict[Node, None] = {}
    for output in outputs:
        todo: list[tuple[Node, Iterator[Node]]] = []
        first = (output[0], output[1])
        if first not in left:
            todo.append((first, iter(_inputs(first, layers))))
        while todo:
            node, rest = todo[-1]
            following = next((one for one in rest if one not in left), None)
            if following is None:
                left[node] = None
                todo.pop()
            else:
                todo.append((following, iter(_inputs(following, layers))))
    return list(left)


def _traversal(outputs: Json, layers: Mapping[str, Json]) -> dict[str, int]:
    """Return when the same walk first meets each layer."""
    met: dict[str, int] = {}
    seen: set[Node] = set()
    todo: list[Node] = [(output[0], output[1]) for output in reversed(outputs)]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            met.setdefault(node[0], len(met))
            todo += reversed(_inputs(node, layers))
    return met
