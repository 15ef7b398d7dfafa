from __future__ import annotations

import errno
import hashlib
import json
import shutil
import signal
import stat
import sys
import time
from dataclasses import replace
from functools import partial

import h5py
import pytest

from tests.stack.whole import Folder, regularize
from tfjs_serve import training_script
from tfjs_serve.artifacts.model import ArtifactFile
from tfjs_serve.builder import Converted
from tfjs_serve.builder.scripts import write_script
from tfjs_serve.builder.workplace import Workplace
from tfjs_serve.companion import module, whole_script
from tfjs_serve.exporting import export as export_module
from tfjs_serve.exporting.export import put_in_place

from .conftest import DEADLINE_SECONDS, SAMPLES

PARTS = ("core",)


@pytest.fixture
def convert(invoke, tmp_path):
    """Convert with a cache that lies beside the model, as the default may."""

    def run(*arguments):
        return invoke("convert", *arguments, "--cache-dir", tmp_path / "cache")

    return run


def loadable_files(folder):
    """Return model.json's shards, having checked that they are what the manifest needs."""
    document = json.loads((folder / "model.json").read_text())
    shards = {path for group in document["weightsManifest"] for path in group["paths"]}
    assert all((folder / path).is_file() for path in shards)
    return shards


def test_a_model_is_converted_into_a_new_folder(convert, tmp_path):
    model = shutil.copy(SAMPLES / "iris.h5", tmp_path / "iris.h5")
    out = tmp_path / "deep" / "out"
    result = convert(model, out)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert f"{out}: model.json and 1 shard" in result.stdout
    assert "tf.loadLayersModel(" in result.stdout
    assert {path.name for path in out.iterdir()} == {"model.json", *loadable_files(out)}
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert stat.S_IMODE(out.stat().st_mode) == stat.S_IMODE(out.parent.stat().st_mode)


def test_notes_are_printed_also_when_it_was_converted_before(convert, tmp_path):
    Folder(tmp_path).save("iris.h5", edit=regularize)
    for out in ("a", "b"):
        result = convert(tmp_path / "iris.h5", tmp_path / out)
        (note,) = (line for line in result.stdout.splitlines() if line.startswith("note: "))
        assert "OrthogonalRegularizer is left out" in note


def test_options_change_what_is_written(convert, tmp_path):
    for out, options in (("a", []), ("b", ["--quantize", "uint8", "--shard-size", "4KiB"])):
        assert convert(SAMPLES / "digits.h5", tmp_path / out, *options).exit_code == 0
    plain, small = loadable_files(tmp_path / "a"), loadable_files(tmp_path / "b")
    assert len(small) > len(plain) == 1
    assert sum((tmp_path / "b" / name).stat().st_size for name in small) < 50_000
    assert "uint8" in (tmp_path / "b" / "model.json").read_text()


def _save_compiled(path):
    """Save a model of Keras as if it had made a step."""
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="d")])
    model.compile(keras.optimizers.SGD(0.5, momentum=0.5), "mse")
    model.optimizer.build(model.trainable_variables)
    model.save(path)
    return path


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_model_is_converted_with_what_there_is_to_train_on(convert, tmp_path):
    model = _save_compiled(tmp_path / "m.keras")
    documents = {}
    for out, options in (("none", ["--no-training"]), ("plain", []), ("full", ["--training"])):
        assert convert(model, tmp_path / out, *options).exit_code == 0
        documents[out] = json.loads((tmp_path / out / "model.json").read_text())
    assert "trainingConfig" not in documents["none"]
    assert documents["plain"]["trainingConfig"]["loss"] == "mean_squared_error"
    assert documents["full"]["trainingConfig"]["keras"]["optimizer"]["class_name"] == "SGD"
    groups = {
        out: [one.get("group") for one in document["weightsManifest"][0]["weights"]]
        for out, document in documents.items()
    }
    assert groups["none"] == groups["plain"] == [None, None]
    assert groups["full"] == [None, None, "optimizer", "optimizer", "optimizer"]


