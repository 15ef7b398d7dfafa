"""Converted models can be trained in the page: ``fit`` lowers a loss, gradients are Keras's.

TensorFlow.js has some weights in another layout than Keras, or in several parts. So the gradients
of all weights are compared as one collection of numbers; that each belongs to the right weight
shows in the predictions after a step of gradient descent.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

from .converted import converted
from .folder_server import serving
from .gradients import RATE, TRAINED, training_cases
from .harness import NodeTf
from .references import references

pytestmark = pytest.mark.xdist_group("training")  # so that Keras trains once, if it has to

TOLERANCE = 1e-4
EPOCHS = 4


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``tests/parity/gradients.py`` wrote."""
    return references("gradients", tmp_path_factory.mktemp("gradients"))


@pytest.fixture(scope="module")
def served_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("trained")
    with serving(folder) as url:
        yield folder, url


@pytest.mark.parametrize(("index", "name"), list(enumerate(TRAINED)), ids=TRAINED)
def test_layer_can_be_trained(
    index: int,
    name: str,
    kept: Path,
    served_folder: tuple[Path, str],
    node_tf: NodeTf,
) -> None:
    folder, url = served_folder
    path, arrays = _reference(kept, index)
    converted(path, folder / name)
    inputs = _inputs(arrays)
    target, gradients, after = (arrays[key] for key in ("target", "gradients", "after"))
    trained = node_tf.train(f"{url}/{name}/model.json", inputs, target, rate=RATE, epochs=EPOCHS)
    _assert_close(np.sort(trained.gradients), np.sort(gradients))
    _assert_close(trained.after, after)
    assert trained.losses[-1] < trained.losses[0]


@pytest.mark.parametrize(("index", "name"), list(enumerate(TRAINED)), ids=TRAINED)
def test_layer_is_found_by_its_name_and_saved_by_the_page(
    index: int,
    name: str,
    kept: Path,
    served_folder: tuple[Path, str],
    node_tf: NodeTf,
) -> None:
    folder, url = served_folder
    path, arrays = _reference(kept, index)
    converted(path, folder / f"{name}-saved")
    model = keras.saving.load_model(path, compile=False)
    inputs = _inputs(arrays)
    saved = node_tf.save(f"{url}/{name}-saved/model.json", inputs)
    for before, after in zip(saved.before, saved.after, strict=True):
        _assert_close(after, before)
    for layer in model.layers:
        cut = keras.Model(model.inputs, layer.output)
        expected = keras.tree.flatten(cut.predict(inputs, verbose=0))
        for actual, values in zip(saved.layers[layer.name], expected, strict=True):
            _assert_close(actual, np.asarray(values))


def _reference(kept: Path, index: int) -> tuple[Path, dict[str, np.ndarray]]:
    """Return the model of a case, and the arrays that belong to it."""
    name = training_cases()[index].id
    with np.load(kept / f"{name}.npz") as arrays:
        return kept / f"{name}.keras", dict(arrays)


def _inputs(arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
    return [arrays[key] for key in sorted(arrays) if key.startswith("input_")]


def _assert_close(actual: np.ndarray, expected: np.ndarray) -> None:
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).max() <= TOLERANCE * max(1.0, np.abs(expected).max())
