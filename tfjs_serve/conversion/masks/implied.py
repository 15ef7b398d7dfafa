"""Tells whether a mask that Keras 3 gives to a call is the one that TF.js passes on anyway.

Keras 3 saves a mask that travels with a tensor twice: operations compute it again from the input
(``NotEqual``, and ``Any`` for Masking), and the layers that use it are called with ``mask=``. In
TF.js, as in Keras 2, masks travel by themselves, so an argument with the same mask is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tfjs_serve.conversion.model.layers import Call, Graph, Json, KerasLayer, TensorRef
from tfjs_serve.conversion.rules.registry import Rules, passes_mask, traits_of
from tfjs_serve.conversion.rules.traits import MadeMask
from tfjs_serve.conversion.spelling.calls import tensors_in


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mask:
    """A mask that is computed from the tensor `source`."""

    source: TensorRef
    made: MadeMask


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplicitMasks:
    """The masks among the arguments of calls in one graph of Keras 3."""

    graph: Graph
    layers: Mapping[str, KerasLayer]
    rules: Rules

    def is_implied(self, call: Call, mask: Json) -> bool:
        """Whether the argument `mask` is the mask that travels with the call's first input."""
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
        """Return the mask that the operations before `ref` compute."""
        layer, call = self.layers[ref.layer], self.graph.call(ref.key)
        if layer.class_name == "ops.any" and layer.config.get("axis") == -1 and call.inputs:
            inner = self._described(call.inputs[0])
            return inner and replace(inner, made=replace(inner.made, over_features=True))
        value = layer.config.get("x2")
        if layer.class_name != "ops.not_equal" or not isinstance(value, int | float):
            return None
        return _Mask(source=call.inputs[0], made=MadeMask(value=value, over_features=False))

    def _travelling(self, ref: TensorRef) -> _Mask | None:
        """Return the mask that travels with `ref`: a layer made it, and none has dropped it."""
        layer, call = self.layers[ref.layer], self.graph.call(ref.key)
        if not call.inputs:
            return None
        traits = traits_of(self.rules, layer)
        if traits.mask_maker is not None:
            made = traits.mask_maker.made(layer)
            return None if made is None else _Mask(source=call.inputs[0], made=made)
        return self._travelling(call.inputs[0]) if passes_mask(traits, layer) else None
