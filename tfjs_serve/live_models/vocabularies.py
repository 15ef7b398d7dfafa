"""What lookup layers have learned, which Keras does not put into their configuration."""

from __future__ import annotations

from typing import Any

import numpy as np

Json = Any
_LOOKUPS = ("IntegerLookup", "StringLookup", "TextVectorization")


def with_vocabularies(config: Json, model: Any) -> Json:
    """Return the configuration of `model` with the vocabularies of all lookup layers inside of it.

    Parameters
    ----------
    config
        ``{"class_name": ..., "config": {"layers": [...], ...}}``.
    """
    layers = {layer.name: layer for layer in getattr(model, "layers", ())}
    inner = config.get("config")
    if not layers or not isinstance(inner, dict) or not isinstance(inner.get("layers"), list):
        return config
    listed = [_completed(one, layers.get(_name(one))) for one in inner["layers"]]
    return {**config, "config": {**inner, "layers": listed}}


def counts_in(model: Any) -> set[int]:
    """Return the ``id`` of each variable in which a lookup layer counts what it has learned from.

    ``tf_keras`` lists it among the weights (``num_documents`` in ``index_lookup.py``), but no file
    has it.
    """
    found: set[int] = set()
    for layer in getattr(model, "layers", ()):
        lookup = getattr(layer, "_lookup_layer", layer)
        found |= (
            {id(lookup.num_documents)} if hasattr(lookup, "num_documents") else counts_in(layer)
        )
    return found


def _name(config: Json) -> Json:
    return config.get("name") or config.get("config", {}).get("name")


def _completed(config: Json, layer: Any) -> Json:
    if layer is None:
        return config
    if config.get("class_name") in _LOOKUPS:
        return {**config, "config": {**config["config"], **_learned(config["config"], layer)}}
    return with_vocabularies(config, layer)


def _learned(config: Json, layer: Any) -> dict[str, Json]:
    learned: dict[str, Json] = {}
    if not isinstance(config.get("vocabulary"), list):
        learned["vocabulary"] = list(map(_token, layer.get_vocabulary()))
    if config.get("output_mode") == "tf_idf" and not config.get("idf_weights"):
        stored: dict[str, Any] = {}
        layer.save_own_variables(stored)
        weights = next(iter(stored.values()), None)
        learned |= {} if weights is None else {"idf_weights": np.asarray(weights).tolist()}
    return learned


def _token(token: Any) -> Json:
    if isinstance(token, bytes):
        return token.decode("utf-8")
    return token.item() if isinstance(token, np.generic) else token
