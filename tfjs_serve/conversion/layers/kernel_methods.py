"""RandomFourierFeatures (``keras/layers/kernelized.py`` in Keras 2)."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.model.layers import Json, Variable
from tfjs_serve.conversion.model.shapes import of_each
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule


def _variables(_config: Mapping[str, Json]) -> tuple[Variable, ...]:
    """Return the trained variable first, as Keras saves it."""
    return (
        Variable(name="kernel_scale"),
        Variable(name="unscaled_kernel", trainable=False),
        Variable(name="bias", trainable=False),
    )


@rule(
    "RandomFourierFeatures",
    variables=_variables,
    outcome=Outcome.COMPANION,
    shape=of_each(lambda config, shape: (shape[0], config["output_dim"])),
    support=Support(companion="always: TensorFlow.js has no layer with a cosine"),
)
def random_fourier_features(context: LayerContext) -> TfjsLayer:
    """``cos(x @ kernel / scale + bias)``; kernel and scale are as saved."""
    context.read.ignore("output_dim", "kernel_initializer", "scale")
    return context.companion("RandomFourierFeatures", {})
