"""Imports, and so registers, every rule. This is the only file that does.

Rooms that import this file call :func:`rules`. Those that it imports are given the rules, or a
context that has what they need of them.
"""

from __future__ import annotations

from tfjs_serve.conversion import layers  # noqa: F401  # importing registers
from tfjs_serve.conversion.operations import rules as _operations  # noqa: F401
from tfjs_serve.conversion.rules.registry import Rules, registered


def rules() -> Rules:
    """Return all rules by class name."""
    return registered()
