"""JSON files beside weights: architectures, and what is none."""

from __future__ import annotations

import json
import os
from pathlib import Path

import h5py
import pytest

from tests.keras_forms import architecture, write_json, write_weights
from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files import open_model
from tfjs_serve.keras_files.architectures import read_architecture
from tfjs_serve.keras_files.limits import MAXIMUM_TEXT_BYTES


@pytest.mark.parametrize(
    ("version", "generation"), [("1.2.2", 1), ("2.13.1", 2), ("3.15.1", 3), ("", 3)]
)
def test_an_architecture_says_who_wrote_it(tmp_path: Path, version: str, generation: int) -> None:
    written = {**architecture(), **({"keras_version": version} if version else {})}
    (tmp_path / "a.json").write_text("\ufeff" + json.dumps(written), encoding="utf-8")
    found = read_architecture(tmp_path / "a.json")
    assert (found.problem, found.keras_version, found.generation) == ("", version, generation)
    assert found.config["class_name"] == "Sequential"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("in_a_string", [False, True])
def test_the_content_decides_how_it_is_written(
    tmp_path: Path, encoding: str, in_a_string: bool
) -> None:
    text = json.dumps(architecture())
    text = json.dumps(text) if in_a_string else text
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    found = read_architecture(tmp_path / "a.txt")
    assert (found.problem, found.config) == ("", architecture())


@pytest.mark.parametrize("version", [1, 3])
def test_a_configuration_lacks_its_class(tmp_path: Path, version: int) -> None:
    config = architecture()["config"]
    write_json(tmp_path / "a.json", config["layers"] if version == 1 else config)
    problem = "is the result of get_config(), which lacks the class; save model.to_json()"
    assert read_architecture(tmp_path / "a.json").problem == problem


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is JSON, but no architecture of Keras"),
        (b'{"class_name": 3}', "is JSON, but no architecture of Keras"),
        (b'{"modelTopology": {}}', "is a model.json of TensorFlow.js"),
        (b'{"format": "graph-model", "weightsManifest": []}', "is a model.json of TensorFlow.js"),
        (b'{"metadata": {}, "weight_map": {}}', "lists the files of weights"),
        (b'{"class_name": "Model", "keras_version": "9.0"}', "written by Keras 9.0"),
    ],
)
def test_what_is_no_architecture_is_told(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "a.json").write_bytes(content)
    assert problem in read_architecture(tmp_path / "a.json").problem


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").touch()
    os.truncate(tmp_path / "a.json", MAXIMUM_TEXT_BYTES + 1)
    assert read_architecture(tmp_path / "a.json").problem == "is larger than any architecture"
    assert read_architecture(tmp_path / "gone.json").problem.startswith("cannot be read")


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (architecture(), "is an architecture of Keras without its weights"),
        ({"modelTopology": {}}, "is a model.json of TensorFlow.js"),
        ({"a": 1}, "is JSON text, not a Keras model file"),
    ],
)
def test_json_in_the_place_of_a_model_is_called_what_it_is(
    tmp_path: Path, document: object, told: str
) -> None:
    write_json(tmp_path / "m.h5", document)
    with (
        pytest.raises(KerasFileError, match=told),
        open_model(tmp_path / "m.h5", display_name="m.h5"),
    ):
        pass


def test_weights_name_their_candidates(tmp_path: Path) -> None:
    write_weights(tmp_path / "w.h5", 1.0)
    write_json(tmp_path / "a.json", architecture())
    (tmp_path / "b.json").write_text("no")
    beside = [tmp_path / "a.json", tmp_path / "b.json"]
    with open_model(tmp_path / "w.h5", display_name="w.h5", beside=beside) as model:
        assert [one.file_name for one in model.architectures] == ["a.json", "b.json"]
        assert not model.config
    with open_model(tmp_path / "w.h5", display_name="w.h5") as model:
        assert not (model.config or model.architectures)


def test_variables_that_are_there_twice_are_refused(tmp_path: Path) -> None:
    write_weights(tmp_path / "w.h5", 1.0)
    with h5py.File(tmp_path / "w.h5", "r+") as file:
        file.copy("layers/dense", file.create_group("other"))
        file["layers\\dense"] = file["other/dense"]
    write_json(tmp_path / "a.json", architecture())
    with (
        pytest.raises(KerasFileError, match="twice"),
        open_model(tmp_path / "w.h5", display_name="w.h5", beside=[tmp_path / "a.json"]),
    ):
        pass


@pytest.mark.parametrize(
    ("listed", "problem"),
    [
        ({"a": ["../secret.h5"]}, "has no secret.h5 in it"),
        ({"a": "/etc/passwd"}, "has no passwd in it"),
        ([], "does not list the parts"),
        ({"a": 7}, "does not list the parts"),
    ],
)
def test_a_list_of_weights_leads_nowhere_else(tmp_path: Path, listed: object, problem: str) -> None:
    write_weights(tmp_path / "secret.h5", 1.0)
    write_json(tmp_path / "a.json", architecture())
    write_json(tmp_path / "w.weights.json", {"metadata": {}, "weight_map": listed})
    with (
        pytest.raises(KerasFileError, match=problem),
        open_model(tmp_path / "w.weights.json", display_name="w", beside=[tmp_path / "a.json"]),
    ):
        pass
