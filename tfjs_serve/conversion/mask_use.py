"""Finds the layers that would use another mask in TF.js than in Keras; see `shared_arguments`."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.context import report_mask
from tfjs_serve.conversion.facts import RECURRENT, Facts, Site, TensorFact
from tfjs_serve.conversion.model import KerasLayer
from tfjs_serve.conversion.report import Report

_READERS = RECURRENT | {"Softmax"}
"""Layers whose ``call`` looks at ``kwargs['mask']`` in TF.js."""
_ELEMENTWISE = frozenset({"Add", "Average", "Maximum", "Minimum", "Multiply"})


def check_masks(facts: Facts, report: Report) -> None:
    """Report every call that gets a wrong mask, or whose merging of masks fails."""
    for site in facts.sites:
        if site.layer.class_name in _READERS and not _reads_right(site):
            report_mask(site.layer, report)
        if _merging_fails(site.layer, site.inputs):
            report_mask(site.layer, report)


def _reads_right(site: Site) -> bool:
    if not site.inputs:
        return True
    if len(site.inputs) > 1 and site.inputs[0].masked:
        # Before the first unmasked step, Keras puts out zeros and TF.js the initial state.
        return False
    return site.seen_mask == site.inputs[0].mask


def _merging_fails(layer: KerasLayer, inputs: Sequence[TensorFact]) -> bool:
    """Whether ``computeMask`` of a merge layer throws: some inputs have masks, others not."""
    masked = [fact.tfjs_mask is not None for fact in inputs]
    if not any(masked) or all(masked):
        return False
    if layer.class_name == "Concatenate":
        return layer.config.get("axis", -1) not in (-1, len(inputs[0].shape or ()) - 1)
    return layer.class_name in _ELEMENTWISE and len(inputs) > 2
