"""Shapes of what has channels: last in TensorFlow.js, and first in some models."""

from __future__ import annotations

from collections.abc import Sequence

FIRST = {"data_format": "channels_first"}


def channels_first(shape: Sequence[int | None]) -> tuple[int | None, ...]:
    return (shape[-1], *shape[:-1])


def free(shape: Sequence[int | None]) -> tuple[int | None, ...]:
    return (*[None] * (len(shape) - 1), shape[-1])
