"""Norms, and normalization by them or by statistics (``keras/src/ops/nn.py``, ``linalg.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import as_float
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.shapes import reduced
from tfjs_serve.conversion.operations.signatures import operation


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


@operation("norm")
def norm(x: Operand, /, ord: Json = None, axis: Json = None, keepdims: bool = False) -> Operand:
    """The norms of vectors along one axis, or of matrices along two."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype=as_float(x.dtype))


@operation("normalize")
def normalize(
    x: Operand, /, axis: Json = -1, order: Json = 2, epsilon: float | None = None
) -> Operand:
    """Divided by the norm."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("l2_normalize")
def l2_normalize(x: Operand, /, axis: Json = None, epsilon: float = 1e-12) -> Operand:
    """``tf.math.l2_normalize``: divided by a root; the sum of squares is at least `epsilon`."""
    return Operand(shape=x.shape, dtype=x.dtype)
