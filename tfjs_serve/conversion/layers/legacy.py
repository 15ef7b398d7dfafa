"""Layers that only Keras 1 has, with arguments spelled as in Keras 2 (see ``spelling/keras1/``).

From ``keras/layers/core.py``, ``normalization.py``, ``convolutional.py`` and
``engine/topology.py`` of Keras 1.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tfjs_serve.conversion.layers.convolutional_transposed import convolution_transposed
from tfjs_serve.conversion.model.layers import Json, KerasLayer, Variable
from tfjs_serve.conversion.model.shapes import (
    Shapes,
    channels_of,
    of_each,
    pair,
    spatial,
    with_channels,
)
from tfjs_serve.conversion.model.sources import computed_source, reshaped_source
from tfjs_serve.conversion.rules.arguments import ConfigReader
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Support, kernel_and_bias, rule
from tfjs_serve.conversion.rules.traits import Masking, Traits
from tfjs_serve.conversion.small_models.activations import activated, apply_activation
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor
from tfjs_serve.layers_model.model import TensorSource


@rule(
    "MaxoutDense",
    variables=kernel_and_bias("kernel"),
    shape=of_each(lambda config, shape: (shape[0], config["units"])),
    support=Support(lowered="Dense, Reshape, GlobalMaxPooling1D"),
)
def maxout_dense(context: LayerContext) -> TfjsLayer:
    """The maximum of several Dense layers; the kernel is ``(features, inputs, units)``."""
    read = context.read
    _ignore_parameters(context)
    units, features = read.integer("units"), read.integer("features", 4)
    use_bias = read.boolean("use_bias", True)
    low = Lowering(context)
    (x,) = low.inputs
    weights = {name: _side_by_side(source) for name, source in context.weights.items()}
    config = {"units": features * units, "use_bias": use_bias}
    shape = (x.shape[0], features * units)
    wide = low.layer("Dense", config, x, weights=weights, shape=shape)
    parted = low.reshape(wide, (features, units))
    shape = (x.shape[0], units)
    return low.model(low.layer("GlobalMaxPooling1D", {}, parted, shape=shape))


def _ignore_parameters(context: LayerContext) -> None:
    """Ignore what only matters when the layer is made or trained."""
    context.read.ignore("kernel_initializer", "kernel_regularizer", "bias_regularizer")
    context.read.ignore("kernel_constraint", "bias_constraint")


def _side_by_side(source: TensorSource) -> TensorSource:
    """Return a kernel ``(features, inputs, units)``, or a bias, for one wide Dense layer."""
    features, *inputs, units = source.shape
    if not inputs:
        return reshaped_source(source, (features * units,))
    shape = (inputs[0], features * units)
    return computed_source(
        lambda kernel: np.moveaxis(kernel, 0, 1).reshape(shape), source, shape=shape
    )


def _highway_variables(config: Mapping[str, Json]) -> tuple[Variable, ...]:
    names = ("kernel", "carry_kernel", "bias", "carry_bias")
    used = names[:2] if config.get("use_bias") is False else names
    return tuple(Variable(name=name) for name in used)


@rule(
    "Highway",
    variables=_highway_variables,
    support=Support(lowered="two Dense layers, Multiply, Add"),
)
def highway(context: LayerContext) -> TfjsLayer:
    """``t * activation(x W + b) + (1 - t) * x`` with ``t = sigmoid(x W_carry + b_carry)``."""
    read = context.read
    _ignore_parameters(context)
    use_bias = read.boolean("use_bias", True)
    low = Lowering(context)
    (x,) = low.inputs

    def dense(prefix: str, activation: str) -> Tensor:
        names = ("kernel", "bias") if use_bias else ("kernel",)
        weights = {name: context.weights[f"{prefix}{name}"] for name in names}
        config = {"units": x.shape[-1], "use_bias": use_bias, "activation": activation}
        return low.layer("Dense", config, x, weights=weights, shape=x.shape)

    gate = dense("carry_", "sigmoid")
    value = read.take("activation", "linear")
    made = apply_activation(low, value, dense("", "linear"), context.layer.generation)
    kept = low.multiply(low.rescale(gate, -1.0, 1.0), x)
    return low.model(low.add(low.multiply(gate, made), kept))


def _cosine_shape(_layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    return ((inputs[0][0], 1, 1),)


@rule(
    "CosineMerge",
    shape=_cosine_shape,
    support=Support(lowered="Dot, Reshape", notes="inputs of two axes"),
)
def cosine_merge(context: LayerContext) -> TfjsLayer:
    """``Merge(mode="cos")``: its shape is ``(batch, 1, 1)``, but Keras 1 infers ``(batch, 1)``."""
    context.read.ignore("axes")
    context.at_most_axes(2)
    low = Lowering(context)
    x, y = low.inputs
    config = {"axes": [1, 1], "normalize": True}
    product = low.layer("Dot", config, x, y, shape=(x.shape[0], 1))
    return low.model(low.reshape(product, (1, 1)))


def _deconvolved(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    return ((inputs[0][0], *layer.config["output_shape"][1:]),)


@rule(
    "Deconvolution2D",
    variables=kernel_and_bias("kernel"),
    shape=_deconvolved,
    support=Support(lowered="as Conv2DTranspose with `output_padding`"),
)
@activated
def deconvolution(context: LayerContext, activation: str) -> TfjsLayer:
    """A Conv2DTranspose whose output's size is an argument."""
    config = {key: item for key, item in context.layer.config.items() if key != "output_shape"}
    config["output_padding"] = _output_padding(context)
    layer = replace(context.layer, class_name="Conv2DTranspose", config=config)
    context.read.ignore(*context.layer.config)
    reader = ConfigReader(layer, context.read.report)
    return convolution_transposed(replace(context, layer=layer, read=reader), activation, 2)


