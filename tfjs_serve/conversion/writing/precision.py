"""Notes the layers that Keras computes with other floats than the page, which has only float32."""

from __future__ import annotations

from tfjs_serve.conversion.model.layers import CONTAINERS, KerasLayer
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.facts.wording import and_more_layers

_DIFFERENCE = {
    "float16": "its predictions differ in the third digit, and where Keras overflows to Infinity, "
    "beyond 65504, it has a number",
    "bfloat16": "its predictions differ in the second or third digit",
    "float64": "its predictions differ in the seventh digit",
}
"""What the page makes of each dtype."""


def note_precision(model: KerasLayer, report: Report) -> None:
    """Note for each other dtype which layer computes in it first, and how many more do."""
    for dtype, difference in _DIFFERENCE.items():
        layers = [layer for layer in model.walk() if _computes(layer) and layer.dtype == dtype]
        if layers:
            more = and_more_layers(len(layers) - 1)
            report.warn(
                layers[0],
                f"Keras computes it in {dtype}{more}. The page computes in float32: {difference}.",
            )


def _computes(layer: KerasLayer) -> bool:
    return layer.class_name not in CONTAINERS and layer.class_name != "InputLayer"
