"""Activations (``keras/src/ops/nn.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import as_float
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.signatures import operation


@operation(
    *("hard_sigmoid", "hard_sigmoid_keras2", "hard_silu", "log_sigmoid", "mish", "selu", "sigmoid"),
    *("silu", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "tanh", "tanh_shrink"),
)
def fractions(x: Operand, /) -> Operand:
    """Fractions, also of integers."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("hard_tanh", "relu", "relu6")
def kept(x: Operand, /) -> Operand:
    """Integers stay integers."""
    return Operand(shape=x.shape, dtype=x.dtype)


@operation("leaky_relu")
def leaky_relu(x: Operand, /, negative_slope: float = 0.2) -> Operand:
    """``negative_slope * x`` below zero."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("elu", "celu")
def elu(x: Operand, /, alpha: float = 1.0) -> Operand:
    """An exponential below zero."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("gelu")
def gelu(x: Operand, /, approximate: bool = True) -> Operand:
    """By the hyperbolic tangent if `approximate`, otherwise by the error function."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("soft_shrink", "hard_shrink")
def shrink(x: Operand, /, threshold: float = 0.5) -> Operand:
    """Zero if x is within the threshold."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("threshold")
def threshold(x: Operand, /, threshold: float, default_value: float) -> Operand:
    """``default_value`` where x is not above the threshold."""
    return Operand(shape=x.shape, dtype=x.dtype)


@operation("squareplus")
def squareplus(x: Operand, /, b: float = 4) -> Operand:
    """``(x + sqrt(x**2 + b)) / 2``."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("softmax", "log_softmax", "sparsemax")
def softmax(x: Operand, /, axis: Json = -1) -> Operand:
    """Over one axis, over several, or over all if `axis` is ``None``."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("glu")
def glu(x: Operand, /, axis: int = -1) -> Operand:
    """One half of the axis times the sigmoid of the other half."""
    shape = list(x.shape)
    size = shape[axis]
    shape[axis] = None if size is None else size // 2
    return Operand(shape=tuple(shape), dtype=as_float(x.dtype))
