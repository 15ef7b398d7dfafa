"""Which layers compute something else for masked inputs."""

from __future__ import annotations

from tfjs_serve.conversion.masks.attention_calls import ATTENTION
from tfjs_serve.conversion.model.layers import KerasLayer

USERS = frozenset(
    {"Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "LSTM", "RNN", "SimpleRNN"}
    | {"GlobalAveragePooling1D", "Softmax", "UnifiedGRU", "UnifiedLSTM"}
)
"""Layers whose result depends on the mask of their input (``mask`` in their ``call``)."""

_REPLACING = frozenset({"Maximum", "Minimum", "Multiply"})


def replaces_masked(layer: KerasLayer) -> bool:
    """Whether a merge leaves masked numbers out of what it computes, as Keras does from 3.6 on."""
    return layer.class_name in _REPLACING and layer.version >= (3, 6)


def uses_mask(layer: KerasLayer) -> bool:
    """Whether the layer, or one inside of it, looks at the mask of its input."""
    if layer.class_name == "TimeDistributed":
        return any(inner.class_name in USERS for inner in layer.walk())
    return layer.class_name in USERS | ATTENTION


def has_full_mask(layer: KerasLayer) -> bool:
    """Whether a mask may be as large as the tensor, not one number per step."""
    return layer.class_name == "Softmax" or replaces_masked(layer)
