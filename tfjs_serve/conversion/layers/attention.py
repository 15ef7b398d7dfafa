"""Attention and AdditiveAttention (``keras/src/layers/attention/``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tfjs_serve.conversion.layers.shared.attention_masks import joined, masked, of_positions
from tfjs_serve.conversion.model.layers import Json, KerasLayer, Variable
from tfjs_serve.conversion.model.shapes import CALL, Shapes
from tfjs_serve.conversion.model.sources import constant, reshaped_source
from tfjs_serve.conversion.rules.call_arguments import (
    MASKS,
    TRAVELLING,
    given_arguments,
    tensor_positions,
    with_travelling_masks,
)
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Masking, MaskUse, Traits
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor
from tfjs_serve.conversion.small_models.or_companion import lower_or_companion
from tfjs_serve.layers_model.model import TensorSource

_CALL = (
    *("inputs", "mask", "training", "return_attention_scores", "use_causal_mask"),
    *(f"{TRAVELLING}{name}" for name in MASKS),
)
"""Parameters of ``call``, and the masks of the inputs if they are tensors."""
_LOWERED = "inputs of three axes: Dot and Softmax"
_COMPANION = (
    "inputs of other ranks; use_causal_mask with unknown lengths; two unknown lengths, unless "
    "score_mode='dot'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attention:
    """What one layer computes.

    Attributes
    ----------
    mode
        How scores are computed from queries and keys: ``"dot"``, ``"concat"`` or ``"additive"``.
    positions
        The indices of the query, the value, the key and their masks among the call's inputs.
    """

    mode: str
    positions: Mapping[str, int]
    causal: bool
    dropout: float
    scores: bool
    always_training: bool

    def arguments(self) -> dict[str, Json]:
        return {
            "mode": self.mode,
            "positions": dict(self.positions),
            "causal": self.causal,
            "dropout": self.dropout,
            "scores": self.scores,
            "always_training": self.always_training,
        }


def _shapes(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    arguments = given_arguments(layer.config.get(CALL, {}).get, _CALL)
    query, value = inputs[:2]
    output = (*query[:-1], value[-1])
    scores = (*query[:-1], value[-2])
    return (output, scores) if arguments.get("return_attention_scores") else (output,)


def _variables(config: Mapping[str, Json]) -> tuple[Variable, ...]:
    scale = (Variable(name="scale"),) if config.get("use_scale") else ()
    concat = config.get("score_mode") == "concat"
    return (*scale, *((Variable(name="concat_score_weight"),) if concat else ()))


def _additive_variables(config: Mapping[str, Json]) -> tuple[Variable, ...]:
    return () if config.get("use_scale") is False else (Variable(name="scale"),)


_attention_rule = partial(
    rule,
    shape=_shapes,
    outcome=Outcome.LOWERED,
    traits=Traits(masking=Masking.PASSES, mask_use=MaskUse.LISTED),
    support=Support(lowered=_LOWERED, companion=_COMPANION),
)


@_attention_rule("Attention", variables=_variables)
def attention(context: LayerContext) -> TfjsLayer:
    """Scores are products of queries and keys, or sums of ``tanh(query + key)``."""
    context.read.ignore("use_scale")
    mode = context.read.choice(
        "score_mode", "dot", ("dot", "concat"), "Use score_mode='dot' or 'concat'."
    )
    return _translated(context, mode)


@_attention_rule("AdditiveAttention", variables=_additive_variables)
def additive_attention(context: LayerContext) -> TfjsLayer:
    """Scores are weighted sums of ``tanh(query + key)``."""
    context.read.ignore("use_scale", "score_mode")
    return _translated(context, "additive")


def _translated(context: LayerContext, mode: str) -> TfjsLayer:
    read = context.read
    read.ignore("seed")
    if not context.layer.saved_masks_only:
        context.no_mask()
    arguments = given_arguments(context.keywords.take, _CALL)
    dropout = read.number("dropout", 0.0)
    # Up to Keras 2.10, it is an argument of the layer.
    causal = read.boolean("causal", False) or bool(arguments.get("use_causal_mask"))
    spec = _Attention(
        mode=mode,
        positions=_positions(context, arguments),
        causal=causal,
        dropout=dropout,
        scores=bool(arguments.get("return_attention_scores")),
        always_training=bool(dropout and context.keywords.always_trains()),
    )
    ranks = {len(context.calls[0][spec.positions[name]].shape or ()) for name in ("query", "value")}
    if ranks != {3} or spec.always_training:
        return context.companion("Attention", spec.arguments())
    return lower_or_companion(
        context, lambda low: _lowered(low, context, spec), "Attention", spec.arguments()
    )


def _positions(context: LayerContext, arguments: Mapping[str, Json]) -> dict[str, int]:
    """Return the indices of query, value, key and masks among the inputs."""
    tensors = with_travelling_masks(tensor_positions(arguments))
    masks = {name: position for name, position in tensors.items() if name in MASKS}
    count = len(context.calls[0]) - len(masks)
    return {"query": 0, "value": 1, "key": 2 if count > 2 else 1, **masks}


def _lowered(low: Lowering, context: LayerContext, spec: _Attention) -> Sequence[Tensor]:
    given = {name: low.inputs[position] for name, position in spec.positions.items()}
    products = _scores(low, context, spec, given["query"], given["key"])
    masks = [low.reshape(given["value_mask"], (1, None))] if "value_mask" in given else []
    mask = joined(low, masks)
    later = of_positions(low, products, causal=spec.causal, window=None)
    if mask is not None and later is not None:
        mask = low.multiply(mask, later)
    scores = low.activation(masked(low, products, mask or later), "softmax")
    dropped = low.layer("Dropout", {"rate": spec.dropout}, scores) if spec.dropout else scores
    output = low.layer("Dot", {"axes": [2, 1]}, dropped, given["value"])
    kept = joined(low, [given["query_mask"]] if "query_mask" in given else [])
    if kept is not None:
        output = low.multiply(output, low.reshape(kept, (None, 1)))
    return (output, scores) if spec.scores else (output,)


def _scores(
    low: Lowering, context: LayerContext, spec: _Attention, query: Tensor, key: Tensor
) -> Tensor:
    """Return the scores, shape ``(batch, targets, sources)``."""
    weights = context.weights
    scale = weights.get("scale")
    if spec.mode == "dot":
        return low.layer("Dot", {"axes": [2, 2]}, _times(low, query, scale), key)
    size = query.shape[-1]
    rows, columns = low.reshape(query, (None, 1, size)), low.reshape(key, (1, None, size))
    total = low.add(rows, columns)
    if spec.mode == "concat":
        summed = _summed(low, low.activation(_times(low, total, scale), "tanh"), None)
        summed = _times(low, summed, weights["concat_score_weight"])
    else:
        summed = _summed(low, low.activation(total, "tanh"), scale)
    return low.reshape(summed, (query.shape[1], key.shape[1]))


def _times(low: Lowering, x: Tensor, factor: TensorSource | None) -> Tensor:
    """Return `x` times a trained number."""
    if factor is None:
        return x
    column = low.reshape(x, (None, 1)) if x.shape[-1] != 1 else x
    kernel = {"kernel": reshaped_source(factor, (1, 1))}
    scaled = low.layer("Dense", {"units": 1, "use_bias": False}, column, weights=kernel)
    return low.reshape(scaled, x.shape[1:]) if column is not x else scaled


def _summed(low: Lowering, x: Tensor, scale: TensorSource | None) -> Tensor:
    """Return the sum over the last axis, weighted by a trained vector."""
    size = x.shape[-1] or 1
    kernel = constant(np.ones((size, 1))) if scale is None else reshaped_source(scale, (size, 1))
    trainable = False if scale is None else None
    config = {"units": 1, "use_bias": False}
    return low.layer("Dense", config, x, weights={"kernel": kernel}, trainable=trainable)
