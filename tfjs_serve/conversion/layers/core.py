"""Dense, Flatten, Reshape and other basic layers (``tfjs-layers/src/layers/core.ts``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tfjs_serve.conversion.layers.shared.unchanged import unchanged
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.shapes import (
    RANKS,
    Shape,
    Shapes,
    known_product,
    of_each,
    reshaped,
)
from tfjs_serve.conversion.model.sources import Weights
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.initializers import parameters
from tfjs_serve.conversion.rules.registry import Outcome, Support, kernel_and_bias, rule
from tfjs_serve.conversion.rules.traits import MadeMask, Masking, MaskMaker, Traits
from tfjs_serve.conversion.small_models.activations import activated, companion_activation
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, common_shapes
from tfjs_serve.conversion.small_models.integers import check_no_rounding, each_kept, kept
from tfjs_serve.conversion.small_models.or_companion import lower_or_companion

_MOST_AXES_OF_BIAS = 5
_REARRANGES = Traits(dtypes=kept, any_dtype=True, hides_input_shape=True)


def _rows(_layer: KerasLayer, weights: Weights) -> Iterator[Shape]:
    """Yield a shape for each number of axes; the kernel tells the number of features."""
    if weights:
        yield from ((*(None,) * (rank - 1), weights["kernel"].shape[0]) for rank in RANKS)


@rule(
    "Dense",
    variables=kernel_and_bias("kernel"),
    shape=of_each(lambda config, shape: (*shape[:-1], config["units"])),
    traits=Traits(masking=Masking.PASSES, input_shapes=_rows),
    support=Support(
        lowered="inputs of six axes: Reshape", companion="several unknown sizes with six axes"
    ),
)
@activated
def dense(context: LayerContext, activation: str) -> TfjsLayer:
    """TF.js adds a bias to tensors of at most five axes (``biasAdd`` in ``tfjs_backend.ts``)."""
    read = context.read
    # Saved kernels include their LoRA weights.
    read.ignore("activity_regularizer", "lora_rank", "lora_alpha")
    config: dict[str, Json] = {
        "units": read.integer("units"),
        "activation": activation,
        "use_bias": read.boolean("use_bias", True),
        **parameters(context, "kernel", "bias"),
    }
    if max(context.ranks, default=0) <= _MOST_AXES_OF_BIAS:
        return context.native("Dense", config)

    def lower(low: Lowering) -> Tensor:
        (x,) = low.inputs
        rows = low.reshape(x, (known_product(x.shape[1:-1]), x.shape[-1]))
        made = low.layer("Dense", config, rows, weights=context.weights)
        return low.reshape(made, (*x.shape[1:-1], made.shape[-1]))

    arguments: dict[str, Json] = {
        "source": [0, 1, 2, 3, 4, 5],
        "kernel": [5, 6],
        "output": [0, 1, 2, 3, 4, 6],
    }
    if activation != "linear":
        value = read.take("activation")
        arguments["activation"] = companion_activation(value, context.layer.generation)
    return lower_or_companion(context, lower, "EinsumDense", arguments)


@rule(
    "Activation",
    traits=Traits(masking=Masking.PASSES),
    support=Support(
        lowered="activations that TensorFlow.js lacks: the layers that compute them",
        companion="`exponential`, `sparsemax`, `squareplus`, `softmax` of the first axis",
        training="`hard_shrink`, `threshold`, ReLU with a threshold",
    ),
)
@activated
def activation_layer(context: LayerContext, activation: str) -> TfjsLayer:
    """``activated`` lowers the activations that TF.js lacks."""
    context.read.ignore("activity_regularizer")
    return context.native("Activation", {"activation": activation})


def _each_input(_layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    return inputs


@rule(
    "Identity",
    shape=_each_input,
    outcome=Outcome.LOWERED,
    traits=Traits(dtypes=each_kept, any_dtype=True, masking=Masking.PASSES_SINCE_KERAS_3),
    support=Support(lowered="Activation('linear')"),
)
def identity(context: LayerContext) -> TfjsLayer:
    """Takes any number of tensors. TF.js's class of this name is an initializer."""
    check_no_rounding(context)
    if max(map(len, context.calls), default=1) > 1:
        low = Lowering(context)
        return low.model(*low.inputs)
    return unchanged(context)


