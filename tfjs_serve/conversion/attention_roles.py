"""Which inputs of an attention layer have masks, and what its call names them."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.call_arguments import call_arguments, tensor_positions
from tfjs_serve.conversion.model import Json

ATTENTION = frozenset(
    {"AdditiveAttention", "Attention", "GroupedQueryAttention", "MultiHeadAttention"}
)
_ONE_LIST = frozenset({"AdditiveAttention", "Attention"})
_PROJECTED = ("query", "value", "key")


def mask_names(class_name: str, kwargs: Mapping[str, Json]) -> dict[int, str]:
    """Return the names of the masks of a call's inputs, by the inputs' positions.

    Masks that the call has already are left out. Attention takes no mask of its key
    (``keras/src/layers/attention/attention.py``).
    """
    if class_name in _ONE_LIST:
        positions = {"query": 0, "value": 1}
    else:
        positions = tensor_positions(call_arguments(kwargs.get, _PROJECTED))
    return {
        position: f"{role}_mask"
        for role, position in positions.items()
        if kwargs.get(f"{role}_mask") is None
    }
