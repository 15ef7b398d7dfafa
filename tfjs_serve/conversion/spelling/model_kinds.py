"""Which models describe their own computation, whatever their class is called.

A class that a user derives from ``keras.Model``, mostly for a ``train_step`` of its own, saves the
whole graph if it was made with inputs and outputs (``functional_like_constructor`` in
``keras/src/models/functional.py``; ``inject_functional_model_class`` in Keras 2). What it
overrides cannot be seen in the file, so that is said.
"""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.model.layers import CONTAINERS, Json

MODELS = CONTAINERS | {"Model"}
"""Classes of models as files name them: Keras 1 and 2 call a Functional model Model."""
_GRAPH = frozenset({"layers", "input_layers", "output_layers"})
_STACK = frozenset({"name", "layers", "build_input_shape", "trainable", "dtype"})


def model_kind(class_name: str, config: Mapping[str, Json]) -> str | None:
    """Return ``"Functional"`` or ``"Sequential"``; ``None`` for a layer, or for Python code.

    Parameters
    ----------
    class_name
        As the file has it, with or without a package.
    config
        Of the model or layer.
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
