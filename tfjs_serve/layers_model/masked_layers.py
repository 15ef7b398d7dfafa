"""Which layers of a written model get masks, as far as its document tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tfjs_serve.layers_model.model import Json

RECURRENT = frozenset({"Bidirectional", "GRU", "LSTM", "RNN", "SimpleRNN"})
"""Classes of TensorFlow.js that run over time."""


def masked_calls(layers: Sequence[Mapping[str, Json]], *, is_masked: bool) -> frozenset[str]:
    """Return the names of the layers whose inputs have masks.

    A layer passes a mask on unless it is a recurrent layer that returns one step only.
    """
    users = _users(layers)
    by_name = {name_of(layer): layer for layer in layers}
    waiting = [name for name, layer in by_name.items() if _makes_mask(layer, is_masked)]
    masked: set[str] = set()
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user not in masked and user in by_name:
                masked.add(user)
                if _passes_mask(by_name[user]):
                    waiting.append(user)
    return frozenset(masked)


def _users(layers: Sequence[Mapping[str, Json]]) -> Mapping[str, Sequence[str]]:
    """Return which layers each layer's outputs go to; in a Sequential model, to the next one."""
    users: dict[str, list[str]] = {}
    for before, layer in zip([None, *layers], layers, strict=False):
        nodes = layer.get("inbound_nodes")
        sources = list(_sources(nodes))
        if nodes is None and before is not None:
            sources = [name_of(before)]
        for source in sources:
            users.setdefault(source, []).append(name_of(layer))
    return users


def _sources(nodes: Json) -> Iterator[str]:
    """Yield the names in ``inbound_nodes``, which are lists of ``[name, node, tensor, ...]``."""
    for tensors in as_list(nodes):
        for tensor in as_list(tensors):
            if isinstance(tensor, list) and tensor and isinstance(tensor[0], str):
                yield tensor[0]


def _makes_mask(layer: Mapping[str, Json], is_model_masked: bool) -> bool:
    class_name, config = layer.get("class_name"), as_dict(layer.get("config"))
    if class_name == "InputLayer":
        return is_model_masked
    return class_name == "Masking" or (
        class_name == "Embedding" and config.get("mask_zero") is True
    )


def _passes_mask(layer: Mapping[str, Json]) -> bool:
    class_name, config = str(layer.get("class_name", "")), as_dict(layer.get("config"))
    if config.get("passes_mask") is False:
        return False
    inner = as_dict(as_dict(config.get("layer")).get("config"))
    returns = config.get("return_sequences", inner.get("return_sequences"))
    return class_name not in RECURRENT or returns is True


def name_of(layer: Mapping[str, Json]) -> str:
    """Return the name of a layer."""
    return str(as_dict(layer.get("config")).get("name", layer.get("name", "")))


def as_dict(value: Json) -> Mapping[str, Json]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: Json) -> list[Json]:
    """Return a list; an empty one for anything else."""
    return value if isinstance(value, list) else []
