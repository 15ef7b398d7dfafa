"""What trains apart in a page, or more of it, is said with the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest

from tfjs_serve.conversion.translate import translate
from tfjs_serve.keras_files import open_model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


def warnings_of(model: Any, folder: Path) -> list[str]:
    path = folder / "model.keras"
    model.save(path)
    with open_model(path, display_name="model.keras") as file:
        return [one for one in translate(file).warnings if "a page trains" in one]


def tower(shared: Any, name: str) -> Any:
    given = keras.Input((4,))
    return keras.Model(given, shared(given), name=name)


def test_a_layer_of_two_models_is_told(tmp_path: Path) -> None:
    shared, given = keras.layers.Dense(4, name="shared"), keras.Input((4,))
    left, right = tower(shared, "left"), tower(shared, "right")
    model = keras.Model(given, [left(given), right(given)], name="both")
    (told,) = warnings_of(model, tmp_path)
    assert told == (
        "both/right/shared (Dense): is the same layer as both/left/shared in Keras; "
        "a page trains them apart."
    )


def test_a_layer_that_is_called_twice_is_not_told(tmp_path: Path) -> None:
    inner, given = tower(keras.layers.Dense(4), "inner"), keras.Input((4,))
    model = keras.Model(given, inner(inner(given)))
    assert warnings_of(model, tmp_path) == []


def test_lora_is_told(tmp_path: Path) -> None:
    dense = keras.layers.Dense(3, name="tuned")
    model = keras.Sequential([keras.Input((4,)), dense], name="model")
    dense.enable_lora(1)
    (told,) = warnings_of(model, tmp_path)
    assert told.startswith("model/tuned (Dense): trains only what LoRA adds")
