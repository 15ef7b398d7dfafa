"""Finds the layers that would use another mask in TF.js than in Keras.

TF.js hands the mask of a call to the layer in an object that all calls of one prediction share,
and never takes it out again (``execute`` in ``tfjs-layers/src/engine/executor.ts``). So a layer
that reads masks and has none itself gets the one of whichever layer was called before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.context import report_mask
from tfjs_serve.conversion.facts import Facts, TensorFact
from tfjs_serve.conversion.model import KerasLayer
from tfjs_serve.conversion.report import Report

_READERS = frozenset({"Bidirectional", "ConvLSTM2D", "GRU", "LSTM", "RNN", "SimpleRNN", "Softmax"})
"""Layers whose ``call`` looks at ``kwargs['mask']`` in TF.js."""


def check_masks(facts: Facts, report: Report) -> None:
    """Report every call that gets a wrong mask, or whose merging of masks fails."""
    masks_exist = any(fact.tfjs_mask for _, inputs in facts.sites for fact in inputs)
    for layer, inputs in facts.sites:
        if layer.class_name in _READERS and not _reads_right(inputs, masks_exist):
            report_mask(layer, report)
        if layer.class_name == "TimeDistributed" and masks_exist and _reads_inside(layer):
            report_mask(layer, report)
        if _merging_fails(layer, inputs):
            report_mask(layer, report)


def _reads_right(inputs: Sequence[TensorFact], masks_exist: bool) -> bool:
    if not inputs:
        return True
    if len(inputs) > 1 and inputs[0].masked:
        # Before the first unmasked step, Keras puts out zeros and TF.js the initial state.
        return False
    if inputs[0].tfjs_mask is None:
        return inputs[0].mask is None and not masks_exist
    return inputs[0].tfjs_mask == inputs[0].mask


def _reads_inside(wrapper: KerasLayer) -> bool:
    return any(inner.class_name in _READERS for inner in wrapper.walk())


def _merging_fails(layer: KerasLayer, inputs: Sequence[TensorFact]) -> bool:
    """Whether ``computeMask`` of a merge layer throws: some inputs have masks, others not."""
    masked = [fact.tfjs_mask is not None for fact in inputs]
    if not any(masked) or all(masked):
        return False
    if layer.class_name == "Concatenate":
        return layer.config.get("axis", -1) not in (-1, (inputs[0].rank or 0) - 1)
    return layer.class_name in ("Add", "Average", "Maximum", "Minimum", "Multiply") and (
        len(inputs) > 2
    )
