"""Regularizers that the layers of the page do not have, for ``training.js``.

TensorFlow.js's layers take none of activities, and layers of ``layers.js`` none at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.sources import LayerWeights, origins
from tfjs_serve.conversion.training.objects import is_number
from tfjs_serve.conversion.training.trained_weights import owners_of
from tfjs_serve.layers_model.model import LayersWeight

_DEFAULT = 0.01
_FACTORS = {"l1": ("l1",), "l2": ("l2",), "l1l2": ("l1", "l2")}
_OF_WEIGHTS = "_regularizer"
_OF_ITS_OWN = "ActivityRegularization"


def activity_regularizers(
    model: KerasLayer, names: Mapping[str, str]
) -> tuple[list[dict[str, Json]], tuple[str, ...]]:
    """Return the regularizers as ``training.js`` reads them, and what it cannot be told.

    Parameters
    ----------
    names
        From a layer's path to its name in TensorFlow.js.
    """
    found, missing = [], []
    for layer, value in _saved(model):
        config = _factors(value)
        if config is None:
            missing.append(f"The activity regularizer of {layer.name!r} is not one of Keras's.")
        elif any(config.values()):
            name = names.get(layer.path, layer.name)
            found.append({"layer": name, "class_name": "L1L2", "config": config})
    return found, tuple(missing)


def weight_regularizers(
    model: KerasLayer, sources: LayerWeights, written: Json, weights: Sequence[LayersWeight]
) -> list[dict[str, Json]]:
    """Return the regularizers of weights that the written model does not have.

    Parameters
    ----------
    sources
        From a layer's path in Keras to its weights by variable name.
    written
        ``{"class_name", "config"}`` of the outermost model in the page.
    weights
        The weights that the page trains.
    """
    owners = owners_of(written, weights)
    found = []
    for layer in model.walk():
        for key, value in layer.config.items():
            variable = key.removesuffix(_OF_WEIGHTS)
            source = sources.get(layer.path, {}).get(variable)
            config = None if variable == key or source is None else _factors(value)
            if source is None or config is None:
                continue
            made_of = {id(one) for one in origins(source)}
            for weight in weights:
                owner = owners.get(weight.name)
                is_it = not made_of.isdisjoint(map(id, origins(weight.source)))
                # What TensorFlow.js has itself has the regularizer, too: see rules/initializers.py.
                if is_it and owner and "variables" in owner["config"]:
                    where = {"layer": owner["config"]["name"], "weight": weight.name}
                    found.append({**where, "class_name": "L1L2", "config": config})
    return found


def _saved(model: KerasLayer) -> Iterator[tuple[KerasLayer, Json]]:
    for layer in model.walk():
        if layer.class_name == _OF_ITS_OWN:
            yield layer, {"class_name": "L1L2", "config": layer.config}
        elif layer.config.get("activity_regularizer") is not None:
            yield layer, layer.config["activity_regularizer"]


def _factors(value: Json) -> dict[str, float] | None:
    """Return both factors; ``None`` for what is no sum of absolute values and squares."""
    is_named = isinstance(value, str)
    name = value if is_named else value.get("class_name") if isinstance(value, dict) else ""
    factors = _FACTORS.get(str(name).replace("_", "").lower())
    if factors is None:
        return None
    config = {} if is_named else value.get("config") or {}
    # By default, the functions have 0.01, and so has a class with one factor only.
    default = _DEFAULT if is_named or len(factors) == 1 else 0.0
    found = {key: config.get(key, default) for key in factors}
    if not all(map(is_number, found.values())):
        return None
    return {"l1": 0.0, "l2": 0.0, **found}
