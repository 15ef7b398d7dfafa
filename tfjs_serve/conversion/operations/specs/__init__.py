"""Specifications of operations, one module per kind; see `signatures`."""

from __future__ import annotations

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
