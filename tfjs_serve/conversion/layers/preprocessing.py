"""Preprocessing layers (``tfjs-layers/src/layers/preprocessing``).

Most of TF.js's were written for single images, not for batches of them.
"""

from __future__ import annotations

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.registry import refuse, rule


@rule("Rescaling", notes="scale and offset are numbers")
def rescaling(context: LayerContext) -> TfjsLayer:
    """``x * scale + offset``."""
    read = context.read
    for key in ("scale", "offset"):
        value = read.take(key, 0.0)
        if isinstance(value, list):
            read.unsupported(key, value, "Use one number for all channels.")
            return context.native("Rescaling", {})
    return context.native(
        "Rescaling", {"scale": read.number("scale"), "offset": read.number("offset", 0.0)}
    )


_BEFORE = "Do it before the model is called, and leave the layer out."

refuse("CategoryEncoding", "it changes the shape of the layer before it", _BEFORE, module=__name__)
refuse("CenterCrop", "it crops other pixels", "Use Cropping2D.", module=__name__)
refuse("RandomWidth", "it also changes images at inference", _BEFORE, module=__name__)
refuse("Resizing", "it samples other pixels and loses the batch axis", _BEFORE, module=__name__)
