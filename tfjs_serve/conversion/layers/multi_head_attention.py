"""MultiHeadAttention and GroupedQueryAttention (``keras/src/layers/attention/``)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from tfjs_serve.conversion.layers.shared.attention_heads import MAXIMUM_HEADS, Heads, lower_heads
from tfjs_serve.conversion.model.layers import Json, KerasLayer, Variable
from tfjs_serve.conversion.model.shapes import CALL, Shape, Shapes
from tfjs_serve.conversion.model.sources import Array, constant
from tfjs_serve.conversion.rules.call_arguments import (
    MASKS,
    TRAVELLING,
    constant_of,
    given_arguments,
    tensor_positions,
    with_travelling_masks,
)
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.initializers import parameters_of_parts
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Masking, MaskUse, Traits
from tfjs_serve.conversion.small_models.or_companion import lower_or_companion

_CALL = (
    *("query", "value", "key", *MASKS, "attention_mask"),
    *("return_attention_scores", "training", "use_causal_mask"),
    *(f"{TRAVELLING}{name}" for name in MASKS),
)
"""Parameters of ``call``; Keras 2 has only ``attention_mask``, and always gives it by name."""
_PARTS = ("query_dense", "key_dense", "gate_dense", "value_dense", "output_dense")
_LOWERED = (
    f"up to {MAXIMUM_HEADS} heads: Dense, Dot and Softmax for each, and a Dense of all; masks and "
    "use_causal_mask too; attention over all axes but the last"
)
_COMPANION = (
    f"more than {MAXIMUM_HEADS} heads; attention over only some axes; masks for each head; "
    "use_causal_mask and constant masks with unknown lengths"
)


def _variables(config: Mapping[str, Json]) -> tuple[Variable, ...]:
    """Return the variables of the projections, in the order in which ``build`` creates them."""
    names = ("kernel",) if config.get("use_bias") is False else ("kernel", "bias")
    parts = [part for part in _PARTS if part != "gate_dense" or config.get("use_gate")]
    return tuple(Variable(name=f"{part}/{name}") for part in parts for name in names)


def _axes(config: Mapping[str, Json], rank: int) -> list[int]:
    """Return the axes that are attended over, of inputs with `rank` axes."""
    axes = config.get("attention_axes")
    if axes is None:
        return list(range(1, rank - 1))
    # Keras indexes the projected tensor with negative ones, so they count the axis of heads too.
    return [axis % (rank + 1) for axis in (axes if isinstance(axes, list) else [axes])]


def _output(config: Mapping[str, Json], query: Shape) -> Shape:
    """Return the shape of the output after the batch and the attended axes."""
    given = config.get("output_shape")
    return tuple(given if isinstance(given, list) else [given]) if given else query[-1:]


def _shapes(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    config = layer.config
    arguments = given_arguments(config.get(CALL, {}).get, _CALL)
    positions = tensor_positions(arguments)
    query, value = inputs[positions["query"]], inputs[positions["value"]]
    output = (*query[:-1], *_output(config, query))
    if not arguments.get("return_attention_scores"):
        return (output,)
    axes = _axes(config, len(query))
    heads = config.get("num_heads", config.get("num_query_heads"))
    targets = [*query[:-1], heads]
    sources = [*value[:-1], heads]
    kept = [size for axis, size in enumerate(targets) if axis not in axes]
    scores = (*kept, *(targets[axis] for axis in axes), *(sources[axis] for axis in axes))
    return output, scores


def _weight_shapes(layer: KerasLayer, _query: Shape) -> dict[str, Shape]:
    """Return the shapes of the kernels; what they are called with tells their first axis."""
    config = layer.config
    heads = config.get("num_heads", config.get("num_query_heads"))
    groups = config.get("num_key_value_heads", heads)
    size = config.get("key_dim", config.get("head_dim"))
    value_size = config.get("value_dim") or size
    output = config.get("output_shape")
    given = tuple(output if isinstance(output, list) else [output]) if output else (None,)
    return {
        "query_dense/kernel": (None, heads, size),
        "key_dense/kernel": (None, groups, size),
        "value_dense/kernel": (None, groups, value_size),
        "output_dense/kernel": (heads, value_size, *given),
    }


_TRAITS = Traits(masking=Masking.PASSES, mask_use=MaskUse.NAMED, weight_shapes=_weight_shapes)
_attention_rule = partial(
    rule,
    variables=_variables,
    shape=_shapes,
    outcome=Outcome.LOWERED,
    support=Support(lowered=_LOWERED, companion=_COMPANION),
)


@_attention_rule("MultiHeadAttention", traits=replace(_TRAITS, clears_masks_since=(3, 8)))
def multi_head_attention(context: LayerContext) -> TfjsLayer:
    """Softmax of scaled products of projected queries and keys, applied to projected values."""
    read = context.read
    # Keras 2 saves the shapes of its inputs.
    read.ignore("query_shape", "key_shape", "value_shape")
    heads = read.integer("num_heads")
    return _translated(context, heads, heads, read.integer("key_dim"))


@_attention_rule("GroupedQueryAttention", traits=_TRAITS)
def grouped_query_attention(context: LayerContext) -> TfjsLayer:
    """MultiHeadAttention in which several heads share their keys and values."""
    read = context.read
    heads, groups = read.integer("num_query_heads"), read.integer("num_key_value_heads")
    return _translated(context, heads, groups, read.integer("head_dim"))


def _translated(context: LayerContext, heads: int, groups: int, key_dim: int) -> TfjsLayer:
    arguments = given_arguments(context.keywords.take, _CALL)
    spec = _spec(context, heads, groups, key_dim, arguments)
    always_training = bool(context.keywords.always_trains() and spec.dropout)
    companion = spec.companion_arguments(always_training)
    _check_weights(context, heads, groups)
    holder = _with_constant_mask(context, spec)
    if always_training or context.read.report.has_problems or not spec.can_be_lowered(context):
        return holder.companion("MultiHeadAttention", companion)
    return lower_or_companion(
        holder, lambda low: lower_heads(low, context, spec), "MultiHeadAttention", companion
    )


def _with_constant_mask(context: LayerContext, spec: Heads) -> LayerContext:
    """Return the context of the companion, which takes a constant mask as a weight."""
    if spec.constant_mask is None:
        return context
    return replace(
        context,
        weights={**context.weights, "attention_mask": constant(spec.constant_mask)},
        fixed_variables={*context.fixed_variables, "attention_mask"},
    )


def _spec(
    context: LayerContext, heads: int, groups: int, key_dim: int, arguments: Mapping[str, Json]
) -> Heads:
    read, version = context.read, context.layer.version
    read.ignore("value_dim", "seed", "flash_attention", "activity_regularizer")
    # Masked scores are replaced anyway, not lowered.
    read.ignore("use_bias", "output_shape", "attention_axes", "softmax_robust_masking")
    positions = _positions(context, arguments)
    rank = len(context.calls[0][positions["query"]].shape or ())
    dropout = read.number("dropout", 0.0)
    scores = bool(arguments.get("return_attention_scores"))
    fused = version >= (3, 7) and rank == 3 and not dropout and not scores
    return Heads(
        heads=heads,
        groups=groups,
        scale=1 / math.sqrt(key_dim),
        # Keras leaves such calls to the backend, which attends over this axis only.
        axes=(1,) if fused else tuple(_axes(context.layer.config, rank)),
        positions=positions,
        use_gate=read.boolean("use_gate", False),
        window=read.take("sliding_window"),
        causal=bool(arguments.get("use_causal_mask")),
        dropout=dropout,
        scores=scores,
        drops_masked=version >= (3, 10) and not fused,
        constant_mask=_constant_mask(context, arguments),
        parameters={name: parameters_of_parts(context, name) for name in ("kernel", "bias")},
    )


def _constant_mask(context: LayerContext, arguments: Mapping[str, Json]) -> Array | None:
    """Return a constant ``attention_mask``, as a matrix if all samples and heads have the same."""
    for name in ("value", "key", *MASKS):
        if constant_of(arguments.get(name)) is not None:
            context.problem(
                "unsupported-call",
                f"It is called with a constant as {name}.",
                "Make it an input of the model, or compute it from one.",
            )
    mask = constant_of(arguments.get("attention_mask"))
    is_matrix = mask is not None and math.prod(mask.shape[:-2]) == 1
    return mask.reshape(mask.shape[-2:]) if mask is not None and is_matrix else mask


def _positions(context: LayerContext, arguments: Mapping[str, Json]) -> dict[str, int]:
    """Return the indices of queries, values, keys and masks among the inputs."""
    version = context.layer.version
    if (2, 10) <= version < (3,) or version >= (3, 8):
        context.no_mask()
    positions = tensor_positions(arguments)
    if version >= (3, 8) and context.layer.class_name == "MultiHeadAttention":
        # The layer finds the mask that travels with the query itself.
        positions.pop("query_mask", None)
    return with_travelling_masks(positions)


def _check_weights(context: LayerContext, heads: int, groups: int) -> None:
    """Report weights that are not those of the projections.

    The weights of all projections have the same names. So Keras 3.0 fails to save ``.h5``, and
    leaves a file that contains only some of them.
    """
    shapes = {name: source.shape for name, source in context.weights.items()}
    if not all(_fits(name, shapes, heads, groups) for name in shapes):
        context.problem(
            "weights-do-not-fit",
            "Its saved weights do not have the shapes of its projections.",
            "Save the model as .keras, with Keras 3.1 or newer.",
        )


def _fits(name: str, shapes: Mapping[str, tuple[int, ...]], heads: int, groups: int) -> bool:
    part, _, variable = name.partition("/")
    kernel, is_output = shapes[f"{part}/kernel"], part == "output_dense"
    if variable == "bias":
        return shapes[name] == kernel[2 if is_output else 1 :]
    if is_output:
        return len(kernel) > 2 and kernel[0] == heads
    return len(kernel) == 3 and kernel[1] == (
        groups if part in ("key_dense", "value_dense") else heads
    )
