"""Specifications of operations, one module per family; see `signatures`."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.operations.signatures import Signature, registered
from tfjs_serve.conversion.operations.specs import (  # noqa: F401  # importing registers
    activations,
    arithmetic,
    attention,
    bitwise,
    casting,
    comparisons,
    convolutions,
    cumulative,
    diagonals,
    filling,
    images,
    indexing,
    joining,
    linear_algebra,
    losses,
    normalization,
    ordering,
    padding,
    patches,
    pooling,
    products,
    reductions,
    shaping,
    signal,
    transcendental,
)


def signatures() -> Mapping[str, Signature]:
    """Return all operations by name."""
    return registered()
