"""Preprocessing layers (``tfjs-layers/src/layers/preprocessing``)."""

from __future__ import annotations

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.registry import rule


@rule("Rescaling", notes="scale and offset are numbers")
def rescaling(context: LayerContext) -> TfjsLayer:
    """``x * scale + offset``."""
    read = context.read
    return context.native(
        "Rescaling", {"scale": read.number("scale"), "offset": read.number("offset", 0.0)}
    )
