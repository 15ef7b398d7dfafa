"""Tells of weights that are one in Keras and several in the page."""

from __future__ import annotations

from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.sources import LayerWeights


def tell_shared_weights(model: KerasLayer, weights: LayerWeights, report: Report) -> None:
    """Warn of layers that lie in several models: TF.js loads each model with its own weights.

    Parameters
    ----------
    weights
        From a layer's path to its weights, the same objects for the same weights.
    """
    first: dict[int, KerasLayer] = {}
    for layer in model.walk():
        for source in weights.get(layer.path, {}).values():
            owner = first.setdefault(id(source), layer)
            if owner is not layer and owner.path != layer.path:
                message = f"is the same layer as {owner.path} in Keras; a page trains them apart."
                report.warn(layer, message)
