"""Operations that layers of TF.js compute."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.operations.lowered.registry import Lower, NotLoweredError, registered

__all__ = ["Lower", "NotLoweredError", "lowered_operations"]


def lowered_operations() -> Mapping[str, Lower]:
    """Return what builds the small model of each operation that has one."""
    return registered()
