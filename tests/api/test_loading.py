"""The way back to a Keras model in memory."""

from __future__ import annotations

import io
import json
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tfjs_serve.tensorflowjs as tfjs
from tfjs_serve import (
    TfjsServeError,
    deserialize_keras_model,
    load_keras_model,
    save_keras_model,
)
from tfjs_serve.api.staging import as_buffers, read_document, stage_buffers, stage_files
from tfjs_serve.live_models.frameworks import loaded_keras

keras = pytest.importorskip("keras")

GIVEN = np.asarray([[0.5, -1.0], [2.0, 0.25]], "float32")


def predicted(model: Any) -> Any:
    return np.asarray(model(GIVEN))


@pytest.fixture
def saved(model: Any, tmp_path: Path) -> Path:
    """A folder with a TensorFlow.js model whose weights are in two files."""
    model.layers[0].bias.assign([1.0, 2.0, 3.0])
    save_keras_model(model, tmp_path / "saved", weight_shard_size_bytes=24)
    return tmp_path / "saved"


def document(folder: Path) -> Any:
    return json.loads((folder / "model.json").read_bytes())


def weights(folder: Path) -> list[bytes]:
    paths = document(folder)["weightsManifest"][0]["paths"]
    assert len(paths) == 2
    return [(folder / path).read_bytes() for path in paths]


def elsewhere(folder: Path) -> tuple[Path, Path]:
    """Move the document away from its weights, to another name."""
    path = shutil.move(folder / "model.json", folder.parent / "other.json")
    return path, folder


