"""Takes the flags over that tell which layers a page trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tfjs_serve.conversion.model.layers import CONTAINERS, Json, KerasLayer
from tfjs_serve.conversion.raising.entries import (
    MODELS,
    class_of,
    config_of,
    layers_of,
    leaves_of,
    name_of,
)
from tfjs_serve.conversion.raising.model import Page
from tfjs_serve.conversion.translate import Done


def with_page_flags(model: KerasLayer, done: Done, page: Page) -> KerasLayer:
    """Return the model with layers that are trained, or not, as the page has them.

    What a layer became says so for it: one layer, or several.

    Parameters
    ----------
    model
        The Keras model.
    done
        The same, converted again.
    """
    names = done.translation.known.names
    made = _by_name(done.translation.layer.to_json())
    saved = _by_name(page.model)

    def changed(layer: KerasLayer) -> KerasLayer:
        children = tuple(map(changed, layer.children))
        layer = replace(layer, children=children)
        name = names.get(layer.path, "")
        if layer.class_name in CONTAINERS or name not in made or name not in saved:
            return layer
        before, after = _flags(made[name]), _flags(saved[name])
        if before == after:
            return layer
        return replace(layer, trainable=any(after.values()))

    return changed(model)


def _by_name(entry: Mapping[str, Json]) -> dict[str, Mapping[str, Any]]:
    """Return all layers and models in a model by name."""
    found = {}
    for layer in layers_of(entry):
        found[name_of(layer)] = layer
        if class_of(layer) in MODELS:
            found |= _by_name(layer)
    return found


def _flags(entry: Mapping[str, Json]) -> dict[str, bool]:
    """Return which of the layers in an entry are trained, by name, without input layers."""
    return {
        name_of(leaf): config_of(leaf).get("trainable") is not False
        for leaf in leaves_of(entry)
        if class_of(leaf) != "InputLayer"
    }
