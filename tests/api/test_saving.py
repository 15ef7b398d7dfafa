"""``save_keras_model``: what is in the folder, and what is said."""

from __future__ import annotations

import inspect
import json
import warnings
from pathlib import Path
from typing import Any

import pytest

import tfjs_serve
from tests.parity.node import NodeTf
from tfjs_serve import ConversionError, ConversionNote, TfjsServeError, save_keras_model

MIB = 1024 * 1024


def document(folder: Path) -> Any:
    return json.loads((folder / "model.json").read_text())


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_signature_begins_as_the_official_one() -> None:
    parameters = [
        (one.name, one.default)
        for one in inspect.signature(save_keras_model).parameters.values()
        if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    nothing = inspect.Parameter.empty
    assert parameters == [
        ("model", nothing),
        ("artifacts_dir", nothing),
        ("quantization_dtype_map", None),
        ("weight_shard_size_bytes", 4 * MIB),
        ("metadata", None),
    ]


def test_a_new_folder_has_model_json_and_weights(model: Any, tmp_path: Path) -> None:
    saved = save_keras_model(model, str(tmp_path / "a" / "b"), metadata={"labels": ["x", "y", "z"]})
    assert saved.folder == tmp_path / "a" / "b"
    written = document(saved.folder)
    (shard,) = written["weightsManifest"][0]["paths"]
    assert names(saved.folder) == {"model.json", shard}
    assert written["userDefinedMetadata"]["labels"] == ["x", "y", "z"]
    assert written["trainingConfig"]["loss"] == "mean_squared_error"
    weights = [one["name"] for one in written["weightsManifest"][0]["weights"]]
    assert weights == ["d/kernel", "d/bias"]


def test_other_files_stay_and_an_earlier_model_is_replaced(model: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    save_keras_model(model, tmp_path)
    model.layers[0].bias.assign([1.0, 2.0, 3.0])
    save_keras_model(model, tmp_path)
    (shard,) = document(tmp_path)["weightsManifest"][0]["paths"]
    assert (tmp_path / shard).read_bytes().endswith(bytes.fromhex("0000803f0000004000004040"))
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_options_decide_how_weights_are_stored(model: Any, tmp_path: Path) -> None:
    save_keras_model(
        model, tmp_path, {"uint8": "*/kernel", "float16": True}, 8, shard_names="official"
    )
    group = document(tmp_path)["weightsManifest"][0]
    stored = {one["name"]: one["quantization"]["dtype"] for one in group["weights"]}
    assert stored == {"d/kernel": "uint8", "d/bias": "float16"}
    assert group["paths"] == ["group1-shard1of2.bin", "group1-shard2of2.bin"]
    assert all((tmp_path / path).stat().st_size <= 8 for path in group["paths"])


def test_training_is_left_out_or_written_whole(model: Any, tmp_path: Path) -> None:
    save_keras_model(model, tmp_path / "none", training=False)
    assert "trainingConfig" not in document(tmp_path / "none")
    with pytest.warns(ConversionNote, match=r"a page has to load training\.js"):
        saved = save_keras_model(model, tmp_path / "full", training=True)
    assert saved.trains_with_script
    settings = document(tmp_path / "full")["trainingConfig"]["keras"]
    assert settings["optimizer"]["config"]["momentum"] == 0.5
    assert {"training.js", "training.mjs"} <= names(tmp_path / "full")


def test_notes_are_warnings_at_the_line_of_the_caller(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    gru = keras.Sequential([keras.Input((3, 2)), keras.layers.GRU(2)])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ConversionNote)
        saved = save_keras_model(gru, tmp_path)
    (one,) = [warning for warning in told if warning.category is ConversionNote]
    assert "layers.js" in str(one.message)
    assert one.filename == __file__
    assert saved.needs_layers
    assert {"layers.js", "layers.mjs"} <= names(tmp_path)


def test_a_page_predicts_what_the_model_predicts(
    model: Any, tmp_path: Path, node_tf: NodeTf
) -> None:
    import numpy as np

    from tests.parity.folder_server import serving
    from tests.parity.harness import compare

    model.layers[0].bias.assign([1.0, 2.0, 3.0])
    save_keras_model(model, tmp_path / "m")
    given = np.asarray([[0.5, -1.0]], "float32")
    with serving(tmp_path) as url:
        page = node_tf.predict(f"{url}/m/model.json", [given])
    compare([np.asarray(model(given))], page.outputs)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"weight_shard_size_bytes": 0}, "a shard size of 0 bytes"),
        ({"weight_shard_size_bytes": 4e6}, "weight_shard_size_bytes is 4000000.0"),
        ({"weight_shard_size_bytes": True}, "weight_shard_size_bytes is True"),
        ({"metadata": "text"}, "metadata cannot be written as JSON"),
        ({"quantization_dtype_map": {"int8": "*"}}, "quantized to 'int8'"),
        ({"quantization_dtype_map": {"uint8": True, "uint16": True}}, "both for all weights"),
        ({"quantization_dtype_map": {"uint8": True}, "training": True}, "as they are"),
        ({"shard_names": "short"}, "shard_names is 'short'"),
        ({"metadata": {"a": {1, 2}}}, "metadata cannot be written as JSON"),
        ({"metadata": {"a": float("nan")}}, "metadata cannot be written as JSON"),
    ],
)
def test_arguments_that_make_no_sense_are_named(
    model: Any, tmp_path: Path, arguments: dict[str, Any], told: str
) -> None:
    with pytest.raises(TfjsServeError, match=told) as caught:
        save_keras_model(model, tmp_path / "out", **arguments)
    assert caught.value.hint
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_place_of_the_folder_stays(model: Any, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(TfjsServeError, match="is not a folder"):
        save_keras_model(model, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_model_that_cannot_be_converted_leaves_the_folder_as_it_was(
    model: Any, tmp_path: Path
) -> None:
    keras = pytest.importorskip("keras")
    save_keras_model(model, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    own = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x * 2)], name="own")
    with pytest.raises(ConversionError, match="the model 'own'") as caught:
        save_keras_model(own, tmp_path)
    assert [problem.class_name for problem in caught.value.problems] == ["Lambda"]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    # A program that does not catch it shows this, and no more.
    lines = str(caught.value).splitlines()
    assert lines[1].startswith("- own/")
    assert lines[-1] == f"hint: {caught.value.hint}"


def test_a_model_that_is_not_built_says_so(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    unbuilt = keras.Sequential([keras.layers.Dense(3)])
    with pytest.raises(tfjs_serve.TfjsServeError) as caught:
        save_keras_model(unbuilt, tmp_path / "out")
    assert "Input" in str(caught.value.to_json())
