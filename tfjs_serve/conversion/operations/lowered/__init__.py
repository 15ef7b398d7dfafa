"""Operations that layers of TF.js compute."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.operations.lowered.registry import (
    Build,
    Lower,
    NotLoweredError,
    registered,
)

__all__ = ["Build", "Lower", "NotLoweredError", "lowered_operations"]


def lowered_operations() -> Mapping[str, Lower]:
    """Return what builds the small model of each operation that has one."""
    # They register themselves when they are imported; here, so that they can import this.
    from tfjs_serve.conversion.operations.lowered import (  # noqa: F401, PLC0415  # they import this
        activations,
        arithmetic,
        comparisons,
        images,
        joining,
        padding,
        products,
        reductions,
        shaping,
    )

    return registered()
