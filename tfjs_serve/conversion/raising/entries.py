"""Reads the entries of models as TensorFlow.js spells them, whichever version or program did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tfjs_serve.conversion.model.layers import Json

SEQUENTIAL = "Sequential"
_FUNCTIONAL = frozenset({"Functional", "Model"})
MODELS = _FUNCTIONAL | {SEQUENTIAL}
_INSIDE = ("layer", "backward_layer", "cell")


def class_of(entry: Mapping[str, Json]) -> str:
    """Return the class of an entry; a model with a graph is ``Functional`` in all versions."""
    name = str(entry.get("class_name"))
    return "Functional" if name in _FUNCTIONAL else name


def config_of(entry: Mapping[str, Json]) -> Mapping[str, Any]:
    """Return the configuration; that of a Sequential was a list of its layers at first."""
    config = entry.get("config")
    if isinstance(config, list):
        return {"layers": config}
    return config if isinstance(config, dict) else {}


def name_of(entry: Mapping[str, Json]) -> str:
    """Return the name of a layer or model."""
    return str(config_of(entry).get("name") or entry.get("name") or "")


def layers_of(entry: Mapping[str, Json]) -> Sequence[Mapping[str, Any]]:
    """Return the entries of a model's layers, without the InputLayer of a Sequential.

    TensorFlow.js leaves that out when it saves.
    """
    layers = config_of(entry).get("layers")
    found = [one for one in layers if isinstance(one, dict)] if isinstance(layers, list) else []
    if class_of(entry) == SEQUENTIAL:
        return [one for one in found if class_of(one) != "InputLayer"]
    return found


def leaves_of(entry: Mapping[str, Json]) -> Iterator[Mapping[str, Any]]:
    """Yield the layers in an entry that are no models, with the layers inside of wrappers."""
    if class_of(entry) in MODELS:
        for layer in layers_of(entry):
            yield from leaves_of(layer)
        return
    yield entry
    config = config_of(entry)
    for key in _INSIDE:
        if isinstance(config.get(key), dict):
            yield from leaves_of(config[key])
    for cell in config.get("cells") or ():
        if isinstance(cell, dict):
            yield from leaves_of(cell)
