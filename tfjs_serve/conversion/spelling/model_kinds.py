"""Finds the models that are described completely by their configuration, whatever their class.

A user's class that is derived from ``keras.Model``, mostly for another ``train_step``, saves the
whole graph if it was created with inputs and outputs (``functional_like_constructor`` in
``keras/src/models/functional.py``; ``inject_functional_model_class`` in Keras 2). The methods that
it overrides are not in the file, so the user is warned.
"""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.model.layers import CONTAINERS, Json

MODELS = CONTAINERS | {"Model"}
"""Classes of models in files. Keras 1 and 2 call a Functional model ``Model``."""
_GRAPH = frozenset({"layers", "input_layers", "output_layers"})
_STACK = frozenset({"name", "layers", "build_input_shape", "trainable", "dtype"})


def model_kind(class_name: str, config: Mapping[str, Json]) -> str | None:
    """Return ``"Functional"`` or ``"Sequential"``, or ``None`` for a layer or for Python code.

    Parameters
    ----------
    class_name
        As in the file, with or without a package.
    config
        Configuration of the model or layer.
    """
    if class_name in MODELS:
        return "Sequential" if class_name == "Sequential" else "Functional"
    layers = config.get("layers")
    if not isinstance(layers, list) or not all(map(_is_layer, layers)):
        return None
    if config.keys() >= _GRAPH and all("inbound_nodes" in layer for layer in layers):
        return "Functional"
    return "Sequential" if layers and config.keys() <= _STACK else None


def _is_layer(value: Json) -> bool:
    return isinstance(value, dict) and "class_name" in value and "config" in value
