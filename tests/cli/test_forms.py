"""``check`` and ``convert`` of models in several files, and of files with any ending."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.keras_forms import architecture, write_json, write_weights

from .conftest import SAMPLES, Invoke


def activation(out: Path) -> str:
    """Return the activation of the last layer of a converted model."""
    document = json.loads((out / "model.json").read_bytes())
    layers = document["modelTopology"]["model_config"]["config"]["layers"]
    return str(layers[-1]["config"]["activation"])


@pytest.fixture
def weights(models: Path) -> Path:
    """Weights with two architectures beside them, and one elsewhere."""
    write_weights(models / "w.weights.h5", 1.0)
    write_json(models / "a.json", architecture())
    write_json(models / "model.json", architecture("tanh"))
    write_json(models.parent / "given.json", architecture("relu"))
    return models / "w.weights.h5"


def test_the_user_names_the_architecture(invoke: Invoke, weights: Path, tmp_path: Path) -> None:
    cache = ("--cache-dir", tmp_path / "cache")
    undecided = invoke("check", weights, *cache)
    assert undecided.exit_code == 1
    assert "several architectures beside it fit: a.json, model.json" in undecided.stdout
    given = ("--topology", weights.parents[1] / "given.json")
    assert invoke("check", weights, *given, *cache).exit_code == 0
    assert invoke("convert", weights, tmp_path / "out", *given, *cache).exit_code == 0
    assert activation(tmp_path / "out") == "relu"


def test_what_is_named_has_to_fit(invoke: Invoke, weights: Path, tmp_path: Path) -> None:
    write_json(tmp_path / "wide.json", architecture(units=4))
    write_json(tmp_path / "other.json", {"format": "layers-model", "modelTopology": {}})
    reasons = {
        "wide.json": "units=4, but its saved kernel has the shape 2x3",
        "other.json": "is a model.json of TensorFlow.js",
        "gone.json": "cannot open",
    }
    for name, reason in reasons.items():
        result = invoke("check", weights, "--topology", tmp_path / name)
        assert result.exit_code != 0
        assert reason in f"{result.stdout}{result.stderr}".replace("\n", " ")


@pytest.mark.parametrize(
    ("path", "reason"),
    [("iris.h5", "has an architecture of its own"), (".", "is a folder of models")],
)
def test_an_architecture_that_cannot_be_meant_is_refused(
    invoke: Invoke, weights: Path, path: str, reason: str
) -> None:
    shutil.copy(SAMPLES / "iris.h5", weights.parent)
    given = ("--topology", weights.parent / "a.json")
    result = invoke("check", weights.parent / path, *given)
    assert result.exit_code != 0
    assert reason in f"{result.stdout}{result.stderr}".replace("\n", " ")


def test_a_folder_that_keras_wrote_is_converted(
    invoke: Invoke, models: Path, tmp_path: Path
) -> None:
    net = models / "net"
    net.mkdir()
    write_json(net / "config.json", architecture("relu"))
    write_json(net / "metadata.json", {"keras_version": "3.15.1"})
    write_weights(net / "model.weights.h5", 1.0)
    for path in (net, net / "config.json"):
        out = tmp_path / path.name
        assert invoke("convert", path, out).exit_code == 0
        assert activation(out) == "relu"
    refused = invoke("convert", net, net, "--force")
    assert "is the model itself" in refused.stderr
    assert invoke("convert", models, tmp_path / "all").exit_code == 0
    assert activation(tmp_path / "all" / "net") == "relu"


def test_a_model_json_is_judged_by_its_content(
    invoke: Invoke, weights: Path, tmp_path: Path
) -> None:
    refused = invoke("check", weights.parent / "model.json")
    assert "is an architecture of Keras without its weights" in refused.stdout
    (weights.parent / "a.json").unlink()
    converted = invoke("convert", weights.parent, tmp_path / "out")
    assert converted.exit_code == 0
    assert activation(tmp_path / "out" / "w.weights") == "tanh"


@pytest.mark.parametrize("name", ["digits.model", "x.zip", "m.hdf", "m", "m.keras", "m.tmp"])
def test_a_file_is_judged_by_its_content(
    invoke: Invoke, models: Path, tmp_path: Path, name: str
) -> None:
    shutil.copy(SAMPLES / "iris.h5", models / name)
    assert invoke("check", models / name).exit_code == 0
    assert invoke("convert", models / name, tmp_path / "out").exit_code == 0


def test_what_is_no_model_is_called_by_its_name(invoke: Invoke, models: Path) -> None:
    (models / "m.tflite").write_bytes(b"\0\0\0\0TFL3")
    result = invoke("check", models / "m.tflite")
    assert result.exit_code == 1
    assert "is a TensorFlow Lite model" in result.stdout
