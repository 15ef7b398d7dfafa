"""Attention with several heads as a small model that has separate layers for each head.

TF.js's Dot multiplies a matrix for each sample, but not for each head of each sample, and no layer
can move the heads into the batch axis.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfjs_serve.conversion.layers.shared.attention_masks import joined, masked, of_positions
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.sources import Array, computed_source, reshaped_source
from tfjs_serve.conversion.rules.context import LayerContext
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError
from tfjs_serve.layers_model.model import TensorSource

MAXIMUM_HEADS = 16
"""With more heads, the companion's few large products are faster than many small ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """What one attention layer computes.

    Attributes
    ----------
    groups
        Number of heads of the keys and values; each is shared by ``heads / groups`` heads.
    axes
        The axes that are attended over, counting the batch axis.
    positions
        From arguments of the call to the indices of their inputs.
    window
        The distance from which on targets ignore sources; ``None`` if they never do.
    scores
        Whether the scores, after the softmax, are an output too.
    drops_masked
        Whether scores are zero even for a target that has only masked ones.
    constant_mask
        An ``attention_mask`` that is a constant, not a tensor of the graph.
    parameters
        Regularizers of kernels and biases, by ``"kernel"`` and ``"bias"``.
    """

    heads: int
    groups: int
    scale: float
    axes: tuple[int, ...]
    positions: Mapping[str, int]
    use_gate: bool
    window: int | None
    causal: bool
    dropout: float
    scores: bool
    drops_masked: bool
    constant_mask: Array | None
    parameters: Mapping[str, Mapping[str, Json]]

    def can_be_lowered(self, context: LayerContext) -> bool:
        """Whether a small model can compute it without being much slower."""
        if self.heads > MAXIMUM_HEADS or not context.weights:
            return False
        shapes = [fact.shape or () for fact in context.calls[0]]
        rank = len(shapes[self.positions["query"]])
        mask = self.positions.get("attention_mask")
        if self.axes != tuple(range(1, rank - 1)) or not self._is_for_all_heads:
            return False
        return (rank == 3 and (mask is None or len(shapes[mask]) == 3)) or not self._uses_masks

    @property
    def _is_for_all_heads(self) -> bool:
        """Whether the constant mask, if there is one, is one matrix."""
        return self.constant_mask is None or self.constant_mask.ndim <= 2

    @property
    def _uses_masks(self) -> bool:
        named = any(name.endswith("mask") for name in self.positions)
        has_constant = self.constant_mask is not None
        return named or has_constant or self.causal or self.window is not None

    def companion_arguments(self, always_training: bool) -> dict[str, Json]:
        """Return the arguments of the companion's MultiHeadAttention."""
        return {
            "groups": self.groups,
            "scale": self.scale,
            "axes": list(self.axes),
            "positions": dict(self.positions),
            "use_gate": self.use_gate,
            "window": self.window,
            "causal": self.causal,
            "dropout": self.dropout,
            "always_training": always_training,
            "scores": self.scores,
            "drops_masked": self.drops_masked,
        }


def lower_heads(low: Lowering, context: LayerContext, spec: Heads) -> Sequence[Tensor]:
    """Return the output and, if asked for, the scores.

    Raises
    ------
    UnknownShapeError
        A Reshape or a mask needs sizes that are not known.
    """
    return _Builder(low, context, spec).outputs()


