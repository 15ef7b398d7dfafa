"""Tells how a layer reaches the page, from what its rule made of it."""

from __future__ import annotations

from tfjs_serve import companion
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.rules.context import TfjsLayer
from tfjs_serve.conversion.rules.registry import LayerRule, Outcome
from tfjs_serve.facts.layers import Became


def became(rule: LayerRule, made: TfjsLayer) -> Became:
    """Return how a layer reaches the page that became `made`."""
    if _is_of_companion(made.to_json()):
        return Became.COMPANION
    if made.is_container or rule.outcome is Outcome.LOWERED:
        return Became.LOWERED
    return Became.NATIVE


def _is_of_companion(value: Json) -> bool:
    """Whether a configuration has a class of ``layers.js``, or a part of one, such as a cell."""
    if isinstance(value, dict):
        if str(value.get("class_name")).startswith(f"{companion.PACKAGE}>"):
            return True
        value = list(value.values())
    return isinstance(value, list) and any(map(_is_of_companion, value))
