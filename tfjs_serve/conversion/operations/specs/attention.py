"""Attention (``keras/src/ops/nn.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import result_type
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.signatures import operation


@operation("dot_product_attention")
def dot_product_attention(
    query: Operand,
    key: Operand,
    value: Operand,
    bias: Operand | None = None,
    mask: Operand | None = None,
    scale: Operand | None = None,
    /,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Operand:
    """Query, key and value have the shape ``(batch, time, heads, features)``."""
    dtype = result_type(query.dtype, key.dtype, value.dtype)
    return Operand(shape=query.shape, dtype=dtype)
