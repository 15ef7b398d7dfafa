"""``tfjs-serve check --run``: real models, in the real TensorFlow.js."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.proofs.samples import change_config, change_weight, with_proof
from tfjs_serve.cli.exit_codes import FAILURE_EXIT_CODE
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.facts.proof import ProofInfo
from tfjs_serve.keras import write_proof
from tfjs_serve.proving.model import Outcome, differences, fault
from tfjs_serve.proving.programs import chromium

from .conftest import Invoke

pytest.importorskip("keras")
TENSORFLOW = Path(__file__).parents[1] / "js"


@pytest.fixture
def in_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """There is no Chromium, and TensorFlow.js for Node is in the folder."""
    node = shutil.which("node")
    assert node is not None
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "node").symlink_to(node)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("CHROME", "")
    monkeypatch.chdir(TENSORFLOW)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
@pytest.mark.usefixtures("in_node")
def test_node_finds_what_is_right_and_what_was_tampered_with(invoke: Invoke, models: Path) -> None:
    with_proof("wine-two-inputs", models)
    weight = with_proof("digits", models)
    change_weight(weight, "dense", lambda kernel: kernel * 1.5)
    config = with_proof("iris", models)
    change_config(config, "hidden", activation="tanh")
    shutil.copytree(models, models / "deep", ignore=shutil.ignore_patterns("*.npz", "deep"))
    result = invoke("check", models, "--run", "--json")
    assert result.exit_code == FAILURE_EXIT_CODE
    found = {Path(one["path"]): one for one in json.loads(result.stdout)["models"]}
    by_name = {path.stem: one for path, one in found.items() if path.parent.name != "deep"}
    assert [one["runs"] for path, one in found.items() if path.parent.name == "deep"] == [[]] * 3
    right = by_name["wine-two-inputs"]
    assert right["error"] is None
    assert [(one["runner"], one["backend"]) for one in right["runs"]] == [
        ("Node", "cpu"),
        ("Node", "wasm"),
    ]
    assert all(one["largestDifference"] < 1e-6 for one in right["runs"])
    assert "dense/" in by_name["digits"]["error"]["message"]
    for name, layer in {"digits": "dense", "iris": "hidden"}.items():
        assert not by_name[name]["ok"]
        assert by_name[name]["error"]["code"] == "not-as-proven"
        assert [one["isRight"] for one in by_name[name]["runs"]] == [False, False]
        assert {one["firstLayer"] for one in by_name[name]["runs"]} == {layer}
        assert f"the first layer that differs is {layer}" in by_name[name]["error"]["message"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
@pytest.mark.usefixtures("in_node")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_fewer_digits_in_keras_are_no_fault_of_the_page(
    invoke: Invoke, models: Path, dtype: str
) -> None:
    import keras

    random = np.random.default_rng(0)
    layers = [keras.layers.Dense(16, activation="relu", dtype=dtype) for _ in range(3)]
    model = keras.Sequential([keras.Input((8,)), *layers])
    model.save(models / "mixed.keras")
    write_proof(model, random.normal(size=(8, 8)), models / "mixed.keras")
    result = invoke("check", models, "--run", "--json")
    (found,) = json.loads(result.stdout)["models"]
    assert found["error"] is None
    assert all(1e-4 < one["largestDifference"] < one["tolerance"] for one in found["runs"])


def test_chromium_runs_all_backends(
    invoke: Invoke, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chromium() is not None
    monkeypatch.chdir(TENSORFLOW)
    with_proof("sequences/brackets", models)
    result = invoke("check", models, "--run", "--json")
    (model,) = json.loads(result.stdout)["models"]
    runs = {one["backend"]: one for one in model["runs"]}
    assert list(runs) == ["cpu", "wasm", "webgl", "webgpu"]
    assert {one["runner"] for one in runs.values()} == {"Chromium"}
    wrong = runs.pop("webgpu")
    assert not wrong["isRight"]
    assert wrong["firstLayer"] == "gru"
    assert all(one["isRight"] for one in runs.values())
    # A note on the model says so, so it is well.
    assert result.exit_code == 0


def test_without_a_program_it_says_what_to_install(
    invoke: Invoke, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(TENSORFLOW.parents[1] / "sample_models/iris.h5", models)
    monkeypatch.setattr("tfjs_serve.proving.programs.chromium", lambda: None)
    monkeypatch.chdir(tmp_path)
    result = invoke("check", models, "--run")
    assert result.exit_code == FAILURE_EXIT_CODE
    assert "--run needs Chromium, or Node.js with TensorFlow.js" in result.output
    assert "npm install @tensorflow/tfjs @tensorflow/tfjs-backend-wasm" in result.output


def outcome(backend: str, largest: float, first: str = "") -> Outcome:
    return Outcome(runner="Node", backend=backend, largest=largest, tolerance=1e-4, first=first)


PROVEN = ModelFacts(proof=ProofInfo(examples=1, layers=1, made_with="Keras"))
NOTE = "gru (GRU): wrong on the webgpu backend of TensorFlow.js 4.22: its mask is."


def test_what_is_wrong_is_told_unless_a_note_names_the_backend() -> None:
    outcomes = [outcome("cpu", 1e-7), outcome("webgpu", 0.5, "gru")]
    assert fault(PROVEN, outcomes, [NOTE]) is None
    error = fault(PROVEN, outcomes, [])
    assert error is not None
    assert error.message.endswith("proof: wrong on webgpu; the first layer that differs is gru")
    assert differences(outcomes).endswith("in Node: cpu 1e-07, webgpu 5e-01 (allowed: 1e-04)")
    assert fault(PROVEN, [outcome("cpu", float("nan"))], []) is not None


def test_a_proof_of_other_weights_is_a_fault_whatever_is_predicted() -> None:
    proof = ProofInfo(examples=1, layers=1, made_with="Keras", changed=("a/b",), changed_count=1)
    error = fault(ModelFacts(proof=proof), [outcome("cpu", 0.0)], [])
    assert error is not None
    assert error.message.endswith("other weights than it has: a/b")
    several = replace(proof, changed_count=4)
    error = fault(ModelFacts(proof=several), [outcome("cpu", 0.5)], [])
    assert error is not None
    assert error.message.endswith("other weights than it has: a/b and 3 more; wrong on cpu")
