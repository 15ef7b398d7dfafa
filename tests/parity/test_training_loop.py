"""Models evaluate and train in the page with Keras's numbers, from Keras's state.

The files have made some steps in Keras, and go on in the page: 21 steps more. Two outputs, loss
weights, masks, regularizers, partial last batches, schedules, constraints, frozen
normalization and moving averages: ``evaluate`` and ``fit`` return what they return in Keras.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfjs_serve.settings import ConversionOptions, Variant

from .converted import convert_into
from .folder_server import serving
from .harness import NodeTf
from .node import Array, NodeTfError, decode_tensor, encode_tensor
from .references import references
from .training_models import BATCH, EPOCHS, FILES
from .training_node import ask
from .training_tf_keras import TF_KERAS_FILES

pytestmark = pytest.mark.xdist_group("training loop")  # so that Keras trains once, if it has to

TF_KERAS_ARCHIVE = Path(__file__).parents[1] / "fixtures" / "tf_keras_training.zip"
TOLERANCE = 2e-6
WEIGHT_TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``tests/parity/training_models.py`` wrote."""
    return references("training_models", tmp_path_factory.mktemp("learners"))


@pytest.fixture(scope="module")
def tf_keras_references(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``tests/fixtures/make_tf_keras_training.py`` wrote."""
    folder = tmp_path_factory.mktemp("tf_keras_learners")
    with zipfile.ZipFile(TF_KERAS_ARCHIVE) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def served_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("learning")
    with serving(folder) as url:
        yield folder, url


def arrays_called(arrays: Mapping[str, Array], prefix: str) -> list[Array]:
    return [arrays[key] for key in sorted(arrays) if key.startswith(prefix)]


def to_train(source: Path, folder: Path) -> None:
    """Convert a model with its compile settings and the state of its optimizer."""
    folder.mkdir()
    report = convert_into(folder, source, options=ConversionOptions(variant=Variant.TRAIN))
    left_out = [warning for warning in report.warnings if warning.startswith("Training")]
    assert all("delta" in warning for warning in left_out), left_out  # Keras does not save Huber's


def learn(
    file: str, kept: Path, served_folder: tuple[Path, str], training_tf: NodeTf
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Array]]:
    """Return what a page gets of a model, what Keras got, and the arrays that belong to it."""
    folder, url = served_folder
    name = file.partition(".")[0]
    expected = json.loads((kept / f"{name}.json").read_text())
    with np.load(kept / f"{name}.npz") as loaded:
        arrays = dict(loaded)
    served = f"{kept.name}-{file}"
    to_train(kept / file, folder / served)
    sides = {
        "inputs": [encode_tensor(value) for value in arrays_called(arrays, "input_")],
        "targets": [encode_tensor(value) for value in arrays_called(arrays, "target_")],
    }
    validated = any(key.startswith("val_") for key in expected["history"])
    found = ask(
        training_tf,
        "learn",
        url=f"{url}/{served}/model.json",
        **sides,
        sampleWeight=encode_tensor(arrays["sample_weight"]) if "sample_weight" in arrays else None,
        validation=[sides["inputs"], sides["targets"]] if validated else None,
        fit={"epochs": EPOCHS},
        batchSize=BATCH,
    )
    return found, expected, arrays


def assert_numbers(found: Any, expected: Any, what: str) -> None:
    actual, wanted = (
        np.concatenate([np.ravel(value) for value in all_]) for all_ in (found, expected)
    )
    assert actual.shape == wanted.shape, what
    assert np.abs(actual - wanted).max() <= TOLERANCE * max(1.0, np.abs(wanted).max()), what


@pytest.mark.parametrize("file", FILES)
def test_a_model_evaluates_and_trains_as_in_keras(
    file: str, kept: Path, served_folder: tuple[Path, str], training_tf: NodeTf
) -> None:
    found, expected, arrays = learn(file, kept, served_folder, training_tf)
    assert_same(found, expected, arrays)


@pytest.mark.parametrize("file", TF_KERAS_FILES)
def test_a_model_of_tf_keras_evaluates_and_trains_as_there(
    file: str, tf_keras_references: Path, served_folder: tuple[Path, str], training_tf: NodeTf
) -> None:
    found, expected, arrays = learn(file, tf_keras_references, served_folder, training_tf)
    assert found["names"] == [key for key in expected["history"] if not key.startswith("val_")]
    assert_same(found, expected, arrays)


def assert_same(found: dict[str, Any], expected: dict[str, Any], arrays: dict[str, Array]) -> None:
    assert_numbers(found["before"], expected["before"], "evaluate before")
    assert found["history"].keys() == expected["history"].keys()
    for key, values in expected["history"].items():
        if key not in expected["unmasked"]:
            assert_numbers(found["history"][key], values, key)
    assert_numbers(found["after"], expected["after"], "evaluate after")
    assert [row["loss"] for row in found["seen"]] == found["history"]["loss"]
    own = sorted(np.concatenate([np.ravel(decode_tensor(w["tensor"])) for w in found["weights"]]))
    begun = arrays_called(arrays, "begun_")
    kerass = sorted(np.concatenate([np.ravel(w) for w in arrays_called(arrays, "weight_")]))
    assert np.abs(np.subtract(own, kerass)).max() <= WEIGHT_TOLERANCE
    moved = np.subtract(kerass, sorted(np.concatenate([np.ravel(w) for w in begun])))
    assert np.abs(moved).max() > 0
    assert found["leaked"] == 0
    assert_numbers(found["again"]["evaluated"], found["after"], "saved and loaded")
    assert found["again"]["state"] == found["state"]


def test_a_model_says_what_is_wrong_with_its_settings(
    kept: Path, served_folder: tuple[Path, str], training_tf: NodeTf
) -> None:
    folder, url = served_folder
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"losses": [{"class_name": "CTC", "config": {}}]}, "training.js has no loss CTC; it has"),
        ({"metrics": [[{"class_name": "Mine", "config": {}}]]}, "training.js has no metric Mine"),
        ({"optimizer": {"class_name": "Mine", "config": {}}}, "training.js has no optimizer Mine"),
        ({"outputs": ["a", "b"]}, "The setting outputs of trainingConfig.keras of model.json has"),
        ({"dialect": "keras9"}, "The setting dialect of trainingConfig.keras of model.json has"),
        ({"losses": []}, "The setting losses of trainingConfig.keras of model.json has to be"),
    ]
    for index, (change, message) in enumerate(wrong):
        to_train(kept / "classifier.keras", folder / f"wrong-{index}")
        path = folder / f"wrong-{index}" / "model.json"
        document = json.loads(path.read_text())
        document["trainingConfig"]["keras"] |= change
        path.write_text(json.dumps(document))
        with pytest.raises(NodeTfError) as caught:
            training_tf.ask({"op": "weights", "url": f"{url}/wrong-{index}/model.json"})
        assert str(caught.value).startswith(message)
