"""Let Keras predict with a model file: ``python real_files_reference.py MODEL ARRAYS.npz``.

Runs in an interpreter that has the Keras which the file is for, and needs nothing else of the
project. Files of Keras 1 and 2 are for tf_keras, those of Keras 3 for keras.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from typing import Any

import numpy as np

UNKNOWN_SIZES = (40, 64, 11_000)
"""For sizes that a model leaves open: the first one with which it predicts anything."""
BATCH = 2


def load(path: str) -> Any:
    """Load with the Keras that this interpreter has; tf_keras if it has both."""
    os.environ.setdefault("KERAS_BACKEND", "numpy")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    warnings.simplefilter("ignore")
    try:
        keras = importlib.import_module("tf_keras")
    except ImportError:
        keras = importlib.import_module("keras")
    return keras.models.load_model(path, compile=False)


def vocabulary(model: Any) -> int | None:
    """Return the smallest number of rows of the embeddings in a model."""
    rows = [layer.input_dim for layer in model.layers if type(layer).__name__ == "Embedding"]
    return min(rows) if rows else None


def values(model: Any, unknown: int) -> list[np.ndarray]:
    """Return random inputs: indices where the model embeds them, numbers from 0 to 1 elsewhere."""
    random, count = np.random.default_rng(0), vocabulary(model)
    arrays = []
    for tensor in model.inputs:
        batch, *sizes = tensor.shape
        shape = (batch or BATCH, *(size or unknown for size in sizes))
        if count is not None and len(shape) <= 2:
            arrays.append(random.integers(0, count, shape).astype("float32"))
        else:
            arrays.append(random.uniform(0, 1, shape).astype("float32"))
    return arrays


def flat(outputs: Any) -> list[Any]:
    if isinstance(outputs, dict):
        outputs = [outputs[key] for key in sorted(outputs)]
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def main() -> None:
    path, target = sys.argv[1:]
    model = load(path)
    for unknown in UNKNOWN_SIZES:
        inputs = values(model, unknown)
        try:
            given = inputs if len(inputs) > 1 else inputs[0]
            outputs = [np.asarray(one) for one in flat(model(given, training=False))]
        except Exception:  # too small for the model, in one way or another
            if unknown == UNKNOWN_SIZES[-1]:
                raise
            continue
        if all(output.size for output in outputs):
            break
    arrays: dict[str, Any] = {f"input_{i:03}": array for i, array in enumerate(inputs)}
    arrays |= {f"output_{i:03}": array for i, array in enumerate(outputs)}
    np.savez(target, **arrays)


if __name__ == "__main__":
    main()