def test_what_cannot_be_trained_on_is_not_converted_for_that(convert, tmp_path):
    model = shutil.copy(SAMPLES / "iris.h5", tmp_path / "iris.h5")
    with h5py.File(model, "a") as file:
        del file.attrs["training_config"]
    result = convert(model, tmp_path / "out", "--training")
    assert result.exit_code == 1
    assert "saved without compile settings" in result.stderr
    assert not (tmp_path / "out").exists()
    for others in (["--quantize", "uint8"], ["--no-training"]):
        result = convert(SAMPLES / "iris.h5", tmp_path / "out", "--training", *others)
        assert result.exit_code == 2
        assert others[0] in result.stderr


def test_a_tfjs_folder_is_converted_too(convert, tmp_path):
    result = convert(SAMPLES / "breast-cancer-tfjs" / "model.json", tmp_path / "out")
    assert result.exit_code == 0
    assert len(loadable_files(tmp_path / "out")) == 1


def test_a_tfjs_folder_without_weights_is_converted_too(convert, tmp_path):
    document = json.loads((SAMPLES / "breast-cancer-tfjs" / "model.json").read_bytes())
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "model.json").write_text(json.dumps({**document, "weightsManifest": None}))
    result = convert(folder, tmp_path / "out")
    assert result.exit_code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["model.json"]


def test_an_empty_folder_is_filled_and_a_full_one_only_by_force(convert, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    assert convert(SAMPLES / "iris.h5", out).exit_code == 0
    (out / "notes.txt").write_text("mine")
    old = loadable_files(out)
    assert convert(SAMPLES / "digits.h5", out).exit_code == 2
    assert loadable_files(out) == old
    assert convert(SAMPLES / "digits.h5", out, "--force").exit_code == 0
    assert loadable_files(out) != old
    assert (out / "notes.txt").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"out", "cache"}


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM that a process can handle")
@pytest.mark.parametrize(
    ("number", "code", "of_sigint"),
    [
        ("SIGINT", 130, signal.default_int_handler),
        ("SIGTERM", 143, signal.default_int_handler),
        ("SIGTERM", 143, signal.SIG_IGN),
    ],
    ids=["Ctrl-C", "SIGTERM", "SIGTERM in the background"],
)
def test_a_conversion_that_is_ended_leaves_nothing(
    run, models, tmp_path, number, code, of_sigint, request
):
    # What this process ignores, the command does, too.
    request.addfinalizer(partial(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT)))
    signal.signal(signal.SIGINT, of_sigint)
    for copy in range(100):  # so many that it cannot be done before it is told to end
        shutil.copy(SAMPLES / "digits.h5", models / f"{copy}.h5")
    out = tmp_path / "out"
    command = run("convert", models, out)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not list(out.glob(".*")):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    command.process.send_signal(getattr(signal, number))
    assert command.wait() == code
    assert list(out.glob(".*")) == []


def test_a_model_that_cannot_be_converted_leaves_nothing(convert, tmp_path):
    bad = tmp_path / "bad.h5"
    bad.write_bytes(b"nonsense")
    result = convert(bad, tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert "bad.h5" in result.stderr
    assert "hint: " in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"bad.h5", "cache"}


def test_a_model_that_got_worse_is_not_converted_as_it_was_before(convert, tmp_path):
    model = tmp_path / "iris.h5"
    shutil.copy(SAMPLES / "iris.h5", model)
    assert convert(model, tmp_path / "before").exit_code == 0
    model.write_bytes(b"nonsense")
    result = convert(model, tmp_path / "out")
    assert result.exit_code == 1
    assert "iris.h5" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture
