"""Regularizers of activities, which TensorFlow.js's layers do not take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.training.objects import is_number

_DEFAULT = 0.01
_FACTORS = {"l1": ("l1",), "l2": ("l2",), "l1l2": ("l1", "l2")}
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
