"""Parts of a configuration for Keras that need no more than the layer that they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tfjs_serve.conversion.model.layers import Json, KerasLayer

Entry = dict[str, Json]
Pair = tuple[Entry, KerasLayer]
"""The entry of a layer, and the layer as it is in the file."""


def entry_of(module: str, class_name: str, config: Entry) -> Entry:
    """Return the entry of a class."""
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def inherited(child: KerasLayer, parent: KerasLayer) -> KerasLayer:
    """Return a layer with the flag of the model or wrapper around it, which freezes it, too."""
    return child if parent.trainable else replace(child, trainable=False)


def around(model: KerasLayer, pairs: Sequence[Pair]) -> KerasLayer:
    """Return a model with the layers that are written.

    Its flag is that of its layers, so that both generations have the weights in one order.
    """
    return replace(model, children=tuple(layer for _, layer in pairs), trainable=True)


def plain_name(layer: KerasLayer) -> str:
    """Return a name without the slashes that Keras 3 does not allow."""
    return layer.name.replace("/", "_")


def distinct_names(model: KerasLayer) -> dict[str, str]:
    """Return the names of a model's layers in the file by those that they have."""
    names: dict[str, str] = {}
    for child in model.children:
        name = plain_name(child)
        while name in names.values():
            name += "_"
        names[child.name] = name
    return names


def is_mirrored(forward: KerasLayer, backward: KerasLayer) -> bool:
    """Whether the layers differ only in their direction, as Keras makes the second of the first."""
    unimportant = {"seed", "build_config", "go_backwards"}
    ours, theirs = (
        {key: one for key, one in layer.config.items() if key not in unimportant}
        for layer in (forward, backward)
    )
    turned = bool(forward.config.get("go_backwards")) != bool(backward.config.get("go_backwards"))
    return turned and (ours, forward.class_name) == (theirs, backward.class_name)


def policy(layer: KerasLayer, old: Mapping[str, Any]) -> str:
    """Return the name of the dtype or of the policy, which both Kerases read."""
    saved = old.get("dtype")
    if isinstance(saved, dict):
        saved = (saved.get("config") or {}).get("name")
    plain = isinstance(saved, str) and not saved.startswith("_") and "_from_" not in saved
    return str(saved) if plain and str(saved).endswith(layer.dtype) else layer.dtype


def input_config(config: Entry) -> Entry:
    """Return the arguments of an InputLayer that both Kerases take."""
    kept = ("name", "batch_input_shape", "dtype", "sparse", "ragged", "optional")
    return {key: config[key] for key in kept if key in config and config[key] is not False}
