"""Every rule: the one file that imports them all, which registers them."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion import layers  # noqa: F401  # importing registers
from tfjs_serve.conversion.operations import rules as _operations  # noqa: F401
from tfjs_serve.conversion.rules.registry import LayerRule, registered


def rules() -> Mapping[str, LayerRule]:
    """Return all rules by class name."""
    return registered()
