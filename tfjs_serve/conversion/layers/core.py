"""Dense, Dropout, Flatten and other basic layers (``tfjs-layers/src/layers/core.ts``)."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.activations import activation
from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.model import Json
from tfjs_serve.conversion.objects import parameters
from tfjs_serve.conversion.registry import Masking, kernel_and_bias, rule
from tfjs_serve.conversion.shapes import Shape, known_product, of_each, reshaped


@rule(
    "Dense",
    variables=kernel_and_bias("kernel"),
    masking=Masking.PASSES,
    shape=of_each(lambda config, shape: (*shape[:-1], config["units"])),
)
def dense(context: LayerContext) -> TfjsLayer:
    """``units``, ``activation``, ``use_bias`` and the parameters of kernel and bias."""
    read = context.read
    read.ignore("activity_regularizer")
    read.only("lora_rank", hint="Merge the LoRA weights into the kernel and save again.")
    return context.native(
        "Dense",
        {
            "units": read.integer("units"),
            "activation": activation(context),
            "use_bias": read.boolean("use_bias", True),
            **parameters(context, "kernel", "bias"),
        },
    )


@rule("Activation", masking=Masking.PASSES)
def activation_layer(context: LayerContext) -> TfjsLayer:
    """The activation itself decides whether TF.js has it."""
    context.read.ignore("activity_regularizer")
    return context.native("Activation", {"activation": activation(context)})


@rule("Dropout", masking=Masking.PASSES)
def dropout(context: LayerContext) -> TfjsLayer:
    """Inactive at inference."""
    read = context.read
    return context.native(
        "Dropout",
        {
            "rate": read.number("rate"),
            "noise_shape": read.take("noise_shape"),
            "seed": _seed(context),
        },
    )


@rule("SpatialDropout1D", masking=Masking.PASSES)
def spatial_dropout_1d(context: LayerContext) -> TfjsLayer:
    """Inactive at inference; drops whole channels in training."""
    context.read.ignore("noise_shape", "data_format")
    return context.native(
        "SpatialDropout1D", {"rate": context.read.number("rate"), "seed": _seed(context)}
    )


def _seed(context: LayerContext) -> int | None:
    """Return a seed that is a number; Keras 3 may write a generator's state instead."""
    seed = context.read.take("seed")
    return seed if isinstance(seed, int) else None


@rule(
    "Flatten",
    shape=of_each(lambda _config, shape: (shape[0], known_product(shape[1:]))),
    notes="input of three or more axes of known sizes",
)
def flatten(context: LayerContext) -> TfjsLayer:
    """With ``channels_first``, TF.js like Keras moves the channels last before flattening."""
    data_format = context.read.text("data_format", "channels_last")
    smallest = min(context.ranks, default=3)
    if smallest < 3:
        context.problem(
            "unsupported-input",
            f"TensorFlow.js's Flatten does not take an input of {smallest} axes.",
            "Leave the Flatten out, or use a Reshape.",
        )
    context.known_sizes(slice(1, None))
    return context.native("Flatten", {"data_format": data_format})


@rule("Reshape", shape=of_each(reshaped))
def reshape(context: LayerContext) -> TfjsLayer:
    """An axis of -1 or ``null`` is worked out from the others."""
    shape = context.read.take("target_shape")
    if not isinstance(shape, list):
        context.problem(
            "bad-config", f"Its target_shape is {shape!r}.", "Save the model again with Keras."
        )
    return context.native("Reshape", {"target_shape": shape})


def _permuted(config: Mapping[str, Json], shape: Shape) -> Shape:
    return (shape[0], *(shape[axis] for axis in config["dims"]))


@rule("Permute", shape=of_each(_permuted))
def permute(context: LayerContext) -> TfjsLayer:
    """``dims`` counts from 1, without the batch axis, in both."""
    return context.native("Permute", {"dims": context.read.take("dims")})


@rule("RepeatVector", shape=of_each(lambda config, shape: (shape[0], config["n"], shape[1])))
def repeat_vector(context: LayerContext) -> TfjsLayer:
    """Shape ``(batch, features)`` to ``(batch, n, features)``."""
    return context.native("RepeatVector", {"n": context.read.integer("n")})


@rule("Masking", masking=Masking.MAKES)
def masking(context: LayerContext) -> TfjsLayer:
    """Time steps whose features all equal ``mask_value`` are skipped downstream."""
    return context.native("Masking", {"mask_value": context.read.number("mask_value", 0.0)})
