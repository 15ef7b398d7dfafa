"""One file of rules per family, named as in tfjs-layers' ``src/layers``; importing registers."""

from tfjs_serve.conversion.layers import (
    advanced_activations,
    convolutional,
    convolutional_recurrent,
    core,
    embeddings,
    input_layer,
    mask_tensors,
    merge,
    multi_head_attention,
    noise,
    normalization,
    padding,
    pooling,
    preprocessing,
    recurrent,
    wrappers,
)

__all__ = [
    "advanced_activations",
    "convolutional",
    "convolutional_recurrent",
    "core",
    "embeddings",
    "input_layer",
    "mask_tensors",
    "merge",
    "multi_head_attention",
    "noise",
    "normalization",
    "padding",
    "pooling",
    "preprocessing",
    "recurrent",
    "wrappers",
]
