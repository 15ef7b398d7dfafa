"""What looks like a model and is none: named, with what to do."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.catalog.explicit import entry_for_path
from tfjs_serve.catalog.others import MOST_IN_FOLDER, MOST_LOOKED_INTO, other_called, others_among
from tfjs_serve.catalog.scan import scan
from tfjs_serve.errors import KerasFileError, ModelNotFoundError, TfjsFolderError


def save(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def said(folder: Path) -> dict[str, str]:
    return {other.path: f"{other.message}; {other.hint}" for other in scan(folder).others}


@pytest.mark.parametrize(
    ("name", "what", "todo"),
    [
        ("a/face.tflite", "TensorFlow Lite", "model.save('face.keras')"),
        ("frozen.PB", "TensorFlow graph", "tensorflowjs_converter"),
        ("net.onnx", "ONNX", "onnxruntime-web"),
        ("net.pt", "PyTorch", "Keras"),
        ("net.pth", "PyTorch", "Keras"),
        ("net.safetensors", "weights without an architecture", "model.save('net.keras')"),
        ("clf.pkl", "pickle", "model.save('clf.keras')"),
        ("clf.joblib", "pickle", "model.save('clf.keras')"),
        ("all.zip", "archive", "unpack"),
        ("cnn.h5.gz", "archive", "unpack"),
        ("old.ckpt", "checkpoint", "model.save('old.keras')"),
        ("net.lite", "TensorFlow Lite", "model.save('net.keras')"),
        ("pose.task", "MediaPipe", "model.save('pose.keras')"),
        ("net.npz", "arrays of NumPy", "model.save('net.keras')"),
        ("net.npy", "array of NumPy", "model.save('net.keras')"),
        ("net.msgpack", "Flax", "build it in Keras"),
        ("net.params", "MXNet", "build it in Keras"),
        ("net.pdparams", "PaddlePaddle", "build it in Keras"),
        ("net.engine", "TensorRT", "model.save('net.keras')"),
        ("net.pte", "PyTorch", "Keras"),
        ("net.ort", "ONNX", "onnxruntime-web"),
        ("clf.sav", "pickle", "model.save('clf.keras')"),
        ("net.mlpackage/Manifest.json", "Core ML", "model.save('net.keras')"),
    ],
)
def test_each_kind_is_named_with_what_to_do(
    tmp_path: Path, name: str, what: str, todo: str
) -> None:
    save(tmp_path, name)
    (words,) = said(tmp_path).values()
    assert what in words
    assert todo in words


@pytest.mark.parametrize("name", ["digits.model", "m.HDF", "net.h5py", "without"])
def test_hdf5_under_another_name_is_to_be_renamed(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    (words,) = said(tmp_path).values()
    assert "HDF5 file under another name" in words
    assert f"rename it to {name.partition('.')[0]}.h5" in words
    (tmp_path / name).write_bytes(b"some text")
    assert said(tmp_path) == {}


@pytest.mark.parametrize("first", ["metadata.json", "config.json"])
def test_an_archive_of_keras_under_another_name_is_to_be_renamed(
    tmp_path: Path, first: str
) -> None:
    with zipfile.ZipFile(tmp_path / "digits", "w") as archive:
        archive.writestr(first, "{}")
    with zipfile.ZipFile(tmp_path / "other", "w") as archive:
        archive.writestr("data.csv", "")
    assert said(tmp_path) == {
        "digits": "a .keras file under another name; rename it to digits.keras"
    }


@pytest.mark.parametrize("start", ["backend: tensorflow\nclass_name: Model", "class_name: Model\n"])
def test_yaml_is_judged_by_its_content(tmp_path: Path, start: str) -> None:
    (tmp_path / "net.yaml").write_text(start)
    (tmp_path / "compose.yml").write_text("services:\n  web:\n")
    assert list(said(tmp_path)) == ["net.yaml"]
    assert "model.save('net.h5')" in said(tmp_path)["net.yaml"]


def test_a_crowd_of_unclear_files_is_not_looked_into(tmp_path: Path) -> None:
    for number in range(MOST_LOOKED_INTO + 1):
        (tmp_path / f"{number}").write_bytes(b"\x89HDF\r\n\x1a\n")
    assert said(tmp_path) == {}


def test_a_saved_model_is_one_thing_with_the_line_that_mends_it(tmp_path: Path) -> None:
    save(
        tmp_path / "face",
        *("saved_model.pb", "keras_metadata.pb", "fingerprint.pb", "assets/words.txt"),
        *("variables/variables.index", "variables/variables.data-00000-of-00001"),
    )
    (path, words) = next(iter(said(tmp_path).items()))
    assert len(said(tmp_path)) == 1
    assert path == "face/"
    assert "a TensorFlow SavedModel" in words
    assert "import tf_keras; tf_keras.models.load_model('face').save('face.h5')" in words
    with pytest.raises(KerasFileError, match="'face/' is a TensorFlow SavedModel") as caught:
        entry_for_path(tmp_path / "face")
    place = (tmp_path / "face").as_posix()
    assert f"load_model({place!r}).save('{place}.h5')" in caught.value.hint


def test_the_line_for_a_saved_model_has_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "versions" / "1", "saved_model.pb", "keras_metadata.pb")
    line = "load_model('versions/1').save('versions/1.h5')"
    assert line in said(tmp_path)["versions/1/"]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KerasFileError, match="'1/' is a TensorFlow SavedModel") as caught:
        entry_for_path(Path("versions/1"))
    assert line in caught.value.hint
    assert "load_model('.').save('model.h5')" in said(tmp_path / "versions" / "1")["./"]


def test_an_export_has_no_layers_that_could_be_saved(tmp_path: Path) -> None:
    save(tmp_path / "face", "saved_model.pb", "fingerprint.pb")
    (words,) = said(tmp_path).values()
    assert "exported from: model.save('face.keras')" in words


def test_a_checkpoint_is_one_thing(tmp_path: Path) -> None:
    save(tmp_path, "checkpoint", "cp.ckpt.index", *(f"cp.ckpt.data-0000{n}-of-00002" for n in "01"))
    assert list(said(tmp_path)) == ["cp.ckpt"]


def test_a_checkpoint_of_orbax_is_named_with_the_line_that_mends_it(tmp_path: Path) -> None:
    save(tmp_path / "runs" / "ckpt" / "1", "_CHECKPOINT_METADATA", "pytree/manifest.ocdbt")
    (path, words) = next(iter(said(tmp_path).items()))
    assert path == "runs/ckpt/1/"
    assert "a checkpoint of Orbax" in words
    assert "keras.saving.load_model('runs/ckpt').save('runs/ckpt.keras')" in words
    (words,) = said(tmp_path / "runs" / "ckpt" / "1").values()
    assert "keras.saving.load_model('.').save('model.keras')" in words


def test_a_damaged_document_is_told_to_whoever_asks_for_it(tmp_path: Path) -> None:
    save(tmp_path, "web/model.json", "web/weights.bin")
    assert list(said(tmp_path)) == ["web/model.json"]
    with pytest.raises(TfjsFolderError, match="not valid JSON"):
        entry_for_path(tmp_path / "web")
    other = other_called("web", scan(tmp_path).others)
    assert other is not None
    assert other.message == "a model.json that is not valid JSON"


def test_the_whole_name_counts_before_that_without_its_ending(tmp_path: Path) -> None:
    save(tmp_path, "face.h5/saved_model.pb", "face/saved_model.pb", "dl/a.json", "dl/a.weights.bin")
    others = scan(tmp_path).others
    asked = {"face": "face/", "face.h5": "face.h5/", "dl/a": "dl/a.json"}
    asked["dl/a.weights.bin"] = "dl/a.json"
    found = {name: other_called(name, others) for name in asked}
    assert {name: other.path for name, other in found.items() if other} == asked
    assert other_called("dl/b.weights.bin", others) is None


def test_weights_of_tensorflowjs_without_their_document(tmp_path: Path) -> None:
    save(tmp_path, "web/group1-shard1of2.bin", "web/group1-shard2of2.bin")
    (words,) = said(tmp_path).values()
    assert "without its model.json" in words


def test_a_download_of_tensorflowjs_is_a_model_json_by_another_name(tmp_path: Path) -> None:
    save(tmp_path, "dl/a.json", "dl/a.weights.bin", "dl/b.json", "dl/b.weights.bin")
    found = said(tmp_path)
    assert list(found) == ["dl/a.json", "dl/b.json"]
    assert "the model.json of a TensorFlow.js model under another name" in found["dl/a.json"]
    assert "a.weights.bin, into a folder of its own, as a/model.json" in found["dl/a.json"]
    save(tmp_path, "dl/c.weights.bin")
    assert "without its model.json" in said(tmp_path)["dl/c.weights.bin"]


def test_what_belongs_to_a_model_or_to_nobody_is_not_listed(tmp_path: Path) -> None:
    save(tmp_path, "iris.h5", "iris.keras", "plot.png", "log.txt", ".hidden.zip", "~temp.pkl")
    save(tmp_path, "web/weights.bin")
    (tmp_path / "web" / "model.json").write_text('{"format": "graph-model", "modelTopology": {}}')
    assert said(tmp_path) == {}


def test_links_are_not_listed(tmp_path: Path) -> None:
    save(tmp_path, "elsewhere/face.tflite")
    models = tmp_path / "models"
    models.mkdir()
    try:
        (models / "linked.tflite").symlink_to(tmp_path / "elsewhere" / "face.tflite")
    except OSError:
        pytest.skip("no symbolic links here")
    assert said(models) == {}


def test_a_data_set_is_not_listed_file_by_file() -> None:
    found = others_among("data", [f"{number}.zip" for number in range(10_000)])
    assert len(found) == MOST_IN_FOLDER + 1
    assert found[-1].path == "data/"
    assert f"{10_000 - MOST_IN_FOLDER} more" in found[-1].message


def test_an_explicit_path_says_what_it_is(tmp_path: Path) -> None:
    save(tmp_path, "face.tflite")
    with pytest.raises(KerasFileError, match=r"'face\.tflite' is a TensorFlow Lite model"):
        entry_for_path(tmp_path / "face.tflite")


@pytest.mark.parametrize("name", ["face", "face.tflite"])
async def test_who_asks_for_one_is_told_what_it_is(tmp_path: Path, name: str) -> None:
    save(tmp_path, "face.tflite")
    catalog = Catalog(tmp_path)
    await catalog.scan()
    with pytest.raises(ModelNotFoundError, match=r"'face\.tflite' is no model") as caught:
        await catalog.lookup(name)
    assert "model.save('face.keras')" in caught.value.hint


async def test_a_list_that_is_kept_follows_changes_and_tells_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = Catalog(tmp_path)
    await catalog.scan()
    assert catalog.others == ()
    save(tmp_path, "face.tflite")
    await catalog.refresh()
    assert [other.path for other in catalog.others] == ["face.tflite"]
    save(tmp_path, "new.onnx")
    await catalog.refresh()
    assert [record.getMessage().partition(";")[0] for record in caplog.records] == [
        "face.tflite is no model: it is a TensorFlow Lite model, which TensorFlow.js cannot read",
        "new.onnx is no model: it is an ONNX model",
    ]
    (tmp_path / "new.onnx").unlink()
    (tmp_path / "face.tflite").unlink()
    await catalog.refresh()
    assert catalog.others == ()
