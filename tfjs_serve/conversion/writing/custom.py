"""Writes layers that the page registers itself (``--layers``), without translating them.

Their arguments are written as Keras saved them; TF.js turns keys and strings into camel case. It
finds weights by name, so the class must give ``addWeight`` the names that the Python class uses.
``.keras`` archives do not contain these names; for them, positions are used: ``"0"``, ``"1"`` ...
"""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.rules.context import TfjsLayer
from tfjs_serve.layers_model.model import LayersWeight, TensorSource


def passed_on(
    layer: KerasLayer,
    class_name: str,
    name: str,
    scope: str,
    weights: Mapping[str, TensorSource],
) -> TfjsLayer:
    """Return the layer with the arguments and weights that Keras saved.

    Parameters
    ----------
    class_name
        As the page registers it.
    name
        The layer's name in TF.js.
    scope
        Prefix of its weights' names.
    weights
        By variable name.
    """
    config = {**layer.config, "name": name, "trainable": layer.trainable, "dtype": "float32"}
    return TfjsLayer(
        class_name=class_name,
        config=config,
        weights=tuple(
            LayersWeight(name=f"{scope}/{variable}", source=source)
            for variable, source in weights.items()
        ),
    )
