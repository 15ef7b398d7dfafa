"""The sample models' reference inputs and outputs, which ``sample_models/train.py`` wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.parity.harness import Array

SAMPLE_MODELS = Path(__file__).parents[1] / "sample_models"

Tensor = dict[str, Any]
"""``{"shape", "dtype", "values"}``, the values in C order."""

REFERENCES: dict[str, dict[str, list[Tensor]]] = json.loads(
    (Path(__file__).parent / "fixtures" / "sample_models.json").read_text(encoding="utf-8")
)
"""Model name to ``{"inputs": [Tensor, ...], "outputs": [Tensor, ...]}``."""


def arrays(tensors: Sequence[Tensor]) -> list[Array]:
    """Return the arrays that `tensors` spell out."""
    return [
        np.array(tensor["values"], tensor["dtype"]).reshape(tensor["shape"]) for tensor in tensors
    ]
