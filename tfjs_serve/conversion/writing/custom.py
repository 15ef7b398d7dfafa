"""Layers that the page registers itself (``--layers``): handed on as they are.

Their arguments are written as Keras saved them. TF.js turns keys and strings into camel case, and
finds weights by name: those that the class gives to ``addWeight`` have to be Keras's, or, for
``.keras`` archives, which do not tell names, the position: ``"0"``, ``"1"`` ...
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
    """Return the layer under the page's class name, with Keras's arguments and weights."""
    config = {**layer.config, "name": name, "trainable": layer.trainable, "dtype": "float32"}
    return TfjsLayer(
        class_name=class_name,
        config=config,
        weights=tuple(
            LayersWeight(name=f"{scope}/{variable}", source=source)
            for variable, source in weights.items()
        ),
    )
