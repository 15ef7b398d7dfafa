"""Checks whether saved weights satisfy a constraint (``constraints.ts`` of tfjs-layers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.sources import Array, values
from tfjs_serve.layers_model.model import TensorSource

_EPSILON = 1e-7


def is_satisfied(class_name: str, config: Mapping[str, Json], weight: TensorSource) -> bool:
    """Whether the constraint would leave the weight as it is, to float precision.

    Parameters
    ----------
    class_name
        ``"MaxNorm"``, ``"MinMaxNorm"``, ``"NonNeg"`` or ``"UnitNorm"``.
    config
        Arguments of the constraint.
    weight
        The saved weight, of any shape.
    """
    saved = values(weight).astype(np.float32)
    if not saved.size:
        return True
    return bool(np.allclose(_apply(class_name, config, saved), saved, rtol=1e-6, atol=1e-7))


def _apply(class_name: str, config: Mapping[str, Json], weight: Array) -> Any:
    if class_name == "NonNeg":
        return np.maximum(weight, 0)
    axis = config.get("axis", 0)
    axes = tuple(axis) if isinstance(axis, list) else axis
    norms = np.sqrt(np.sum(np.square(weight), axis=axes, keepdims=True))
    if class_name == "UnitNorm":
        return weight / (_EPSILON + norms)
    low, high = config.get("min_value", 0.0), config.get("max_value", 2.0)
    if class_name == "MaxNorm":
        desired = np.clip(norms, 0, high)
    else:
        rate = config.get("rate", 1.0)
        desired = rate * np.clip(norms, low, high) + (1 - rate) * norms
    return weight * (desired / (_EPSILON + norms))
