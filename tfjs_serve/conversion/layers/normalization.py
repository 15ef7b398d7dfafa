"""Batch and layer normalization (``tfjs-layers/src/layers/normalization.ts``).

TF.js normalizes inputs of two to four axes, and its BatchNormalization is right only for the last
axis. Other inputs are permuted and reshaped for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tfjs_serve.conversion.model.layers import Json, KerasLayer, Variable
from tfjs_serve.conversion.model.shapes import RANKS, Shape
from tfjs_serve.conversion.model.sources import Weights, reshaped_source
from tfjs_serve.conversion.rules.call_arguments import MASK_AS_ARRAY
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.initializers import parameter
from tfjs_serve.conversion.rules.registry import Support, rule
from tfjs_serve.conversion.rules.traits import Masking, Traits
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor
from tfjs_serve.conversion.small_models.integers import all_integers, truncated
from tfjs_serve.conversion.small_models.last_axis import Rows, counted_axes, on_rows, rank_of
from tfjs_serve.conversion.small_models.or_companion import lower_or_companion

_SHORT_NAMES = {"moving_mean": "mean", "moving_variance": "variance"}
"""Names of variables in the companion: TF.js would turn those of Keras into camel case."""


def scale_and_center(config: Mapping[str, Json]) -> tuple[Variable, ...]:
    """Return ``gamma`` and ``beta``, as far as the layer has them."""
    flags = (("gamma", "scale"), ("beta", "center"))
    if config.get("rms_scaling"):
        return (Variable(name="gamma"),)
    return tuple(Variable(name=name) for name, flag in flags if config.get(flag) is not False)


def _batch_variables(config: Mapping[str, Json]) -> tuple[Variable, ...]:
    fixed = ["moving_mean", "moving_variance"]
    if config.get("renorm"):
        fixed += ["moving_stddev", "renorm_mean", "renorm_stddev"]
    return (
        *scale_and_center(config),
        *(Variable(name=name, trainable=False) for name in fixed),
    )


def batch_normalization(context: LayerContext) -> TfjsLayer:
    """Normalizes with the moving statistics, or the batch's own if called with ``training=True``.

    Keras 2 writes a list of one axis or several, which count from the front. A frozen layer always
    uses the moving statistics.
    """
    read = context.read
    read.ignore("renorm", "renorm_clipping", "renorm_momentum", "synchronized", "fused")
    read.ignore("adjustment", "virtual_batch_size")
    # A mask only matters in training, where masked numbers are left out of the statistics.
    context.keywords.ignore(MASK_AS_ARRAY)
    always = context.keywords.always_trains() and context.layer.trainable
    config = {
        "momentum": read.number("momentum", 0.99),
        "epsilon": read.number("epsilon", 0.001),
        "center": read.boolean("center", True),
        "scale": read.boolean("scale", True),
        **parameter(context, "gamma"),
        **parameter(context, "beta"),
        **parameter(context, "moving_mean", regularizer=False),
        **parameter(context, "moving_variance", regularizer=False),
    }
    axes = counted_axes(_batch_axis(context), rank_of(context))
    context = _with_statistics(context)
    arguments = {key: config[key] for key in ("momentum", "epsilon")} | {"axes": list(axes)}
    if always:
        _only_plain_statistics(context)
        return _companion(context, arguments | {"always": True})
    if axes == (rank_of(context) - 1,) and rank_of(context) <= 4:
        return context.native("BatchNormalization", {"axis": -1, **config})

    def lower(low: Lowering) -> Tensor:
        return _on_rows(low, context, axes, "BatchNormalization", config)

    return lower_or_companion(_short(context), lower, "BatchNormalization", arguments)


def normalized_shapes(layer: KerasLayer, weights: Weights) -> Iterator[Shape]:
    """Yield a shape for each number of axes; weights tell the sizes of the normalized ones."""
    if not weights:
        return
    axis, sizes = layer.config.get("axis", -1), next(iter(weights.values())).shape
    axes = axis[: len(sizes)] if isinstance(axis, list) else [axis]
    for rank in RANKS:
        if all(-rank <= one < rank for one in axes):
            places = dict(zip((one % rank for one in axes), sizes, strict=False))
            yield tuple(map(places.get, range(rank)))


for _class_name in (
    "BatchNormalization",
    "BatchNormalizationV1",
    "BatchNormalizationV2",
    "SyncBatchNormalization",
):
    rule(
        _class_name,
        variables=_batch_variables,
        traits=Traits(
            masking=Masking.PASSES,
            call_arguments=("training", "mask"),
            input_shapes=normalized_shapes,
        ),
        support=Support(
            lowered="other axes than the last, inputs of five and more axes: Permute, Reshape",
            companion="`training=True`; several unknown sizes with another axis or five axes",
            training="`center=False`, `scale=False`",
        ),
    )(batch_normalization)


def _batch_axis(context: LayerContext) -> Json:
    """Return the axis among those of the input.

    In a layer for virtual batches, Keras 2 saves an axis that counts the axis of these too.
    """
    axis = context.read.take("axis", -1)
    if isinstance(axis, list) and context.layer.config.get("virtual_batch_size"):
        return [each - 1 for each in axis]
    return axis


def _with_statistics(context: LayerContext) -> LayerContext:
    """Return the context without the weights that only training with renormalization uses."""
    kept = {
        name: source
        for name, source in context.weights.items()
        if name in ("gamma", "beta", "moving_mean", "moving_variance")
    }
    return replace(context, weights=kept)


def _only_plain_statistics(context: LayerContext) -> None:
    config = context.layer.config
    for key in ("renorm", "virtual_batch_size"):
        if config.get(key):
            hint = f"Call it without training=True, or leave {key} out."
            context.read.unsupported(key, config[key], hint)
    context.no_mask()


def _short(context: LayerContext) -> LayerContext:
    return replace(
        context,
        weights={_SHORT_NAMES.get(name, name): source for name, source in context.weights.items()},
        fixed_variables={_SHORT_NAMES.get(name, name) for name in context.fixed_variables},
    )


def _companion(context: LayerContext, arguments: Mapping[str, Json]) -> TfjsLayer:
    return _short(context).companion("BatchNormalization", arguments)


@rule(
    "LayerNormalization",
    variables=scale_and_center,
    traits=Traits(masking=Masking.PASSES, input_shapes=normalized_shapes),
    support=Support(
        lowered="inputs of five and more axes: Permute, Reshape",
        companion="`rms_scaling`: nothing else scales without a shift, but ten layers in a row; "
        "integers in Keras 3; several unknown sizes with five axes",
        training="`center=False`, `scale=False`",
    ),
)
def layer_normalization(context: LayerContext) -> TfjsLayer:
    """Normalizes over ``axis``, which is one axis or several.

    TF.js scales with its op for batch normalization, which takes at most four axes. If the input
    is integers, Keras turns the output into integers too since 3.11.
    """
    read = context.read
    axis, epsilon = read.take("axis", -1), read.number("epsilon", 0.001)
    flags = {"center": read.boolean("center", True), "scale": read.boolean("scale", True)}
    config = {
        "epsilon": epsilon,
        **flags,
        **parameter(context, "gamma"),
        **parameter(context, "beta"),
    }
    axes = counted_axes(axis, rank_of(context))
    rms = read.boolean("rms_scaling", False)
    is_rounded = rounds(context, since=(3, 11))
    arguments = {"axes": list(axes), "epsilon": epsilon, "rms": rms, "rounds": is_rounded}
    if rms:
        return context.companion("LayerNormalization", arguments)
    if rank_of(context) <= 4 and not is_rounded:
        return context.native("LayerNormalization", {"axis": axis, **config})

    def lower(low: Lowering) -> Tensor:
        made = _on_rows(low, context, axes, "LayerNormalization", config)
        return truncated(low, made) if is_rounded else made

    return lower_or_companion(context, lower, "LayerNormalization", arguments)


def rounds(context: LayerContext, *, since: tuple[int, int] = (3, 0)) -> bool:
    """Whether Keras turns the output into integers, because the input is integers.

    Parameters
    ----------
    since
        ``(major, minor)`` of the first Keras in which the layer does it.
    """
    is_older = (3,) <= context.layer.version < since
    return context.layer.generation >= 3 and not is_older and all_integers(context)


def _on_rows(
    low: Lowering,
    context: LayerContext,
    axes: tuple[int, ...],
    class_name: str,
    config: Mapping[str, Json],
) -> Tensor:
    """Return the output of TF.js's layer for rows; its weights have one per place."""
    (given,) = low.inputs
    size = Rows(given.shape, axes).size
    weights = {name: reshaped_source(source, (size,)) for name, source in context.weights.items()}
    if any(source.shape != (size,) for source in context.weights.values()):
        # TF.js applies constraints when it loads weights, and their norms would now be others.
        config = {key: item for key, item in config.items() if not key.endswith("_constraint")}

    def normalized(x: Tensor) -> Tensor:
        return low.layer(class_name, {"axis": -1, **config}, x, weights=weights, shape=x.shape)

    return on_rows(low, given, axes, normalized)
