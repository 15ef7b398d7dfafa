"""Adds to Keras, when it is imported, what the examples in ``CONTRIBUTING.md`` are about.

The guide translates layers and a function that no Keras has, so that its examples stay examples.
They are made here, and put where Keras has its own.
"""

from __future__ import annotations

import os
from typing import Any

os.environ["KERAS_BACKEND"] = "numpy"
os.environ["JAX_PLATFORMS"] = "cpu"

import keras
import numpy as np
from keras.src.api_export import register_internal_serializable
from keras.src.ops import math


def _own(made: type) -> type:
    """Let files name `made` as they name Keras's own layers."""
    register_internal_serializable(f"keras.layers.{made.__name__}", made)
    setattr(keras.layers, made.__name__, made)
    return made


@_own
class Threshold(keras.layers.Layer):  # type: ignore[misc]  # Keras is untyped
    """``x`` where it is above ``limit``, and zero elsewhere."""

    def __init__(self, limit: float = 0.0, **others: Any) -> None:
        super().__init__(**others)
        self.supports_masking = True
        self.limit = limit

    def call(self, x: Any) -> Any:
        return np.where(x > self.limit, x, 0).astype("float32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "limit": self.limit}


@_own
class CReLU(keras.layers.Layer):  # type: ignore[misc]  # Keras is untyped
    """The positive parts of ``x`` and of ``-x``, side by side."""

    def __init__(self, **others: Any) -> None:
        super().__init__(**others)

    def call(self, x: Any) -> Any:
        return np.maximum(np.concatenate([x, -x], axis=-1), 0)

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape[:-1], 2 * shape[-1])


@_own
class Snake(keras.layers.Layer):  # type: ignore[misc]  # Keras is untyped
    """``x + height * sin(frequency * x) ** 2``, with a frequency for each channel."""

    def __init__(self, height: float = 1.0, **others: Any) -> None:
        super().__init__(**others)
        self.supports_masking = True
        self.height = height

    def build(self, shape: Any) -> None:
        self.frequency = self.add_weight(shape=(shape[-1],), name="frequency")

    def call(self, x: Any) -> Any:
        wave = keras.ops.sin(self.frequency * x)
        return x + self.height * keras.ops.square(wave)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height}


class Logit(keras.Operation):  # type: ignore[misc]  # Keras is untyped
    """``log(x / (1 - x))`` of `x` kept away from 0 and 1."""

    def __init__(self, eps: float = 0.0, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.eps = eps

    def call(self, x: Any) -> Any:
        inside = np.clip(x, self.eps, 1 - self.eps)
        return np.log(inside / (1 - inside))

    def compute_output_spec(self, x: Any) -> Any:
        return keras.KerasTensor(x.shape, dtype=x.dtype)


def logit(x: Any, eps: float = 0.0) -> Any:
    return Logit(eps)(x)


Logit.__module__ = math.__name__
math.Logit = Logit
keras.ops.logit = logit
