"""Every rule: the one file that imports them all, which registers them.

Rooms above this one ask it; those below are handed the rules, or a context that asks for them.
"""

from __future__ import annotations

from tfjs_serve.conversion import layers  # noqa: F401  # importing registers
from tfjs_serve.conversion.operations import rules as _operations  # noqa: F401
from tfjs_serve.conversion.rules.registry import Rules, registered


def rules() -> Rules:
    """Return all rules by class name."""
    return registered()