def converted(tmp_path):
    """A converted model of two shards, with compressed forms."""
    folder = tmp_path / "staged"
    folder.mkdir()
    manifest = [{"paths": ["b.bin"]}, {"paths": ["a.bin", "b.bin"]}]
    contents = {
        "a.bin": b"a",
        "b.bin": b"bb",
        "model.json": json.dumps({"weightsManifest": manifest}).encode(),
        "model.json.gz": b"gz",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    files = tuple(
        ArtifactFile(name=name, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        for name, data in contents.items()
    )
    return Converted(folder=folder, files=files, notes=())


def test_what_is_exported_is_told(converted, tmp_path):
    exported = put_in_place(converted, tmp_path / "out")
    assert (exported.shards, exported.folder) == (2, tmp_path / "out")
    assert exported.size_bytes == 3 + len((tmp_path / "out" / "model.json").read_bytes())
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"a.bin", "b.bin", "model.json"}


@pytest.mark.parametrize("target_exists", [False, True])
def test_a_disk_that_is_full_changes_nothing(tmp_path, monkeypatch, target_exists, invoke):
    out = tmp_path / "out"
    if target_exists:
        out.mkdir()
        (out / "model.json").write_text("old")

    def full(self):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Workplace, "prepare", full)
    arguments = (SAMPLES / "iris.h5", out, "--cache-dir", tmp_path / "cache", "--force")
    result = invoke("convert", *arguments)
    assert result.exit_code == 1
    assert "No space left" in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"cache", *(["out"] * target_exists)}
    if target_exists:
        assert [path.read_text() for path in out.iterdir()] == ["old"]


def test_weights_are_written_once_and_not_kept_in_the_cache(convert, tmp_path):
    assert convert(SAMPLES / "digits.h5", tmp_path / "out").exit_code == 0
    assert list((tmp_path / "cache" / "artifacts").iterdir()) == []


