"""Keras 3 as the parity tests use it: on its NumPy backend, each case from a clean slate."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from .cases.case import Case, model_inputs, outputs_of, randomise_weights
from .cases.inputs import Array

OF_TENSORFLOW = Path(__file__).parents[1] / "fixtures" / "tensorflow.zip"

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
    return model, inputs, expected_outputs(case, outputs_of(model, inputs))


def expected_outputs(case: Case, outputs: list[Array]) -> list[Array]:
    """Return what the page must predict: `outputs`, or what Keras on TensorFlow makes instead."""
    if not case.by_tensorflow:
        return outputs
    with zipfile.ZipFile(OF_TENSORFLOW) as archive:
        arrays = np.load(io.BytesIO(archive.read(f"{case.id}.npz")))
    expected = [arrays[f"output_{index}"] for index in range(len(arrays))]
    pairs = zip(outputs, expected, strict=True)
    assert not all(np.array_equal(*pair) for pair in pairs), "Keras on numpy predicts the same"
    return expected
