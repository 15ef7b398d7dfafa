"""Operations that layers of TF.js compute, one module per family; see `lowering`."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.operations.lowered import (  # noqa: F401  # importing registers
    activations,
    arithmetic,
    casting,
    comparisons,
    cumulative,
    filling,
    images,
    indexing,
    joining,
    normalization,
    padding,
    patches,
    pooling,
    products,
    reductions,
    shaping,
)
from tfjs_serve.conversion.operations.lowering import (
    Build,
    Lower,
    NotLoweredError,
    registered,
)

__all__ = ["Build", "Lower", "NotLoweredError", "lowered_operations"]


def lowered_operations() -> Mapping[str, Lower]:
    """Return the functions that build small models, by operation."""
    return registered()
