"""Keras 3 as the parity tests use it: on its NumPy backend, each case from a clean slate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from .cases.case import Case, model_inputs, outputs_of, randomise_weights
from .cases.inputs import Array

ignore_warnings_about_the_cases: list[pytest.MarkDecorator] = [
    pytest.mark.filterwarnings(f"ignore:{message}:UserWarning")
    for message in (
        # Several cases are about masks that go no further.
        "Layer '.*' .of type .* was passed an input with a mask",
        "You passed `rms_scaling=True`, which is deprecated",
    )
]


def built(build: Callable[[Any], Any]) -> Any:
    """Return the model, counting the names of layers from the beginning."""
    # Collecting all garbage after each case takes longer than most cases.
    keras.backend.clear_session(free_memory=False)
    # The backend finds out shapes by computing with memory that nobody initialised.
    with np.errstate(all="ignore"):
        return build(keras)


def model_with_references(case: Case) -> tuple[Any, list[Array], list[Array]]:
    """Return a case's model with random weights, inputs, and Keras's predictions."""
    model = built(case.build)
    randomise_weights(case, model)
    inputs = model_inputs(case, model)
    return model, inputs, outputs_of(model, inputs)
