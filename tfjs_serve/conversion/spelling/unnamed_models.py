"""Finds the names of nested models that were saved without one.

Up to Keras 2.2.2, the configuration of a Sequential is only a list of its layers. So the name of a
nested one is not in it, but its weights are saved under this name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.spelling.entries import config_of


def with_names(model: Mapping[str, Json], groups: Sequence[str]) -> Mapping[str, Json]:
    """Return the configuration of a model in which every layer has a name.

    Parameters
    ----------
    groups
        Names of the groups of weights, one for each layer of the outermost model, in file order. A
        layer without a name gets the one at the same position.
    """
    entries = _entries(model)
    if entries is None:
        return model
    counted = [entry for entry in entries if entry.get("class_name") != "InputLayer"]
    listed = entries if len(entries) == len(groups) else counted
    names = dict(zip(map(id, listed), groups, strict=True)) if len(listed) == len(groups) else {}
    named = [
        _named(with_names(entry, ()), names.get(id(entry), f"sequential_{index}"))
        for index, entry in enumerate(entries)
    ]
    config = model["config"]
    return {**model, "config": {**config, "layers": named} if isinstance(config, dict) else named}


def _entries(model: Mapping[str, Json]) -> list[Mapping[str, Json]] | None:
    layers = config_of(model).get("layers")
    if not isinstance(layers, list) or not all(isinstance(entry, dict) for entry in layers):
        return None
    return layers


def _named(entry: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    config = entry.get("config")
    has_name = isinstance(config, dict) and config.get("name") is not None
    return entry if has_name or entry.get("name") is not None else {**entry, "name": name}
