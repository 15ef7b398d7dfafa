"""Activations that only Keras 1 has as layers (``keras/layers/advanced_activations.py``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tfjs_serve.conversion.model.layers import Variable
from tfjs_serve.conversion.model.sources import Array, computed_source, reshaped_source
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Support, rule
from tfjs_serve.conversion.rules.traits import Masking, Traits
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor
from tfjs_serve.layers_model.model import TensorSource


def _named(*names: str) -> tuple[Variable, ...]:
    return tuple(Variable(name=name) for name in names)


@rule(
    "ParametricSoftplus",
    variables=lambda _config: _named("alpha", "beta"),
    traits=Traits(masking=Masking.PASSES),
    support=Support(lowered="DepthwiseConv2D, softplus"),
)
def parametric_softplus(context: LayerContext) -> TfjsLayer:
    """``alpha * softplus(beta * x)`` with one alpha and beta for each element."""
    context.read.ignore("alpha_init", "beta_init")
    low = Lowering(context)
    (x,) = low.inputs
    sizes = x.shape[1:]
    alpha, beta = (_full(context.weights[name], sizes) for name in ("alpha", "beta"))
    flat = low.reshape(x, (alpha.shape[0],))
    bent = low.activation(low.affine(flat, beta, None), "softplus")
    return low.model(low.reshape(low.affine(bent, alpha, None), sizes))


_S_RELU = ("t_left", "a_left", "t_right", "a_right")


@rule(
    "SReLU",
    variables=lambda _config: _named(*_S_RELU),
    traits=Traits(masking=Masking.PASSES),
    support=Support(lowered="DepthwiseConv2D, relu, Add; its parameters are not trained further"),
)
def s_relu(context: LayerContext) -> TfjsLayer:
    """The slope is ``a_left`` below ``t_left``, then 1, ``a_right`` from ``t_left + |t_right|``."""
    context.read.ignore(*(f"{name}_init" for name in _S_RELU))
    low = Lowering(context)
    (x,) = low.inputs
    sizes = x.shape[1:]
    weights = [_full(context.weights[name], sizes) for name in _S_RELU]

    def made(compute: Callable[..., Array]) -> TensorSource:
        return computed_source(compute, *weights, shape=weights[0].shape)

    def affine(y: Tensor, scale: TensorSource | None, offset: TensorSource | None) -> Tensor:
        return low.affine(y, scale, offset, trainable=False)

    flat = low.reshape(x, (weights[0].shape[0],))
    left = affine(flat, None, made(lambda t, _a, _r, _b: -t))
    right = affine(flat, None, made(lambda t, _a, r, _b: -t - np.abs(r)))
    below = affine(low.activation(low.rescale(left, -1.0), "relu"), made(_negative_slope), None)
    start = made(lambda t, _a, _r, _b: t)
    if context.read.boolean("limits_below", False):
        excess = affine(
            low.activation(low.rescale(left, -1.0), "relu"),
            made(_negative_slope),
            made(lambda _t, _a, r, _b: -np.abs(r)),
        )
        below = low.subtract(below, low.activation(excess, "relu"))
    above = affine(low.activation(right, "relu"), made(lambda _t, _a, _r, b: b - 1), start)
    return low.model(low.reshape(low.add(low.activation(left, "relu"), above, below), sizes))


def _negative_slope(_t: Array, a: Array, _r: Array, _b: Array) -> Array:
    return -a


def _full(source: TensorSource, sizes: Sequence[int | None]) -> TensorSource:
    """Return a parameter with one number for each element of the input, flattened."""
    full = tuple(
        saved if size is None else size for saved, size in zip(source.shape, sizes, strict=True)
    )
    shape = (int(np.prod(full)),)
    if source.shape == full:
        return reshaped_source(source, shape)
    return computed_source(
        lambda values: np.broadcast_to(values, full).reshape(shape), source, shape=shape
    )
