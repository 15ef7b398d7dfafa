"""What is known of the tensors in a graph before anything is computed: rank and mask.

Some of TF.js's layers are right for some ranks only, or ignore a mask that Keras uses; the
rules need to know which case they have. Ranks follow ``compute_output_shape`` of Keras's layers,
masks their ``supports_masking`` and ``compute_mask``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfjs_serve.conversion.graph import CONTAINERS, load_order
from tfjs_serve.conversion.model import KerasLayer, TensorRef
from tfjs_serve.conversion.registry import LayerRule, Masking, passes_mask
from tfjs_serve.conversion.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorFact:
    """Rank, counting the batch axis, and whether a mask travels with the tensor."""

    rank: int
    masked: bool = False


Facts = Mapping[str, tuple[TensorFact, ...]]
"""From a layer's path to the facts of the inputs of its first call."""


def infer(model: KerasLayer, rules: Mapping[str, LayerRule], report: Report) -> Facts:
    """Return the facts of the inputs of all layers in `model`.

    A layer that is called several times is described by its first call: Keras fixes the rank
    when it builds the layer.
    """
    inference = _Inference(rules, report)
    inference.outputs(model, ())
    return inference.inputs


class _Inference:
    def __init__(self, rules: Mapping[str, LayerRule], report: Report) -> None:
        self._rules = rules
        self._report = report
        self.inputs: dict[str, tuple[TensorFact, ...]] = {}

    def outputs(self, layer: KerasLayer, inputs: tuple[TensorFact, ...]) -> tuple[TensorFact, ...]:
        """Return the facts of the outputs; the last one stands for all further ones."""
        self.inputs.setdefault(layer.path, inputs)
        if layer.class_name == "InputLayer":
            return inputs or (TensorFact(rank=len(layer.config["batch_input_shape"] or ())),)
        if layer.class_name in CONTAINERS:
            return self._model(layer, inputs)
        if not inputs:
            return (TensorFact(rank=0),)
        return self._layer(layer, inputs)

    def _layer(self, layer: KerasLayer, inputs: tuple[TensorFact, ...]) -> tuple[TensorFact, ...]:
        rule = self._rules[layer.class_name]
        inner = tuple(self._child(layer, child, inputs) for child in layer.children)
        rank = rule.rank(layer, tuple(fact.rank for fact in inputs), inner)
        masked = _is_masked(rule, layer, inputs)
        states = TensorFact(rank=rank - bool(layer.config.get("return_sequences")))
        return (TensorFact(rank=rank, masked=masked), states)

    def _child(self, layer: KerasLayer, child: KerasLayer, inputs: tuple[TensorFact, ...]) -> int:
        per_step = layer.class_name == "TimeDistributed"
        seen = tuple(TensorFact(rank=f.rank - per_step, masked=f.masked) for f in inputs[:1])
        return self.outputs(child, seen)[0].rank

    def _model(self, model: KerasLayer, inputs: tuple[TensorFact, ...]) -> tuple[TensorFact, ...]:
        if model.graph is not None:
            return self._graph(model, inputs)
        facts = inputs[:1]
        for child in model.children:
            facts = self.outputs(child, facts[:1])
        return facts

    def _graph(self, model: KerasLayer, inputs: tuple[TensorFact, ...]) -> tuple[TensorFact, ...]:
        graph = model.graph
        assert graph is not None
        children = {child.name: child for child in model.children}
        fed = {ref.layer: (fact,) for ref, fact in zip(graph.inputs, inputs, strict=False)}
        made: dict[tuple[str, int], tuple[TensorFact, ...]] = {}

        def fact(ref: TensorRef) -> TensorFact:
            outputs = made.get((ref.layer, ref.call)) or (TensorFact(rank=0),)
            return outputs[min(ref.tensor, len(outputs) - 1)]

        for name, index in load_order(model, graph, self._report).numbers:
            call = graph.calls[name][index]
            seen = tuple(map(fact, call.inputs)) or fed.get(name, ())
            made[name, index] = self.outputs(children[name], seen)
        return tuple(map(fact, graph.outputs))


def _is_masked(rule: LayerRule, layer: KerasLayer, inputs: tuple[TensorFact, ...]) -> bool:
    if rule.masking is Masking.MAKES:
        return layer.class_name == "Masking" or bool(layer.config.get("mask_zero"))
    return passes_mask(rule, layer) and any(fact.masked for fact in inputs)
