"""Gradients of losses, by Keras 3 on its jax backend.

``python -m tests.parity.training_reference FILE`` writes an ``.npz``: the gradient of the sum of
each loss in ``training_cases.py`` for the predictions, under its index. It is its own process,
because a backend is for good, and all other tests want another one.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

import numpy as np

from .training_cases import LOSSES, Case, arrays_of


def gradient(keras: Any, case: Case) -> Any:
    """Return the gradient of the sum of a loss, for the predictions."""
    import jax

    loss = getattr(keras.losses, case.class_name)(**case.config)
    arrays = arrays_of(case, 0, 8)

    @jax.jit  # one compilation instead of one per operation
    @jax.grad
    def compute(predictions: Any) -> Any:
        if arrays["mask"] is not None:
            keras.src.backend.set_keras_mask(predictions, arrays["mask"])
        return loss(arrays["yTrue"], predictions, arrays["sampleWeight"]).sum()

    return compute(arrays["yPred"])


def main() -> None:
    os.environ["KERAS_BACKEND"] = "jax"
    os.environ["JAX_PLATFORMS"] = "cpu"
    import keras

    warnings.simplefilter("ignore")
    found = {str(index): gradient(keras, case) for index, case in enumerate(LOSSES)}
    np.savez(sys.argv[1], **{name: np.asarray(value) for name, value in found.items()})


if __name__ == "__main__":
    main()
