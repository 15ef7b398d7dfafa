"""Regularizers that the layers of the page do not have, for ``training.js``.

TensorFlow.js's layers take none of activities, and layers of ``layers.js`` none at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.report import NO_REGULARIZERS, as_told, left_out
from tfjs_serve.conversion.model.sources import LayerWeights, is_reshaped_only, origins
from tfjs_serve.conversion.training.objects import is_number
from tfjs_serve.conversion.training.trained_weights import owners_of
from tfjs_serve.layers_model.model import LayersWeight, TensorSource

_DEFAULT = 0.01
_FACTORS = {"l1": ("l1",), "l2": ("l2",), "l1l2": ("l1", "l2")}
_OF_WEIGHTS = "_regularizer"
_ORTHOGONAL = "OrthogonalRegularizer"
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
) -> tuple[list[dict[str, Json]], frozenset[str]]:
    """Return the regularizers of weights that the written model does not have.

    With them, the warnings that do not hold in a page that has them.

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
    found: list[dict[str, Json]] = []
    mended: set[str] = set()
    for layer in model.walk():
        every = True
        for variable, value in _of_weights(layer):
            regularizer = _regularizer(value)
            own = _named(variable, sources.get(layer.path, {}))
            places = _places(own, weights, owners, regularizer)
            found += [{**place, **(regularizer or {})} for place in places]
            every = every and bool(places)
            if places and regularizer is not None and regularizer["class_name"] == _ORTHOGONAL:
                mended.add(as_told(layer, left_out("regularizer", _ORTHOGONAL)))
        if every:
            mended.add(as_told(layer, NO_REGULARIZERS))
    return found, frozenset(mended)


def _of_weights(layer: KerasLayer) -> Iterator[tuple[str, Json]]:
    for key, value in layer.config.items():
        if key.endswith(_OF_WEIGHTS) and value is not None and not key.startswith("activity"):
            yield key.removesuffix(_OF_WEIGHTS), value


def _named(variable: str, sources: Mapping[str, TensorSource]) -> list[TensorSource]:
    """Return the weights for which an argument is, such as ``recurrent_regularizer``."""
    names = (variable, f"{variable}_kernel")
    return [source for name, source in sources.items() if name.rpartition("/")[2] in names]


def _places(
    own: Sequence[TensorSource],
    weights: Sequence[LayersWeight],
    owners: Mapping[str, Json],
    regularizer: dict[str, Json] | None,
) -> list[dict[str, Json]]:
    """Return the weights in the page for which the script needs a regularizer."""
    if regularizer is None:
        return []
    is_orthogonal = regularizer["class_name"] == _ORTHOGONAL
    made_of = {id(one) for source in own for one in origins(source)}
    found = []
    for weight in weights:
        owner = owners.get(weight.name)
        if owner is None or made_of.isdisjoint(map(id, origins(weight.source))):
            continue
        # What TensorFlow.js has itself has the regularizer, too: see rules/initializers.py.
        is_fit = _is_as_saved(weight.source) if is_orthogonal else "variables" in owner["config"]
        if is_fit:
            found.append({"layer": owner["config"]["name"], "weight": weight.name})
    return found


def _is_as_saved(source: TensorSource) -> bool:
    """Whether rows and columns are those of Keras."""
    shapes = [one.shape for one in origins(source)]
    return is_reshaped_only(source) and shapes == [source.shape]


def _saved(model: KerasLayer) -> Iterator[tuple[KerasLayer, Json]]:
    for layer in model.walk():
        if layer.class_name == _OF_ITS_OWN:
            yield layer, {"class_name": "L1L2", "config": layer.config}
        elif layer.config.get("activity_regularizer") is not None:
            yield layer, layer.config["activity_regularizer"]


def _regularizer(value: Json) -> dict[str, Json] | None:
    """Return the regularizer of a weight; ``None`` if it is not one of Keras's."""
    factors = _factors(value)
    if factors is not None:
        return {"class_name": "L1L2", "config": factors}
    config = value.get("config") if isinstance(value, dict) else None
    if not isinstance(config, dict) or value["class_name"] != _ORTHOGONAL:
        return None
    factor, mode = config.get("factor", _DEFAULT), config.get("mode", "rows")
    if not is_number(factor) or mode not in ("rows", "columns"):
        return None
    return {"class_name": _ORTHOGONAL, "config": {"factor": factor, "mode": mode}}


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