class _Builder:
    def __init__(self, low: Lowering, context: LayerContext, spec: Heads) -> None:
        self._low = low
        self._spec = spec
        self._weights = context.weights
        self._query = self._input("query")
        self._value = self._input("value")
        self._key = self._input("key") if "key" in spec.positions else self._value

    def _input(self, name: str) -> Tensor:
        """Return an input as ``(batch, length, features)``."""
        x = self._low.inputs[self._spec.positions[name]]
        return x if len(x.shape) == 3 else self._low.reshape(x, (None, x.shape[-1]))

    def outputs(self) -> Sequence[Tensor]:
        low, spec = self._low, self._spec
        keys = [self._projected(self._key, "key_dense", group) for group in range(spec.groups)]
        values = [
            self._projected(self._value, "value_dense", group) for group in range(spec.groups)
        ]
        products = [
            self._products(head, keys[head * spec.groups // spec.heads])
            for head in range(spec.heads)
        ]
        mask = self._mask(products[0])
        scores = [self._softmax(product, mask) for product in products]
        attended = [
            low.layer("Dot", {"axes": [2, 1]}, self._dropped(score), self._value_of(values, head))
            for head, score in enumerate(scores)
        ]
        output = self._output(low.concatenate(attended, -1))
        return (output, self._all_scores(scores)) if spec.scores else (output,)

    def _value_of(self, values: Sequence[Tensor], head: int) -> Tensor:
        return values[head * self._spec.groups // self._spec.heads]

    def _projected(self, x: Tensor, part: str, head: int) -> Tensor:
        """Return one head of a projection, whose kernel is ``(features, heads, size)``."""
        features, _, size = self._weights[f"{part}/kernel"].shape
        kernel = self._weights[f"{part}/kernel"]
        weights = {"kernel": computed_source(lambda k: k[:, head], kernel, shape=(features, size))}
        if f"{part}/bias" in self._weights:
            bias = self._weights[f"{part}/bias"]
            weights["bias"] = computed_source(lambda b: b[head], bias, shape=(size,))
        return self._dense(x, size, weights)

    def _dense(
        self, x: Tensor, units: int, weights: Mapping[str, TensorSource], activation: str = "linear"
    ) -> Tensor:
        config: dict[str, Json] = {
            "units": units,
            "activation": activation,
            "use_bias": "bias" in weights,
            "kernel_initializer": "zeros",
        }
        for name in weights:
            config |= self._spec.parameters[name]
        return self._low.layer("Dense", config, x, weights=weights)

    def _products(self, head: int, key: Tensor) -> Tensor:
        query = self._projected(self._query, "query_dense", head)
        scaled = self._low.rescale(query, self._spec.scale)
        return self._low.layer("Dot", {"axes": [2, 2]}, scaled, key)

    def _mask(self, product: Tensor) -> Tensor | None:
        low, spec = self._low, self._spec
        given = {name: low.inputs[position] for name, position in spec.positions.items()}
        masks = []
        if "query_mask" in given:
            masks.append(low.reshape(given["query_mask"], (None, 1)))
        masks += [
            low.reshape(given[name], (1, None))
            for name in ("value_mask", "key_mask")
            if name in given
        ]
        if "attention_mask" in given:
            masks.append(given["attention_mask"])
        positions = of_positions(
            low, product, causal=spec.causal, window=spec.window, given=spec.constant_mask
        )
        mask = joined(low, masks)
        if mask is None or positions is None:
            return mask or positions
        return low.multiply(mask, positions)

    def _softmax(self, product: Tensor, mask: Tensor | None) -> Tensor:
        low = self._low
        scores = low.activation(masked(low, product, mask), "softmax")
        if mask is None or not self._spec.drops_masked:
            return scores
        return low.layer("Multiply", {}, scores, mask, shape=scores.shape)

    def _dropped(self, scores: Tensor) -> Tensor:
        rate = self._spec.dropout
        return self._low.layer("Dropout", {"rate": rate}, scores) if rate else scores

    def _output(self, attended: Tensor) -> Tensor:
        low, weights = self._low, self._weights
        if self._spec.use_gate:
            attended = low.multiply(attended, self._gate())
        kernel = weights["output_dense/kernel"]
        heads, size, *shape = kernel.shape
        units = math.prod(shape)
        merged = {"kernel": reshaped_source(kernel, (heads * size, units))}
        if "output_dense/bias" in weights:
            merged["bias"] = reshaped_source(weights["output_dense/bias"], (units,))
        output = self._dense(attended, units, merged)
        query = low.inputs[self._spec.positions["query"]]
        target = (*query.shape[1:-1], *shape)
        return output if len(target) == 2 else low.reshape(output, target)

    def _gate(self) -> Tensor:
        kernel = self._weights["gate_dense/kernel"]
        features, heads, size = kernel.shape
        weights = {"kernel": reshaped_source(kernel, (features, heads * size))}
        if "gate_dense/bias" in self._weights:
            weights["bias"] = reshaped_source(self._weights["gate_dense/bias"], (heads * size,))
        return self._dense(self._query, heads * size, weights, "sigmoid")

    def _all_scores(self, scores: Sequence[Tensor]) -> Tensor:
        """Return the scores of all heads, shape ``(batch, heads, targets..., sources...)``."""
        low, spec = self._low, self._spec
        query, value = (low.inputs[spec.positions[name]] for name in ("query", "value"))
        lengths = (*query.shape[1:-1], *value.shape[1:-1])
        if lengths.count(None) > 1:
            raise UnknownShapeError("the lengths of the sequences are not known")
        return low.concatenate([low.reshape(score, (1, *lengths)) for score in scores], 1)
