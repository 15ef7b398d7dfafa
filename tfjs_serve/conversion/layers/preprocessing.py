"""Preprocessing layers (``tfjs-layers/src/layers/preprocessing``).

Most of TF.js's were written for single images, not for batches of them.
"""

from __future__ import annotations

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.model import Json
from tfjs_serve.conversion.registry import refuse, rule


@rule("Rescaling", notes="scale and offset are numbers")
def rescaling(context: LayerContext) -> TfjsLayer:
    """``x * scale + offset``."""
    read = context.read
    config: dict[str, Json] = {}
    for key in ("scale", "offset"):
        if isinstance(read.take(key), list):
            read.unsupported(key, read.take(key), "Use one number for all channels.")
        else:
            config[key] = read.number(key, 0.0)
    return context.native("Rescaling", config)


_BEFORE = "Do it before the model is called, and leave the layer out."

refuse("CategoryEncoding", "it changes the shape of the layer before it", _BEFORE, module=__name__)
refuse("CenterCrop", "it crops other pixels", "Use Cropping2D.", module=__name__)
refuse("RandomWidth", "it also changes images at inference", _BEFORE, module=__name__)
refuse("Resizing", "it samples other pixels and loses the batch axis", _BEFORE, module=__name__)
