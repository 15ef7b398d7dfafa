"""Finds the layers that would use another mask in TF.js than in Keras.

Why they would: see ``inference/shared_arguments.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.masks.attention_calls import ATTENTION
from tfjs_serve.conversion.masks.users import USERS, replaces_masked
from tfjs_serve.conversion.model.facts import RECURRENT, Facts, Site, TensorFact
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.shapes import CALL
from tfjs_serve.conversion.rules.context import report_mask

_READERS = RECURRENT | {"Softmax"}
"""Layers whose ``call`` looks at ``kwargs['mask']`` in TF.js."""
_ELEMENTWISE = frozenset({"Add", "Average", "Maximum", "Minimum", "Multiply"})


def check_masks(facts: Facts, report: Report) -> None:
    """Report every call that gets a wrong mask, or whose merging of masks fails."""
    for site in facts.sites:
        if site.layer.class_name in _READERS and not _reads_right(site):
            report_mask(site.layer, report)
        if site.layer.class_name in (USERS | ATTENTION) - _READERS and any(
            fact.masked for fact in site.inputs
        ):
            report_mask(site.layer, report)
        if _merging_fails(site.layer, site.inputs):
            report_mask(site.layer, report)
        if (
            len(site.inputs) > 1
            and any(fact.masked for fact in site.inputs)
            and replaces_masked(site.layer)
        ):
            report_mask(site.layer, report)


def _reads_right(site: Site) -> bool:
    if not site.inputs:
        return True
    mask = site.inputs[0].mask
    if len(site.inputs) > 1 and mask is not None:
        return _is_given(site.layer) and _starts_at_state(site.layer) and site.seen_mask == mask
    return site.seen_mask == mask


def _is_given(layer: KerasLayer) -> bool:
    """Whether Keras uses the mask of the first of several inputs, see `takes_mask_of_input`."""
    return layer.generation < 3 or layer.config.get(CALL, {}).get("mask") is not None


def _starts_at_state(layer: KerasLayer) -> bool:
    """Whether the output before the first unmasked step is the initial state, as in TF.js.

    TensorFlow puts out zeros there, and so do unrolled layers (``rnn`` in
    ``keras/src/backend/*/rnn.py``).
    """
    directions = layer.children if layer.class_name == "Bidirectional" else (layer,)
    return layer.generation >= 3 and not any(one.config.get("unroll") for one in directions)


def _merging_fails(layer: KerasLayer, inputs: Sequence[TensorFact]) -> bool:
    """Whether ``computeMask`` of a merge layer throws: some inputs have masks, others not."""
    masked = [fact.tfjs_mask is not None for fact in inputs]
    if not any(masked) or all(masked):
        return False
    if layer.class_name == "Concatenate":
        return layer.config.get("axis", -1) not in (-1, len(inputs[0].shape or ()) - 1)
    return layer.class_name in _ELEMENTWISE and len(inputs) > 2
