"""Keeps what a Normalization inside of another layer has learned where Keras finds it in HDF5.

When Keras 3 loads an ``.h5`` file, it has only the layers of the outermost model take up what was
loaded (``finalize_state`` in ``legacy_h5_format.py``). A Normalization in a model in the model, or
in a wrapper, gets its variables there, and goes on to compute with a mean of 0 and a variance of 1.
Both Kerases take the mean and the variance as arguments, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.sources import LayerWeights, values
from tfjs_serve.conversion.raising.entry import Pair
from tfjs_serve.conversion.raising.model import Raised

_STATISTICS = ("mean", "variance")
_ONE, _SEVERAL = ("layer", "backward_layer", "cell"), ("layers", "cells")


def with_statistics_as_arguments(model: Raised) -> Raised:
    """Return the model as it is to be written as HDF5."""
    entries = model.config["config"]["layers"]
    pairs = [
        _inside(entry, layer, model.variables)
        for entry, layer in zip(entries, model.model.children, strict=True)
    ]
    config = {**model.config["config"], "layers": [entry for entry, _ in pairs]}
    children = tuple(layer for _, layer in pairs)
    return replace(
        model,
        config={**model.config, "config": config},
        model=replace(model.model, children=children),
    )


def _inside(entry: Mapping[str, Any], layer: KerasLayer, variables: LayerWeights) -> Pair:
    """Return a layer whose inner layers have their statistics as arguments."""
    if not layer.children:
        return dict(entry), layer
    config, children = dict(entry["config"]), iter(layer.children)
    made: list[KerasLayer] = []

    def completed(inner: Mapping[str, Any]) -> Json:
        child = next(children)
        pair = _completed(inner, child, variables.get(child.path, {}))
        inner, child = _inside(*pair, variables)
        made.append(child)
        return inner

    for key in _ONE:
        if isinstance(config.get(key), dict):
            config[key] = completed(config[key])
    for key in _SEVERAL:
        if isinstance(config.get(key), list):
            config[key] = [completed(inner) for inner in config[key]]
    return {**entry, "config": config}, replace(layer, children=(*made, *children))


def _completed(entry: Mapping[str, Any], layer: KerasLayer, variables: Mapping[str, Any]) -> Pair:
    if layer.class_name != "Normalization" or not variables.keys() >= set(_STATISTICS):
        return dict(entry), layer
    found = dict(_arguments(variables))
    return (
        {**entry, "config": {**entry["config"], **found}},
        replace(layer, config={**layer.config, **found}),
    )


def _arguments(variables: Mapping[str, Any]) -> Iterator[tuple[str, Json]]:
    for name in _STATISTICS:
        yield name, values(variables[name]).tolist()
