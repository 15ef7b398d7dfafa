"""Finds the recurrent layers whose states TF.js mixes up; see ``inference/shared_arguments.py``."""

from __future__ import annotations

from collections import defaultdict

from tfjs_serve.conversion.model.facts import Facts
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.rules.registry import Rules, traits_of
from tfjs_serve.conversion.rules.traits import Inner

MIXED_STATES = "unsupported-state"
"""Code of these problems; most of them do not occur in the flat graph of ``masks/explicit.py``."""


def check_states(facts: Facts, rules: Rules, report: Report) -> None:
    """Report calls that get the state of another call."""
    # Bidirectional calls its two layers itself, each with its own states.
    directions = {
        child.path
        for site in facts.sites
        if traits_of(rules, site.layer).inner is Inner.DIRECTIONS
        for child in site.layer.children
    }
    for site in facts.sites:
        has_states = traits_of(rules, site.layer).has_states
        recurrent = has_states and site.layer.path not in directions
        if recurrent and site.seen_state:
            _report_initial_state(site.layer, report)
    # TF.js runs a layer again for each of its outputs that is used (``executor.ts``). The
    # companion's layers recognise such a run, because it gets the same tensors.
    runs: dict[str, set[tuple[int, ...]]] = defaultdict(set)
    for site in facts.sites:
        runs[site.layer.path].add((site.call, *map(id, site.inputs)))
    ordered = {site.layer.path for site in facts.sites if site.layer.order_input}
    for site in facts.sites:
        is_ordered = site.layer.path in ordered or site.layer.path in directions
        if site.layer.config.get("stateful") and len(runs[site.layer.path]) > 1 and not is_ordered:
            _report_stateful(site.layer, report)


def _report_initial_state(layer: KerasLayer, report: Report) -> None:
    report.problem(
        layer,
        MIXED_STATES,
        "In a nested model, TensorFlow.js hands it the initial state of the recurrent layer "
        "before it.",
        "Move the recurrent layers into the outermost model.",
    )


def _report_stateful(layer: KerasLayer, report: Report) -> None:
    report.problem(
        layer,
        MIXED_STATES,
        "It is stateful, and TensorFlow.js runs it more than once for each prediction.",
        "Call it once for each prediction; or feed and return its states yourself.",
    )