@rule(
    "ActivityRegularization",
    outcome=Outcome.LOWERED,
    traits=Traits(dtypes=kept, masking=Masking.PASSES),
    support=Support(lowered="Activation('linear'): it only adds to the loss"),
)
def activity_regularization(context: LayerContext) -> TfjsLayer:
    """Only adds to the loss in training, for which TF.js has no layer."""
    context.read.ignore("l1", "l2", "activity_regularizer")
    return unchanged(context)


@rule(
    "Flatten",
    shape=of_each(lambda _config, shape: (shape[0], known_product(shape[1:]))),
    traits=_REARRANGES,
    support=Support(
        lowered="inputs of fewer than three axes, or of unknown sizes: Permute, Reshape"
    ),
)
def flatten(context: LayerContext) -> TfjsLayer:
    """With ``channels_first``, both Keras and TF.js move the channels last before flattening."""
    check_no_rounding(context)
    data_format = context.read.text("data_format", "channels_last")
    rank = context.one_rank() or 3
    (shape,) = common_shapes(context.results) or ((None, None),)
    if rank >= 3 and shape[1] is not None:
        return context.native("Flatten", {"data_format": data_format})
    target = {"target_shape": _written(shape)}
    if data_format == "channels_last" or rank < 3:
        return context.native("Reshape", target)
    low = Lowering(context)
    last = low.permute(low.inputs[0], [0, *range(2, rank), 1])
    return low.model(low.reshape(last, shape[1:]))


@rule(
    "Reshape",
    shape=of_each(reshaped),
    traits=_REARRANGES,
)
def reshape(context: LayerContext) -> TfjsLayer:
    """The size of an axis of -1 or ``null`` is worked out from the others.

    TF.js does this only when it predicts, but the layers that follow may need the size before.
    """
    check_no_rounding(context)
    target = context.read.take("target_shape")
    if not isinstance(target, list):
        context.problem(
            "bad-config", f"Its target_shape is {target!r}.", "Save the model again with Keras."
        )
        return context.native("Reshape", {"target_shape": []})
    shapes = common_shapes(context.results) if context.results else [(None, *target)]
    return context.native("Reshape", {"target_shape": _written(shapes[0])})


def _written(shape: Shape) -> list[int]:
    """Return the target of a Reshape: the sizes after the batch axis, -1 for unknown ones."""
    return [-1 if size is None else size for size in shape[1:]]


def _permuted(config: Mapping[str, Json], shape: Shape) -> Shape:
    return (shape[0], *(shape[axis] for axis in config["dims"]))


@rule(
    "Permute",
    shape=of_each(_permuted),
    traits=_REARRANGES,
)
def permute(context: LayerContext) -> TfjsLayer:
    """``dims`` counts from 1, without the batch axis, in Keras and TF.js."""
    check_no_rounding(context)
    return context.native("Permute", {"dims": context.read.take("dims")})


@rule(
    "RepeatVector",
    shape=of_each(lambda config, shape: (shape[0], config["n"], shape[1])),
    traits=replace(_REARRANGES, rank=2),
)
def repeat_vector(context: LayerContext) -> TfjsLayer:
    """From shape ``(batch, features)`` to ``(batch, n, features)``."""
    check_no_rounding(context)
    return context.native("RepeatVector", {"n": context.read.integer("n")})


def _mask_of_steps(layer: KerasLayer) -> MadeMask:
    return MadeMask(value=layer.config.get("mask_value", 0.0), over_features=True)


def _masking_alone(layer: KerasLayer) -> KerasLayer:
    return replace(layer, class_name="masks.Masking")


@rule(
    "Masking",
    traits=Traits(dtypes=kept, mask_maker=MaskMaker(made=_mask_of_steps, without=_masking_alone)),
    support=Support(training="after layers that are trained"),
)
def masking(context: LayerContext) -> TfjsLayer:
    """Time steps whose features all equal ``mask_value`` are skipped downstream."""
    return context.native("Masking", {"mask_value": context.read.number("mask_value", 0.0)})