WAYS: dict[str, Callable[[Path], Any]] = {
    "document": lambda folder: load_keras_model(folder / "model.json"),
    "folder": lambda folder: load_keras_model(str(folder)),
    "official name": lambda folder: tfjs.converters.load_keras_model(f"{folder}/model.json"),
    "prefix": lambda folder: load_keras_model(*elsewhere(folder)),
    "buffers": lambda folder: load_keras_model(folder, None, weights(folder)),
    "one buffer": lambda folder: load_keras_model(
        folder, weights_data_buffers=b"".join(weights(folder))
    ),
    "generator": lambda folder: load_keras_model(
        folder, weights_data_buffers=(one for one in weights(folder))
    ),
    "arrays": lambda folder: load_keras_model(
        folder, weights_data_buffers=[np.frombuffer(one, "f4") for one in weights(folder)]
    ),
    "content and prefix": lambda folder: load_keras_model(
        (folder / "model.json").read_text(), weights_path_prefix=folder
    ),
    "content and buffers": lambda folder: load_keras_model(
        document(folder), weights_data_buffers=weights(folder)
    ),
    "dictionary": lambda folder: deserialize_keras_model(document(folder), weights(folder)),
    "text": lambda folder: deserialize_keras_model(
        (folder / "model.json").read_text(), list(map(bytearray, weights(folder)))
    ),
    "files": lambda folder: deserialize_keras_model(
        io.BytesIO((folder / "model.json").read_bytes()), list(map(io.BytesIO, weights(folder)))
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_model_predicts_what_it_did(way: str, model: Any, saved: Path) -> None:
    loaded = WAYS[way](saved)
    np.testing.assert_array_equal(predicted(loaded), predicted(model))
    assert loaded.name == "small"
    assert [layer.name for layer in loaded.layers] == ["d"]


def test_the_model_is_compiled_as_it_was(saved: Path) -> None:
    loaded = load_keras_model(saved)
    assert type(loaded.optimizer).__name__ == "SGD"
    assert loaded.optimizer.momentum == 0.5
    assert loaded.loss == "mean_squared_error"


async def test_a_cell_of_a_notebook_may_call_it(model: Any, saved: Path) -> None:
    np.testing.assert_array_equal(predicted(load_keras_model(saved)), predicted(model))


@pytest.mark.parametrize(
    "load",
    [
        lambda folder: load_keras_model(folder, load_weights=False),
        lambda folder: deserialize_keras_model(document(folder)),
    ],
)
def test_without_weights_the_model_is_new(
    load: Callable[[Path], Any], model: Any, saved: Path
) -> None:
    loaded = load(saved)
    kernel, bias = loaded.get_weights()
    assert kernel.any()
    assert not bias.any()
    assert [layer.name for layer in loaded.layers] == ["d"]


def test_weights_need_not_be_there_if_they_are_not_wanted(saved: Path) -> None:
    for path in saved.glob("*.bin"):
        path.unlink()
    assert load_keras_model(saved, load_weights=False).name == "small"


def test_names_of_variables_are_those_of_one_model(saved: Path) -> None:
    models = [load_keras_model(saved, use_unique_name_scope=True) for _ in range(2)]
    names = [variable.path for model in models for variable in model.variables]
    assert len(set(names)) == len(names) == 4


def test_quantized_weights_are_floats_again(model: Any, tmp_path: Path) -> None:
    save_keras_model(model, tmp_path, {"float16": "*"})
    np.testing.assert_allclose(predicted(load_keras_model(tmp_path)), predicted(model), atol=1e-2)


def test_a_keras_has_to_be_imported_or_given(monkeypatch: pytest.MonkeyPatch, saved: Path) -> None:
    names = [name for name in sys.modules if name.partition(".")[0] == "keras"]
    for name in names:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(TfjsServeError, match="no Keras has been imported") as caught:
        load_keras_model(saved)
    assert "import keras" in caught.value.hint


@pytest.mark.parametrize(
    ("imported", "found"),
    [
        (("keras",), "keras"),
        (("tf_keras",), "tf_keras"),
        (("keras", "tf_keras"), "tf_keras"),
        (("tensorflow",), "of tensorflow"),
        (("keras", "tensorflow"), "keras"),
    ],
)
def test_the_keras_is_the_one_that_is_imported(
    imported: tuple[str, ...], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("keras", "tf_keras", "tensorflow"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in imported:
        module: Any = ModuleType(name)
        module.keras = ModuleType("of tensorflow")
        monkeypatch.setitem(sys.modules, name, module)
    assert loaded_keras().__name__ == found


def test_weights_at_two_places_are_refused(saved: Path) -> None:
    with pytest.raises(TfjsServeError, match="both say where the weights are"):
        load_keras_model(saved, saved, [b""])


def test_content_without_weights_is_refused(saved: Path) -> None:
    with pytest.raises(TfjsServeError, match="in which folder its weights are"):
        load_keras_model(document(saved))
    assert load_keras_model(document(saved), load_weights=False).count_params() == 9


def test_a_topology_alone_is_no_document(saved: Path) -> None:
    with pytest.raises(TfjsServeError, match="no modelTopology"):
        deserialize_keras_model(document(saved)["modelTopology"])


def test_what_is_no_document_is_named(tmp_path: Path) -> None:
    with pytest.raises(TfjsServeError, match="cannot be read"):
        load_keras_model(tmp_path / "nothing.json")
    for text, told in (("{", "not valid JSON"), ("[]", "no modelTopology")):
        with pytest.raises(TfjsServeError, match=told):
            read_document(text)
        (tmp_path / "other.json").write_text(text)
        with pytest.raises(TfjsServeError, match=told):
            load_keras_model(tmp_path / "other.json")


KERNEL = {"name": "kernel", "shape": [2], "dtype": "float32"}


def staged(manifest: Any, **options: Any) -> Any:
    folder = options["folder"]
    folder.mkdir()
    given = {"modelTopology": {}, **({} if manifest is None else {"weightsManifest": manifest})}
    stage = stage_buffers if "buffers" in options else stage_files
    stage(given, **options)
    return document(folder)


def test_buffers_become_one_file_whatever_the_groups(tmp_path: Path) -> None:
    other = {"name": "bias", "shape": [1], "dtype": "int32"}
    groups = [{"paths": ["a", "b"], "weights": [KERNEL]}, {"paths": ["c"], "weights": [other]}]
    made = staged(groups, buffers=[b"12345", b"678", b"9abc"], folder=tmp_path / "s")
    assert made["weightsManifest"] == [{"paths": ["weights.bin"], "weights": [KERNEL, other]}]
    assert (tmp_path / "s" / "weights.bin").read_bytes() == b"123456789abc"


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        (None, "no weightsManifest"),
        ({}, "not a list"),
        ([{"paths": ["../w"], "weights": [KERNEL]}], "lie outside of the folder"),
        ([{"paths": ["/w"], "weights": [KERNEL]}], "lie outside of the folder"),
        ([{"paths": ["w"], "weights": [KERNEL]}], "cannot be read"),
    ],
)
def test_files_that_are_not_there_are_named(manifest: Any, told: str, tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    with pytest.raises(TfjsServeError, match=told):
        staged(manifest, prefix=tmp_path / "w", folder=tmp_path / "s")


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ([KERNEL], "have 4 bytes, and the manifest describes 8"),
        ([{**KERNEL, "dtype": "string"}], "hold texts"),
        ([{**KERNEL, "shape": [-1]}], "no valid shape"),
    ],
)
def test_buffers_that_do_not_fit_are_named(weights: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(TfjsServeError, match=told):
        staged([{"paths": [], "weights": weights}], buffers=[b"1234"], folder=tmp_path / "s")


def test_buffers_are_bytes_or_files() -> None:
    assert as_buffers((b"1", io.BytesIO(b"2"), memoryview(b"3"))) == [b"1", b"2", b"3"]
    with pytest.raises(TfjsServeError, match="given as int"):
        as_buffers([3])


def test_no_warning_is_left_over(saved: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "__array__ implementation")
        load_keras_model(saved)
