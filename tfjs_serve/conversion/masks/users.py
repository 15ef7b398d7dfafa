"""Tells which layers compute something else for masked inputs."""

from __future__ import annotations

from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.rules.registry import Rules, traits_of
from tfjs_serve.conversion.rules.traits import Inner, MaskUse

FOR_EACH_INPUT = frozenset({MaskUse.LISTED, MaskUse.NAMED})
"""How attention layers use masks."""
_OF_FIRST_INPUT = frozenset({MaskUse.PER_STEP, MaskUse.FULL})


def uses_first_mask(rules: Rules, layer: KerasLayer) -> bool:
    """Whether the result depends on the mask of the first input (``mask`` in its ``call``)."""
    return traits_of(rules, layer).mask_use in _OF_FIRST_INPUT


def replaces_masked(rules: Rules, layer: KerasLayer) -> bool:
    """Whether a merge layer leaves masked numbers out, as some do from Keras 3.6 on."""
    return traits_of(rules, layer).mask_use is MaskUse.MERGED and layer.version >= (3, 6)


def uses_mask(rules: Rules, layer: KerasLayer) -> bool:
    """Whether the layer, or a layer inside it, uses the mask of its input."""
    traits = traits_of(rules, layer)
    if traits.inner is Inner.EACH_STEP:
        return any(uses_first_mask(rules, inner) for inner in layer.walk())
    return traits.mask_use in _OF_FIRST_INPUT | FOR_EACH_INPUT


def has_full_mask(rules: Rules, layer: KerasLayer) -> bool:
    """Whether a mask may be as large as its tensor, instead of one number per step."""
    return traits_of(rules, layer).mask_use is MaskUse.FULL or replaces_masked(rules, layer)
