"""A model in memory becomes what a file of it becomes, byte by byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tfjs_serve.settings import ConversionOptions, Variant

from .cases import KERAS3, Case, cases_of, refused_cases_of
from .cases.case import randomise_weights
from .compiled import STATEFUL
from .keras3 import built, ignore_warnings_about_the_cases
from .live import of_file, of_live
from .training_cases import LOSSES, METRICS

pytestmark = ignore_warnings_about_the_cases

EVERY = 12
"""One in so many cases is tried; all of them were, with each Keras and each backend."""
LORA = "files-lora-"
"""Keras adds these up when it writes an archive, and rounds otherwise than the converter."""
TRAIN = ConversionOptions(variant=Variant.TRAIN)


@pytest.mark.parametrize("case", cases_of(KERAS3)[::EVERY], ids=lambda case: case.id)
def test_a_model_in_memory_is_converted_as_its_file(case: Case, tmp_path: Path) -> None:
    model = built(case.build)
    randomise_weights(case, model)
    is_lora = case.id.startswith(LORA)
    path = tmp_path / ("model.h5" if is_lora else "model.keras")
    model.save(path)
    assert of_live(model, recorded=not is_lora) == of_file(path, recorded=not is_lora)


@pytest.mark.parametrize("case", refused_cases_of(KERAS3), ids=lambda case: case.id)
def test_a_model_in_memory_is_refused_as_its_file(case: Any, tmp_path: Path) -> None:
    model = built(case.build)
    model.save(tmp_path / "model.keras")
    assert of_live(model) == of_file(tmp_path / "model.keras")


def _stepped(optimizer: Any) -> Any:
    """Return a model with an optimizer that has made steps."""
    random = np.random.default_rng(7)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, name="a"), keras.layers.Dense(2, name="b")]
    )
    model.compile(optimizer, loss="mse", metrics=["mae"])
    model.optimizer.build(model.trainable_variables)
    for variable in (*model.weights, *model.optimizer.variables):
        if variable.shape:
            variable.assign(random.uniform(0.1, 1, variable.shape).astype("float32"))
    model.optimizer.iterations.assign(17)
    return model


@pytest.mark.parametrize("name", STATEFUL)
def test_the_state_of_an_optimizer_is_that_of_the_file(name: str, tmp_path: Path) -> None:
    keras.backend.clear_session(free_memory=False)
    model = _stepped(STATEFUL[name](keras.optimizers))
    for name, recorded in (("model.keras", True), ("model.h5", False)):
        model.save(tmp_path / name)
        found = of_file(tmp_path / name, TRAIN, recorded=recorded)
        assert of_live(model, TRAIN, recorded=recorded) == found
    # Keras has now forgotten the optimizer, and would save a .keras file without it.
    assert of_live(model, TRAIN) == of_file(tmp_path / "model.keras", TRAIN)


LOST = {
    "losses": {"CosineSimilarity", "Huber", "SparseCategoricalCrossentropy"},
    "metrics": {"CosineSimilarity", "SparseTopKCategoricalAccuracy"},
}
"""What Keras 3.15 saves without arguments that it was made with."""


@pytest.mark.parametrize("kind", LOST)
def test_settings_are_those_of_the_file_or_more(kind: str, tmp_path: Path) -> None:
    differing = set()
    for case in {"losses": LOSSES, "metrics": METRICS}[kind]:
        keras.backend.clear_session(free_memory=False)
        setting = getattr(getattr(keras, kind), case.class_name)(**case.config)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        given = {"loss": setting} if kind == "losses" else {"loss": "mse", "metrics": [setting]}
        model.compile("sgd", **given)
        model.save(tmp_path / "model.keras")
        if of_live(model, TRAIN) != of_file(tmp_path / "model.keras", TRAIN):
            differing.add(case.class_name)
    assert differing == LOST[kind]
