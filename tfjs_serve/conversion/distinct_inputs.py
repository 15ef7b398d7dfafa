"""Keeps TF.js from throwing a tensor away that a later layer needs.

``execute`` in ``tfjs-layers/src/engine/executor.ts`` counts the tensors that are made of a tensor,
but counts down for each time that one of them takes it: a tensor that a layer takes twice, and
another one later, is gone too early. So a layer that takes a tensor again gets a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfjs_serve.conversion.model import Json

_Tensor = tuple[str, int, int]


def with_distinct_inputs(config: Json) -> Json:
    """Return a written layer in which no call takes a tensor twice.

    Parameters
    ----------
    config
        ``{"class_name", "config"}`` or any part of it, in TF.js's terms.
    """
    if isinstance(config, list):
        return [with_distinct_inputs(item) for item in config]
    if not isinstance(config, dict):
        return config
    inner = {key: with_distinct_inputs(item) for key, item in config.items()}
    if inner.get("class_name") == "Functional":
        inner["config"] = _graph(inner["config"])
    return inner


def _graph(model: Mapping[str, Any]) -> dict[str, Any]:
    layers = model["layers"]
    copies = _Copies()
    changed = [{**layer, "inbound_nodes": copies.in_nodes(layer)} for layer in layers]
    written: list[Json] = []
    for layer in changed:
        # Right behind its source, so that the loader makes all other calls in the same order.
        written += [layer, *copies.of_layer.get(layer["name"], ())]
    return {**model, "layers": written}


def _tensor(part: Json) -> _Tensor:
    return part[0], part[1], part[2]


class _Copies:
    """The layers that copy a tensor, made as they are needed."""

    def __init__(self) -> None:
        self._count = 0
        self.of_layer: dict[str, list[Json]] = {}

    def in_nodes(self, layer: Mapping[str, Any]) -> list[Json]:
        return [self._in_call(call) for call in layer.get("inbound_nodes", ())]

    def _in_call(self, call: list[Json]) -> list[Json]:
        seen: set[_Tensor] = set()
        parts: list[Json] = []
        for part in call:
            tensor = _tensor(part)
            parts.append([self._copy(part), 0, 0, *part[3:]] if tensor in seen else part)
            seen.add(tensor)
        return parts

    def _copy(self, part: Json) -> str:
        name = f"{part[0]}/copy_{self._count}"
        self._count += 1
        copy = {
            "class_name": "Activation",
            "name": name,
            "config": {"name": name, "activation": "linear", "dtype": "float32"},
            "inbound_nodes": [[part]],
        }
        self.of_layer.setdefault(part[0], []).append(copy)
        return name
