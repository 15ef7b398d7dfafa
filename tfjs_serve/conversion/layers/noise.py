"""Dropout and noise (``tfjs-layers/src/layers/core.ts`` and ``noise.ts``).

At inference, all of them return their input, unless they are called with ``training=True``. Then
the companion drops numbers or adds noise at every prediction, as Keras does.

No seed is written: TF.js's Dropout would begin anew with it in every step of a training, and drop
the same numbers each time.
"""

from __future__ import annotations

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Masking, Traits
from tfjs_serve.conversion.small_models.integers import kept

_ALWAYS = "calls with `training=True`, whose outputs are random"


@rule(
    "Dropout",
    traits=Traits(masking=Masking.PASSES, dtypes=kept),
    support=Support(companion=_ALWAYS),
)
def dropout(context: LayerContext) -> TfjsLayer:
    """``None`` in ``noise_shape`` stands for sizes of the input, in Keras and TF.js."""
    noise_shape = context.read.take("noise_shape")
    return _dropout(context, "Dropout", noise_shape, noise_shape)


@rule(
    "SpatialDropout1D",
    traits=Traits(masking=Masking.PASSES, dtypes=kept, rank=3),
    support=Support(companion=_ALWAYS),
)
def spatial_dropout_1d(context: LayerContext) -> TfjsLayer:
    """Drops whole channels in training."""
    context.read.ignore("noise_shape", "data_format")
    return _dropout(context, "SpatialDropout1D", [None, 1, None], None)


def _spatial(class_name: str, axes: int) -> None:
    @rule(
        class_name,
        outcome=Outcome.LOWERED,
        traits=Traits(masking=Masking.PASSES, dtypes=kept, rank=axes + 2),
        support=Support(lowered="Dropout(noise_shape=...)", companion=_ALWAYS),
    )
    def translate(context: LayerContext) -> TfjsLayer:
        """Drop whole channels in training."""
        context.read.ignore("noise_shape")
        first = context.read.text("data_format", "channels_last") == "channels_first"
        ones: list[Json] = [1] * axes
        shape = [None, None, *ones] if first else [None, *ones, None]
        return _dropout(context, "Dropout", shape, shape)


_spatial("SpatialDropout2D", 2)
_spatial("SpatialDropout3D", 3)


def _dropout(
    context: LayerContext, class_name: str, noise_shape: Json, written_shape: Json
) -> TfjsLayer:
    rate = context.read.number("rate")
    context.read.ignore("seed")
    if _is_active(context, rate):
        return context.companion("AlwaysDropout", {"rate": rate, "noise_shape": noise_shape})
    config: dict[str, Json] = {"rate": rate}
    if written_shape is not None:
        config["noise_shape"] = written_shape
    return context.native(class_name, config)


@rule(
    "GaussianNoise",
    traits=Traits(masking=Masking.PASSES, dtypes=kept),
    support=Support(companion=_ALWAYS),
)
def gaussian_noise(context: LayerContext) -> TfjsLayer:
    """Adds noise of deviation ``stddev`` in training."""
    context.read.ignore("seed")
    stddev = context.read.number("stddev")
    if _is_active(context, stddev):
        return context.companion("AlwaysGaussianNoise", {"stddev": stddev})
    return context.native("GaussianNoise", {"stddev": stddev})


@rule(
    "GaussianDropout",
    traits=Traits(masking=Masking.PASSES, dtypes=kept),
    support=Support(companion=_ALWAYS),
)
def gaussian_dropout(context: LayerContext) -> TfjsLayer:
    """Multiplies by noise in training."""
    context.read.ignore("seed")
    rate = context.read.number("rate")
    if _is_active(context, rate):
        return context.companion("AlwaysGaussianDropout", {"rate": rate})
    return context.native("GaussianDropout", {"rate": rate})


@rule(
    "AlphaDropout",
    traits=Traits(masking=Masking.PASSES, dtypes=kept),
    support=Support(companion=_ALWAYS),
)
def alpha_dropout(context: LayerContext) -> TfjsLayer:
    """Keeps mean and variance in training."""
    context.read.ignore("seed")
    arguments = {
        "rate": context.read.number("rate"),
        "noise_shape": context.read.take("noise_shape"),
    }
    if _is_active(context, arguments["rate"]):
        return context.companion("AlwaysAlphaDropout", arguments)
    return context.native("AlphaDropout", arguments)


def _is_active(context: LayerContext, strength: float) -> bool:
    """Whether the layer is called in a way that makes it random at inference too."""
    active = context.keywords.always_trains() and strength > 0
    if active:
        context.warn("it is called with training=True: its outputs are random, as in Keras.")
    return active
