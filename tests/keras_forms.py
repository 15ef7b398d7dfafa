"""A small model of Keras 3 in several files, written without Keras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np


def architecture(activation: str = "linear", units: int = 3) -> dict[str, Any]:
    """Return what Keras 3 writes of a model with one layer."""
    given = {"batch_shape": [None, 2], "dtype": "float32", "name": "given"}
    dense = {"name": "dense", "units": units, "activation": activation, "use_bias": True}
    layers = [("InputLayer", given), ("Dense", dense)]
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {
            "name": "sequential",
            "layers": [{"class_name": name, "config": config} for name, config in layers],
        },
    }


def write_weights(path: Path, value: float, units: int = 3, group: str = "layers/dense") -> None:
    """Write what Keras 3 writes of the same model."""
    with h5py.File(path, "w") as file:
        variables = file.create_group(group).create_group("vars")
        variables["0"] = np.full((2, units), value, np.float32)
        variables["1"] = np.zeros(units, np.float32)


def write_json(path: Path, document: object) -> None:
    path.write_text(json.dumps(document))
