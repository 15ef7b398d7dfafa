"""Noise layers, all inactive at inference (``tfjs-layers/src/layers/noise.ts``)."""

from __future__ import annotations

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.registry import Masking, rule


@rule("GaussianNoise", masking=Masking.PASSES)
def gaussian_noise(context: LayerContext) -> TfjsLayer:
    """Adds noise of deviation ``stddev`` in training."""
    context.read.ignore("seed")
    return context.native("GaussianNoise", {"stddev": context.read.number("stddev")})


@rule("GaussianDropout", masking=Masking.PASSES)
def gaussian_dropout(context: LayerContext) -> TfjsLayer:
    """Multiplies by noise in training."""
    context.read.ignore("seed")
    return context.native("GaussianDropout", {"rate": context.read.number("rate")})


@rule("AlphaDropout", masking=Masking.PASSES)
def alpha_dropout(context: LayerContext) -> TfjsLayer:
    """Keeps mean and variance in training."""
    context.read.ignore("seed")
    noise_shape = context.read.take("noise_shape")
    return context.native(
        "AlphaDropout", {"rate": context.read.number("rate"), "noise_shape": noise_shape}
    )