def _output_padding(context: LayerContext) -> list[int] | None:
    """Return how many more steps the output has than without ``output_padding``."""
    config = context.layer.config
    axes = (2, 3) if config.get("data_format") == "channels_first" else (1, 2)
    if not context.shapes or any(context.shapes[0][axis] is None for axis in axes):
        return None
    strides = pair(config.get("strides", 1), 2)
    paddings = []
    for axis, extent, stride in zip(axes, config["kernel_size"], strides, strict=True):
        size = context.shapes[0][axis] or 0
        cut = 2 * (extent // 2) if config.get("padding") == "same" else 0
        paddings.append(config["output_shape"][axis] - ((size - 1) * stride + extent - cut))
    return paddings


_STATISTICS = ("moving_mean", "moving_variance")


def _normalization_variables(_config: Mapping[str, Json]) -> tuple[Variable, ...]:
    trained = (Variable(name=name) for name in ("gamma", "beta"))
    fixed = (Variable(name=name, trainable=False) for name in _STATISTICS)
    return (*trained, *fixed)


@rule(
    "SampleNormalization",
    variables=_normalization_variables,
    traits=Traits(masking=Masking.PASSES),
    support=Support(companion="always"),
)
def sample_normalization(context: LayerContext) -> TfjsLayer:
    """``BatchNormalization(mode=1)``: along the last axis, without moving statistics."""
    context.read.ignore("axis", "momentum", "gamma_regularizer", "beta_regularizer")
    used = {name: context.weights[name] for name in ("gamma", "beta") if name in context.weights}
    arguments = {"epsilon": context.read.number("epsilon", 1e-3)}
    return replace(context, weights=used).companion("SampleNormalization", arguments)


@rule(
    "BatchStatisticsNormalization",
    variables=_normalization_variables,
    traits=Traits(masking=Masking.PASSES),
    support=Support(companion="always"),
)
def batch_statistics_normalization(context: LayerContext) -> TfjsLayer:
    """``BatchNormalization(mode=2)``: by the statistics of the batch that is predicted."""
    read = context.read
    read.ignore("gamma_regularizer", "beta_regularizer")
    rank = context.one_rank() or 2
    arguments = {
        "epsilon": read.number("epsilon", 1e-3),
        "momentum": read.number("momentum", 0.99),
        "axes": [read.integer("axis", -1) % rank],
        "always": True,
    }
    short = {"moving_mean": "mean", "moving_variance": "variance"}
    renamed = {short.get(name, name): source for name, source in context.weights.items()}
    inner = replace(context, weights=renamed, fixed_variables=set(short.values()))
    return inner.companion("BatchNormalization", arguments)


def _half_padded(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    config = layer.config
    sizes = spatial(config, inputs[0], lambda axis, size: -(-size // config["strides"][axis]))
    return (with_channels(config, inputs[0], sizes, channels_of(config, inputs[0])),)


@rule(
    "HalfPaddedPooling",
    shape=_half_padded,
    support=Support(companion="always"),
)
def half_padded_pooling(context: LayerContext) -> TfjsLayer:
    """Pooling with "same" as Theano pads it: the first window starts `before` the image."""
    read = context.read
    arguments = {
        **{key: read.take(key) for key in ("pool_size", "strides", "before", "largest")},
        "channels_first": read.take("data_format") == "channels_first",
    }
    return context.companion("HalfPaddedPooling", arguments)
