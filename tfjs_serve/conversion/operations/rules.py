"""Rules of operations: lowered where layers compute them, else the companion's Operation."""

from __future__ import annotations

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.registry import Outcome, rule


def _companion(name: str) -> None:
    @rule(f"ops.{name}", outcome=Outcome.COMPANION)
    def translate(context: LayerContext) -> TfjsLayer:
        operands = {key: context.read.take(key) for key in context.layer.config}
        return context.companion("Operation", {"operation": name, "operands": operands})


for _name in ("add",):
    _companion(_name)
