"""Turns Sequential models of Keras 1 whose first layer merges other models into Functional ones.

``Sequential([Merge([left, right]), ...])`` has an input for each branch, and its file has a group
of weights for each layer of each branch (``flattened_layers`` in ``keras/models.py`` of Keras 1).
So all layers of the branches become layers of one Functional model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.spelling.entries import config_of, name_of

Tensor = list[Any]
"""A tensor as Keras 2 writes it: ``[layer, call, output]``."""


def modern_structure(entry: Mapping[str, Json]) -> dict[str, Json]:
    """Return the entry of a model in which no Sequential, also none inside it, starts with a merge.

    Parameters
    ----------
    entry
        ``{"class_name": ..., "config": ...}``.
    """
    config, layers = entry.get("config"), config_of(entry).get("layers")
    if not isinstance(layers, list) or entry.get("class_name") == "Merge":
        return dict(entry)
    inner = [modern_structure(_named_class(item)) for item in layers if isinstance(item, dict)]
    if entry.get("class_name") == "Sequential" and inner and inner[0]["class_name"] == "Merge":
        merged = _Merged()
        merged.sequential(inner)
        return {
            **entry,
            "class_name": "Model",
            "config": merged.config(name_of(entry, "Sequential")),
        }
    return {**entry, "config": {**config, "layers": inner} if isinstance(config, dict) else inner}


def _named_class(entry: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return an entry as Keras 1 writes it. Before, its arguments were beside the class name."""
    if "class_name" in entry or not isinstance(entry.get("name"), str):
        return entry
    config = {**entry, "name": entry.get("custom_name")}
    return {"class_name": entry["name"], "config": config}


class _Merged:
    """A Functional model under construction."""

    def __init__(self) -> None:
        self._layers: dict[str, dict[str, Json]] = {}
        self._inputs: list[Tensor] = []
        self._output: Tensor = []

    def config(self, name: str) -> dict[str, Json]:
        return {
            "name": name,
            "layers": list(self._layers.values()),
            "input_layers": self._inputs,
            "output_layers": [self._output],
        }

    def sequential(self, entries: list[dict[str, Json]]) -> Tensor:
        """Add the layers of a Sequential, and return its output."""
        first, *rest = entries
        if first["class_name"] == "Merge":
            branches = first["config"].get("layers") or []
            config = {key: item for key, item in first["config"].items() if key != "layers"}
            tensors = [self._branch(modern_structure(branch)) for branch in branches]
            x = self._call({"class_name": "Merge", "config": config}, tensors)
        else:
            x = self._call(first, [self._input(first)])
        for entry in rest:
            x = self._call(entry, [x])
        self._output = x
        return x

    def _branch(self, entry: dict[str, Json]) -> Tensor:
        config = entry["config"]
        if entry["class_name"] == "Sequential":
            return self.sequential(config if isinstance(config, list) else config["layers"])
        if entry["class_name"] == "Model":
            return self._functional(config)
        return self._call(entry, [self._input(entry)])

    def _functional(self, config: Mapping[str, Json]) -> Tensor:
        """Add the layers and inputs of a Functional model; return its first output."""
        for entry in config["layers"]:
            self._layers.setdefault(entry["name"], entry)
        for tensor in config["input_layers"]:
            if tensor not in self._inputs:
                self._inputs.append(tensor)
        return list(config["output_layers"][0])

    def _input(self, entry: Mapping[str, Json]) -> Tensor:
        """Add an input for a layer at the start of a branch, and return it."""
        if entry["class_name"] == "InputLayer":
            name = entry["config"]["name"]
            config = entry["config"]
        else:
            name = f"{_first_name(entry)}_input"
            config = {"name": name, "batch_input_shape": _first_shape(entry)}
        layer = {"class_name": "InputLayer", "name": name, "config": config, "inbound_nodes": []}
        if name not in self._layers:
            self._layers[name] = layer
            self._inputs.append([name, 0, 0])
        return [name, 0, 0]

    def _call(self, entry: Mapping[str, Json], inputs: list[Tensor]) -> Tensor:
        if entry["class_name"] == "InputLayer":
            return inputs[0]
        name = self._layer_name(entry)
        layer = self._layers.setdefault(name, {**entry, "name": name, "inbound_nodes": []})
        node = [[*tensor, {}] for tensor in inputs]
        if node not in layer["inbound_nodes"]:
            layer["inbound_nodes"].append(node)
        return [name, layer["inbound_nodes"].index(node), 0]

    def _layer_name(self, entry: Mapping[str, Json]) -> str:
        config = entry.get("config")
        name = config.get("name") if isinstance(config, dict) else None
        return str(name or f"{entry['class_name'].lower()}_{len(self._layers)}")


def _first_name(entry: Mapping[str, Json]) -> str:
    config = entry.get("config")
    if isinstance(config, list):
        return _first_name(config[0])
    return str(config.get("name")) if isinstance(config, dict) else "merged"


def _first_shape(entry: Mapping[str, Json]) -> Json:
    config = entry.get("config")
    if isinstance(config, list):
        return _first_shape(config[0])
    return config.get("batch_input_shape") if isinstance(config, dict) else None
