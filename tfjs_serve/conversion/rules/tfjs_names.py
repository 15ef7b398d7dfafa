"""Names of layers that TF.js accepts and can tell apart.

TF.js makes names of tensors from names of layers, so these must match a pattern
(``isValidTensorName`` in ``tfjs-layers/src/common.ts``). It finds weights by the name of the layer
alone, so two nested models must not have layers of the same name. Its loader keeps layers in plain
objects, so the names of the members of ``Object.prototype`` break it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tfjs_serve.conversion.model.layers import CONTAINERS, KerasLayer
from tfjs_serve.conversion.model.report import Report

_VALID = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._/]*")
_INVALID_CHARACTERS = re.compile(r"[^-A-Za-z0-9._/]+")
_RESERVED = frozenset(
    {
        "constructor",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
        "toString",
        "valueOf",
    }
)


def tfjs_names(model: KerasLayer, report: Report) -> Mapping[str, str]:
    """Return the names in TF.js of all layers of all models in `model`, by path.

    A name stays as it is, unless TF.js refuses it or an outer or earlier layer has it.
    """
    names: dict[str, str] = {}
    used: set[str] = set()
    for container in _containers(model):
        for layer in container.children:
            name = _free(_candidates(layer), used)
            used.add(name)
            names[layer.path] = name
            if name != layer.name:
                report.warn(layer, f"is called {name!r} in TensorFlow.js.")
    names[model.path] = valid_name(model.name)
    return names


def valid_name(name: str) -> str:
    """Return `name` if TF.js accepts it, and a similar name otherwise."""
    if _VALID.fullmatch(name) and name not in _RESERVED:
        return name
    cleaned = _INVALID_CHARACTERS.sub("_", name)
    return cleaned if _VALID.fullmatch(cleaned) and cleaned not in _RESERVED else f"layer{cleaned}"


def _containers(model: KerasLayer) -> list[KerasLayer]:
    """Return the models in `model`, outer ones first, so that outer layers keep their names."""
    found = [model]
    for container in found:
        found += [inner for child in container.children for inner in _nearest_models(child)]
    return found


def _nearest_models(layer: KerasLayer) -> list[KerasLayer]:
    if layer.class_name in CONTAINERS:
        return [layer]
    return [inner for child in layer.children for inner in _nearest_models(child)]


def _candidates(layer: KerasLayer) -> list[str]:
    name = valid_name(layer.name)
    parent = layer.path.split("/")[:-1][-1:]
    return [name, valid_name(f"{''.join(parent)}_{name}")]


def _free(candidates: list[str], used: set[str]) -> str:
    for candidate in candidates:
        if candidate not in used:
            return candidate
    number = 1
    while f"{candidates[-1]}_{number}" in used:
        number += 1
    return f"{candidates[-1]}_{number}"
