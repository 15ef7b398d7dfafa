"""A layer that returns its input, for the many rules that need one."""

from __future__ import annotations

from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer


def unchanged(context: LayerContext) -> TfjsLayer:
    """Return a layer that returns its input."""
    return context.native("Activation", {"activation": "linear"})
