"""Attention and normalization (``keras/src/ops/nn.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import result_type
from tfjs_serve.conversion.model.layers import Json
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
    """Shapes ``(batch, time, heads, features)``."""
    dtype = result_type(query.dtype, key.dtype, value.dtype)
    return Operand(shape=query.shape, dtype=dtype)


@operation("batch_norm")
def batch_norm(
    x: Operand,
    mean: Operand,
    variance: Operand,
    offset: Operand | None = None,
    scale: Operand | None = None,
    /,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Operand:
    """By given statistics."""
    return Operand(shape=x.shape, dtype=x.dtype)


@operation("layer_norm")
def layer_norm(
    x: Operand,
    gamma: Operand | None = None,
    beta: Operand | None = None,
    /,
    axis: Json = -1,
    epsilon: float | None = None,
    rms_scaling: bool = False,
) -> Operand:
    """By the statistics of some axes."""
    return Operand(shape=x.shape, dtype=x.dtype)


@operation("rms_norm")
def rms_norm(
    x: Operand, scale: Operand | None = None, /, axis: Json = -1, epsilon: float | None = None
) -> Operand:
    """By the root mean square of some axes."""
    return Operand(shape=x.shape, dtype=x.dtype)


@operation("l2_normalize")
def l2_normalize(x: Operand, /, axis: Json = None, epsilon: float = 1e-12) -> Operand:
    """``tf.math.l2_normalize``: by the root of the sum of squares, at least of `epsilon`."""
    return Operand(shape=x.shape, dtype=x.dtype)
