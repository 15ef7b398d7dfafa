"""Specifications of operations, one module per kind; see `signatures`."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.operations.signatures import Signature, registered
from tfjs_serve.conversion.operations.specs import (  # noqa: F401  # importing registers
    attention,
    elementwise,
    filling,
    image,
    indexing,
    joining,
    linear,
    losses,
    ordering,
    pooling,
    products,
    reductions,
    shaping,
    signal,
)


def signatures() -> Mapping[str, Signature]:
    """Return all operations by name."""
    return registered()
