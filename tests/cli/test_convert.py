from __future__ import annotations

import errno
import hashlib
import json
import shutil
import stat

import pytest

from tests.stack.whole import Folder, regularize
from tfjs_serve.artifacts.model import Artifact, ArtifactFile, ArtifactKey
from tfjs_serve.cli import export as export_module
from tfjs_serve.cli.export import ExportError, export

from .conftest import SAMPLES


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
    assert shards <= {path.name for path in folder.iterdir()}
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


def test_a_tfjs_folder_is_converted_too(convert, tmp_path):
    result = convert(SAMPLES / "breast-cancer-tfjs" / "model.json", tmp_path / "out")
    assert result.exit_code == 0
    assert len(loadable_files(tmp_path / "out")) == 1


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
    assert "was not converted" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture
def artifact(tmp_path):
    """An artifact of two shards, with compressed forms."""
    folder = tmp_path / "artifact"
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
    return Artifact(key=ArtifactKey(digest="0" * 64), directory=folder, files=files)


def test_what_is_exported_is_told(artifact, tmp_path):
    exported = export(artifact, tmp_path / "out")
    assert (exported.shards, exported.folder) == (2, tmp_path / "out")
    assert exported.size_bytes == 3 + len((tmp_path / "out" / "model.json").read_bytes())
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"a.bin", "b.bin", "model.json"}


@pytest.mark.parametrize("target_exists", [False, True])
@pytest.mark.parametrize("failing_copy", [0, 1, 2])
def test_a_copy_that_fails_changes_nothing(
    artifact, tmp_path, monkeypatch, target_exists, failing_copy
):
    out = tmp_path / "out"
    if target_exists:
        out.mkdir()
        (out / "model.json").write_text("old")
    copies = []
    real = shutil.copyfile

    def failing(source, target):
        copies.append(target)
        if len(copies) > failing_copy:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(source, target)

    monkeypatch.setattr(export_module.shutil, "copyfile", failing)
    with pytest.raises(ExportError, match="No space left"):
        export(artifact, out)
    assert len(copies) == failing_copy + 1
    assert {path.name for path in tmp_path.iterdir()} == {"artifact", *(["out"] * target_exists)}
    if target_exists:
        assert [path.read_text() for path in out.iterdir()] == ["old"]


def test_model_json_is_replaced_last(artifact, tmp_path, monkeypatch):
    out = tmp_path / "out"
    out.mkdir()
    (out / "model.json").write_text("old")
    real = export_module.Path.replace
    moved = []

    def replace(self, target):
        moved.append(target.name)
        return real(self, target)

    monkeypatch.setattr(export_module.Path, "replace", replace)
    export(artifact, out)
    assert sorted(moved) == ["a.bin", "b.bin", "model.json"]
    assert moved[-1] == "model.json"