@pytest.fixture
def out(tmp_path):
    """A folder with a model that needs layers."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "model.json").write_text("old")
    (out / "layers.js").write_text(whole_script().text)
    (out / "layers.mjs").write_text(module("layers.js"))
    return out


@pytest.mark.parametrize("needs_layers", [False, True])
def test_model_json_is_replaced_last_and_then_old_layers_go(
    converted, out, monkeypatch, needs_layers
):
    if needs_layers:
        converted = replace(
            converted, files=(*converted.files, *write_script(converted.folder, PARTS))
        )
    real = export_module.Path.replace
    moved = []

    def note(self, target):
        moved.append(target.name)
        assert {"layers.js", "layers.mjs"} <= {path.name for path in out.iterdir()}
        return real(self, target)

    monkeypatch.setattr(export_module.Path, "replace", note)
    exported = put_in_place(converted, out)
    layers = ["layers.mjs", "layers.d.mts", "layers.js"] * needs_layers
    assert sorted(moved[:2]) == ["a.bin", "b.bin"]
    assert moved[2:] == [*layers, "model.json"]
    assert {path.name for path in out.iterdir()} == set(moved)
    assert (exported.shards, exported.needs_layers) == (2, needs_layers)


def test_layers_of_somebody_else_stay(converted, out):
    (out / "layers.js").write_text("const mine = 1;")
    (out / "layers.mjs").write_text("export const mine = 1;")
    put_in_place(converted, out)
    assert (out / "layers.js").read_text() == "const mine = 1;"
    assert (out / "layers.mjs").read_text() == "export const mine = 1;"


def test_what_is_to_be_trained_has_its_script_beside_it(invoke, tmp_path):
    out, cache = tmp_path / "out", tmp_path / "cache"
    arguments = ("convert", SAMPLES / "digits.h5", out, "--cache-dir", cache)
    told = invoke(*arguments, "--training").stdout
    assert "It trains with training.js beside it" in told
    assert (out / "training.js").read_text(encoding="utf-8") == training_script.whole_script().text
    assert {"training.mjs", "training.d.mts"} < {path.name for path in out.iterdir()}
    assert "training.js" not in invoke(*arguments, "--force").stdout
    assert not list(out.glob("training*"))


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_folder_keeps_the_files_that_libraries_ask_for(convert, tmp_path):
    folder = tmp_path / "cells"
    shutil.copytree(SAMPLES / "breast-cancer-tfjs", folder)
    metadata = '{"labels": ["benign", "malignant"]}'
    (folder / "metadata.json").write_text(metadata)
    (folder / "notes.txt").write_text("mine")
    out = tmp_path / "out"
    result = convert(folder, out)
    assert "1 shard" in result.stdout
    assert ", with metadata.json, weights.bin" in result.stdout
    (shard,) = loadable_files(out)
    written = contents(out)
    assert set(written) == {"model.json", "metadata.json", "weights.bin", shard}
    assert shard.endswith("/weights.bin")
    assert written["metadata.json"] == metadata.encode()
    assert written["weights.bin"] == written[shard] == (folder / "weights.bin").read_bytes()
    assert convert(out, tmp_path / "again").exit_code == 0
    assert contents(tmp_path / "again") == written
    assert convert(folder, out, "--force").exit_code == 0
    assert contents(out) == written


def test_weights_are_copied_where_a_file_cannot_have_two_names(convert, tmp_path, monkeypatch):
    def fail(self, target):
        raise OSError(errno.EPERM, "not here")

    monkeypatch.setattr("pathlib.Path.hardlink_to", fail)
    convert(SAMPLES / "breast-cancer-tfjs", tmp_path / "out")
    (shard,) = loadable_files(tmp_path / "out")
    copies = [(tmp_path / "out" / name).read_bytes() for name in (shard, "weights.bin")]
    assert copies == [(SAMPLES / "breast-cancer-tfjs" / "weights.bin").read_bytes()] * 2


def test_the_labels_beside_a_model_are_converted_with_it(convert, tmp_path):
    shutil.copy(SAMPLES / "iris.h5", tmp_path / "iris.h5")
    (tmp_path / "iris.labels.txt").write_text("setosa\nversicolor\nvirginica\n")
    (tmp_path / "facts.json").write_text('{"accuracy": 0.97}')
    out = tmp_path / "out"
    result = convert(tmp_path / "iris.h5", out, "--metadata", f"facts:{tmp_path}/facts.json")
    assert result.exit_code == 0
    shards = loadable_files(out)
    assert {path.name for path in out.iterdir()} == {"model.json", "labels.txt", *shards}
    assert (out / "labels.txt").read_bytes() == (tmp_path / "iris.labels.txt").read_bytes()
    metadata = json.loads((out / "model.json").read_bytes())["userDefinedMetadata"]
    assert metadata.pop("kerasModel")
    assert metadata == {
        "labels": ["setosa", "versicolor", "virginica"],
        "facts": {"accuracy": 0.97},
    }


def test_metadata_replaces_what_a_folder_has_under_that_name(convert, tmp_path):
    folder = tmp_path / "cells"
    shutil.copytree(SAMPLES / "breast-cancer-tfjs", folder)
    document = json.loads((folder / "model.json").read_bytes())
    document["userDefinedMetadata"] = {"labels": ["old"], "kept": 1}
    (folder / "model.json").write_text(json.dumps(document))
    (tmp_path / "labels.json").write_text('["benign"]')
    convert(folder, tmp_path / "out", "--metadata", f"labels:{tmp_path}/labels.json")
    metadata = json.loads((tmp_path / "out/model.json").read_bytes())["userDefinedMetadata"]
    assert metadata == {"labels": ["benign"], "kept": 1}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("facts.json", "is not like name:file.json"),
        (":facts.json", "is not like name:file.json"),
        ("facts:missing.json", "cannot be read"),
        ("facts:nan.json", "is not valid JSON"),
        ("facts:broken.json", "is not valid JSON"),
    ],
)
def test_metadata_that_is_no_json_is_refused(convert, tmp_path, monkeypatch, given, problem):
    (tmp_path / "nan.json").write_text("[NaN]")
    (tmp_path / "broken.json").write_text("{")
    monkeypatch.chdir(tmp_path)
    result = convert(SAMPLES / "iris.h5", tmp_path / "out", "--metadata", given)
    assert result.exit_code == 2
    assert problem in result.stderr
    assert not (tmp_path / "out").exists()


def test_metadata_is_for_one_model(convert, tmp_path):
    (tmp_path / "facts.json").write_text("{}")
    given = f"facts:{tmp_path}/facts.json"
    result = convert(SAMPLES, tmp_path / "out", "--metadata", given)
    assert result.exit_code == 2
    assert "--metadata is for one model" in result.stderr
