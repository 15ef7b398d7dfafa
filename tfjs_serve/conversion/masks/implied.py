"""Explicit mask arguments in graphs of Keras 3, and whether TF.js makes the same mask anyway.

Keras 3 writes a mask that travels with a tensor twice: nodes compute it again from the input
(``NotEqual``, and ``Any`` for Masking), and the layers that use it are called with ``mask=``.
TF.js lets masks travel by itself, as Keras 2 did, so an argument that says the same is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfjs_serve.conversion.model.layers import Call, Graph, Json, KerasLayer, TensorRef
from tfjs_serve.conversion.rules.registry import LayerRule, Masking, passes_mask
from tfjs_serve.conversion.spelling.calls import tensors_in


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mask:
    """Where `source` differs from `value`, in any feature if `over_features`."""

    source: TensorRef
    value: float
    over_features: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplicitMasks:
    """The masks of one graph of Keras 3."""

    graph: Graph
    layers: Mapping[str, KerasLayer]
    rules: Mapping[str, LayerRule]

    def is_implied(self, call: Call, mask: Json) -> bool:
        """Whether the argument `mask` is the one that travels with the call's first input."""
        refs = list(tensors_in(mask))
        if len(refs) != 1 or not call.inputs:
            return False
        try:
            described = self._described(refs[0])
            return described is not None and described == self._travelling(call.inputs[0])
        except LookupError:
            # It refers to a call that does not exist.
            return False

    def _described(self, ref: TensorRef) -> _Mask | None:
        """Return the mask that the nodes before `ref` compute."""
        layer, call = self.layers[ref.layer], self._call(ref)
        if layer.class_name == "ops.any" and layer.config.get("axis") == -1 and call.inputs:
            inner = self._described(call.inputs[0])
            return inner and _Mask(source=inner.source, value=inner.value, over_features=True)
        value = layer.config.get("x2")
        if layer.class_name != "ops.not_equal" or not isinstance(value, int | float):
            return None
        return _Mask(source=call.inputs[0], value=value, over_features=False)

    def _travelling(self, ref: TensorRef) -> _Mask | None:
        """Return the mask that a layer before `ref` made and that no layer has dropped."""
        layer, call = self.layers[ref.layer], self._call(ref)
        if not call.inputs:
            return None
        if layer.class_name == "Masking":
            value = layer.config.get("mask_value", 0.0)
            return _Mask(source=call.inputs[0], value=value, over_features=True)
        if layer.class_name == "Embedding" and layer.config.get("mask_zero"):
            return _Mask(source=call.inputs[0], value=0, over_features=False)
        rule = self.rules.get(layer.class_name)
        if rule is None or rule.masking is Masking.MAKES or not passes_mask(rule, layer):
            return None
        return self._travelling(call.inputs[0])

    def _call(self, ref: TensorRef) -> Call:
        return self.graph.calls[ref.layer][ref.call]
