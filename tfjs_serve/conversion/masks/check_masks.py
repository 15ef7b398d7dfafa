"""Finds the layers that would use another mask in TF.js than in Keras.

``inference/shared_arguments.py`` tells why TF.js mixes masks up.
"""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.masks.users import FOR_EACH_INPUT, replaces_masked, uses_first_mask
from tfjs_serve.conversion.model.facts import Facts, Site, TensorFact
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.shapes import CALL
from tfjs_serve.conversion.rules.context import report_mask
from tfjs_serve.conversion.rules.registry import Rules, traits_of
from tfjs_serve.conversion.rules.traits import MaskMerge, Traits


def check_masks(facts: Facts, rules: Rules, report: Report) -> None:
    """Report every call that gets a wrong mask or cannot merge the masks of its inputs."""
    for site in facts.sites:
        if _is_wrong(site, rules):
            report_mask(site.layer, report)


def _is_wrong(site: Site, rules: Rules) -> bool:
    """Whether a call gets another mask in TF.js than in Keras, or none where Keras uses one."""
    layer, traits = site.layer, traits_of(rules, site.layer)
    if traits.tfjs_reads_mask and not _reads_right(site):
        return True
    masked = any(fact.masked for fact in site.inputs)
    uses = traits.mask_use in FOR_EACH_INPUT or uses_first_mask(rules, layer)
    if masked and uses and not traits.tfjs_reads_mask:
        return True
    if masked and len(site.inputs) > 1 and replaces_masked(rules, layer):
        return True
    return _merging_fails(layer, traits, site.inputs)


def _reads_right(site: Site) -> bool:
    """Whether a call whose class in TF.js reads the mask gets the mask that Keras uses."""
    if not site.inputs:
        return True
    mask = site.inputs[0].mask
    if len(site.inputs) > 1 and mask is not None:
        return _is_given(site.layer) and _starts_at_state(site.layer) and site.seen_mask == mask
    return site.seen_mask == mask


def _is_given(layer: KerasLayer) -> bool:
    """Whether Keras uses the mask of the first of several inputs; see `takes_mask_of_input`."""
    return layer.generation < 3 or layer.config.get(CALL, {}).get("mask") is not None


def _starts_at_state(layer: KerasLayer) -> bool:
    """Whether the output before the first unmasked step is the initial state, as in TF.js.

    In TensorFlow it is zero, and so it is in unrolled layers (``rnn`` in
    ``keras/src/backend/*/rnn.py``).
    """
    parts = (layer, *layer.children)
    return layer.generation >= 3 and not any(part.config.get("unroll") for part in parts)


def _merging_fails(layer: KerasLayer, traits: Traits, inputs: Sequence[TensorFact]) -> bool:
    """Whether ``computeMask`` of a merge layer throws because only some inputs have masks."""
    masked = [fact.tfjs_mask is not None for fact in inputs]
    if not any(masked) or all(masked):
        return False
    if traits.mask_merge is MaskMerge.SIDE_BY_SIDE:
        return layer.config.get("axis", -1) not in (-1, len(inputs[0].shape or ()) - 1)
    return traits.mask_merge is MaskMerge.TOGETHER and len(inputs) > 2
