"""Builds the Sequential that replaces a layer of a file, if it takes several that rules know.

The Sequential has the layer's name. The layers inside are called ``<layer>_<class>``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tfjs_serve.conversion.model.layers import Json, KerasLayer


def inner_layer(layer: KerasLayer, class_name: str, config: Mapping[str, Json]) -> KerasLayer:
    """Return a layer of the model that replaces `layer`.

    Parameters
    ----------
    layer
        The layer of the file.
    class_name, config
        Class and arguments of the new layer.
    """
    name = f"{layer.name}_{class_name.lower()}"
    path = f"{layer.path}/{name}"
    return replace(layer, class_name=class_name, name=name, path=path, config=config)


def replacement(layer: KerasLayer, inner: Sequence[KerasLayer]) -> KerasLayer:
    """Return the model that replaces `layer`: an input of unknown shape, then `inner`."""
    start = inner_layer(layer, "InputLayer", {"batch_input_shape": None})
    return replace(layer, class_name="Sequential", config={}, children=(start, *inner))
