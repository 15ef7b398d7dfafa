"""``tfjs-serve check`` and ``convert`` of a folder: every model, every reason, one exit code."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import h5py
import pytest

from tfjs_serve.builder import Build, Builder
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.cli.checked import FORMATS, Checked
from tfjs_serve.cli.console import Terminal
from tfjs_serve.cli.exit_codes import FAILURE_EXIT_CODE, INTERRUPTED_EXIT_CODE, USAGE_EXIT_CODE
from tfjs_serve.errors import KerasFileError
from tfjs_serve.exporting import batch
from tfjs_serve.exporting.batch import build_newest
from tfjs_serve.settings import Variant
from tfjs_serve.worker.conversation import Conversation
from tfjs_serve.worker.protocol import Acceptance

from .conftest import SAMPLES, Invoke

check_module = import_module("tfjs_serve.cli.check")

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
SCALE_JS = "class Scale extends tf.layers.Layer { static className = 'my>Scale'; }\n"


def save_sequential(path: Path, *layers: dict[str, Any]) -> None:
    """Write a model without weights, as Keras 3 does."""
    given = {"class_name": "InputLayer", "config": {"batch_shape": [None, 3], "name": "given"}}
    config = {"name": "model", "layers": [given, *layers]}
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "3.15.0"
        file.attrs["backend"] = "jax"
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": config})
        weights = file.create_group("model_weights")
        names = [layer["config"]["name"] for layer in (given, *layers)]
        weights.attrs["layer_names"] = names
        for name in names:
            weights.create_group(name).attrs["weight_names"] = []


def layer(class_name: str, **config: Any) -> dict[str, Any]:
    return {
        "class_name": class_name,
        "config": {"name": class_name.lower().replace(">", "_"), "trainable": True, **config},
    }


@pytest.fixture
def folder(models: Path) -> Path:
    """One model that is well, one that needs layers.js, two that cannot be."""
    shutil.copy(SAMPLES / "iris.h5", models)
    (models / "deep").mkdir()
    save_sequential(models / "deep" / "waves.h5", layer("Activation", activation="exponential"))
    save_sequential(models / "own.h5", layer("my>Scale", some_factor=3.0), layer("Lambda"))
    (models / "pointer.h5").write_text(POINTER)
    return models


def test_check_tells_each_model_and_each_reason(invoke: Invoke, folder: Path) -> None:
    (folder / "face.tflite").write_bytes(b"TFL3")
    result = invoke("check", folder, "--cache-dir", folder.parent / "cache")
    assert result.exit_code == 1
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    shown = folder.as_posix()
    assert f"  ok       {shown}/deep/waves.h5  (with layers.js)" in lines
    assert f"  ok       {shown}/iris.h5" in lines
    assert any("model/my_scale (my>Scale)" in line and "--layers" in line for line in lines)
    assert any("model/lambda (Lambda)" in line for line in lines)
    assert f"  refused  {shown}/pointer.h5: is a Git LFS pointer, not the model itself" in lines
    assert any(line.startswith(f"  no model {shown}/face.tflite: it is a Tens") for line in lines)
    assert lines[-1] == "4 models: 2 ok (1 with layers.js), 2 refused, and 1 more that is none"


def test_check_of_good_models_exits_with_0(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("check", SAMPLES / "iris.h5", SAMPLES, "--cache-dir", tmp_path)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].endswith("0 refused")


def test_each_path_is_a_result(invoke: Invoke, models: Path) -> None:
    (models / "empty").mkdir()
    (models / "face").mkdir()
    (models / "face" / "saved_model.pb").write_bytes(b"x")
    (models / "notes.txt").write_text("x")
    paths = [models / name for name in ("missing.h5", "empty", "face", "notes.txt")]
    result = invoke("check", *paths, SAMPLES / "iris.h5", "--cache-dir", models.parent / "cache")
    assert result.exit_code == 1
    for path, reason in zip(
        paths,
        ("cannot open", "there are no models", "is a TensorFlow SavedModel", "is neither an HDF5"),
        strict=True,
    ):
        lines = [line for line in result.stdout.splitlines() if f"{path.as_posix()}: " in line]
        assert lines
        assert reason in lines[0]
    assert "tf_keras.models.load_model" in result.stdout
    assert result.stdout.splitlines()[-1] == "5 models: 1 ok, 4 refused"


def test_what_is_no_model_fails_nothing(invoke: Invoke, models: Path) -> None:
    shutil.copy(SAMPLES / "iris.h5", models)
    (models / "face.tflite").write_bytes(b"TFL3")
    assert invoke("check", models, "--cache-dir", models.parent / "cache").exit_code == 0


def test_what_is_left_out_is_said_beside_the_results(invoke: Invoke, models: Path) -> None:
    shutil.copy(SAMPLES / "iris.h5", models)
    shutil.copy(SAMPLES / "iris.h5", models / "a%2eb.h5")
    result = invoke("check", models, "--json", "--cache-dir", models.parent / "cache")
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)["models"]) == 1
    assert "'a%2eb.h5' is not served" in result.stderr


def test_results_come_as_they_end(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[str] = []
    monkeypatch.setattr(Terminal, "text", lambda _self, text, style="": printed.append(text))
    seen: list[int] = []

    async def notice(builder: Builder, entry: CatalogEntry, variant: Variant) -> Build:
        seen.append(len(printed))
        return await build_newest(builder, entry, variant)

    monkeypatch.setattr(check_module, "build_newest", notice)
    monkeypatch.setattr(batch, "_AT_ONCE", 1)
    invoke("check", folder, "--cache-dir", folder.parent / "cache")
    assert seen == sorted(set(seen))


def test_json_is_one_document(invoke: Invoke, folder: Path) -> None:
    (folder / "face.tflite").write_bytes(b"TFL3")
    result = invoke("check", folder, "--json", "--cache-dir", folder.parent / "cache")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["ok"] is False
    models = {Path(model["path"]).name: model for model in document["models"]}
    assert {name: model["ok"] for name, model in models.items()} == {
        "iris.h5": True,
        "waves.h5": True,
        "own.h5": False,
        "pointer.h5": False,
    }
    assert models["waves.h5"]["needsLayersJs"]
    assert models["iris.h5"]["facts"]["parameters"] > 0
    assert models["own.h5"]["error"]["problems"][0]["className"] == "my>Scale"
    assert [Path(other["path"]).name for other in document["notModels"]] == ["face.tflite"]


def test_github_gets_annotations(invoke: Invoke, folder: Path) -> None:
    shutil.move(folder / "pointer.h5", folder / "100%, a:b.h5")
    options = ("--format", "github", "--cache-dir", folder.parent / "cache")
    lines = invoke("check", folder, *options).stdout.splitlines()
    commands = [line for line in lines if line.startswith("::")]
    assert len(commands) == 2
    (pointer,) = (line for line in commands if "LFS" in line)
    file = f"{folder.as_posix()}/100%25%2C a%3Ab.h5"
    assert pointer.startswith(f"::error file={file},title=tfjs-serve check::")
    assert "is a Git LFS pointer, not the model itself%0Ahint: " in pointer
    assert lines[-1].startswith("4 models: ")


def test_junit_is_xml_that_ci_servers_read(invoke: Invoke, folder: Path) -> None:
    (folder / "face.tflite").write_bytes(b"TFL3")
    options = ("--format", "junit", "--cache-dir", folder.parent / "cache")
    suite = ElementTree.fromstring(invoke("check", folder, *options).stdout)
    assert (suite.tag, suite.get("tests"), suite.get("failures")) == ("testsuite", "5", "2")
    cases = {Path(case.get("name", "")).name: case for case in suite}
    assert list(cases["iris.h5"]) == []
    failure = cases["own.h5"].find("failure")
    assert failure is not None
    assert failure.get("type") == "cannot-convert"
    assert "Lambda" in (failure.text or "")
    assert cases["face.tflite"].find("skipped") is not None


@pytest.mark.parametrize("name", FORMATS)
def test_names_of_strangers_stay_text(name: str) -> None:
    bad = "\x1b[2J\x00<a>\n::error::\ud800"
    one = Checked(path=bad, error=KerasFileError(bad, hint=bad))
    shown = FORMATS[name]
    for text, _ in (*shown.each(one), *shown.end([one])):
        assert "\x1b" not in text
        assert "\x00" not in text
        assert text.count("::error file=") == (name == "github") or "file=" not in text
        text.encode("ascii" if name == "json" else "utf-8")
    if name == "junit":
        ElementTree.fromstring(next(iter(shown.end([one])))[0])


def test_a_model_may_take_only_so_long(
    invoke: Invoke, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(SAMPLES / "iris.h5", models)

    async def hang(conversation: Conversation) -> None:
        conversation.acceptance = Acceptance()
        await asyncio.sleep(60)

    monkeypatch.setattr(Conversation, "hold", hang)
    cache = ("--cache-dir", models.parent / "cache")
    result = invoke("check", models, "--timeout", "0.1s", *cache)
    assert result.exit_code == 1
    assert "took longer than 0.1 seconds" in result.stdout


def test_the_help_tells_the_exit_codes(invoke: Invoke) -> None:
    text = invoke("check", "--help").output
    for code in (0, FAILURE_EXIT_CODE, USAGE_EXIT_CODE, INTERRUPTED_EXIT_CODE):
        assert re.search(rf"^ +{code} +\S", text, re.MULTILINE)


def test_layers_of_the_page_are_handed_on(invoke: Invoke, models: Path, tmp_path: Path) -> None:
    save_sequential(models / "own.h5", layer("my>Scale", some_factor=3.0))
    (tmp_path / "my.js").write_text(SCALE_JS)
    out = tmp_path / "out"
    options = ("--layers", tmp_path / "my.js", "--cache-dir", tmp_path / "cache")
    assert invoke("convert", models / "own.h5", out, *options).exit_code == 0
    topology = json.loads((out / "model.json").read_text())["modelTopology"]
    written = topology["model_config"]["config"]["layers"][1]
    assert written["class_name"] == "my>Scale"
    assert written["config"]["some_factor"] == 3.0


def test_a_file_that_registers_nothing_is_refused(invoke: Invoke, models: Path) -> None:
    script = models.parent / "empty.js"
    script.write_text("// nothing")
    result = invoke("check", models, "--layers", script)
    assert result.exit_code == 2
    assert "registers no layer" in result.stderr
    assert "static className" in result.stderr


def test_an_empty_folder_has_nothing_to_check(invoke: Invoke, models: Path) -> None:
    result = invoke("check", models, "--cache-dir", models.parent / "cache")
    assert result.exit_code == 1
    assert "there are no models in the folder" in result.stdout


@pytest.mark.parametrize("format_name", ["text", "json", "github", "junit"])
def test_a_folder_with_nothing_but_what_is_no_model_has_no_model(
    invoke: Invoke, models: Path, format_name: str
) -> None:
    (models / "face.tflite").write_bytes(b"TFL3")
    cache = models.parent / "cache"
    result = invoke("check", models, "--format", format_name, "--cache-dir", cache)
    assert result.exit_code == 1
    assert "there are no models in the folder" in result.stdout
    assert "TensorFlow Lite" in result.stdout
    assert ('"ok": true' in result.stdout) is False


def test_a_folder_of_models_is_converted_in_one_go(invoke: Invoke, folder: Path) -> None:
    out = folder.parent / "out"
    result = invoke("convert", folder, out, "--cache-dir", folder.parent / "cache")
    assert result.exit_code == 1
    assert f"{out}: 2 models, 2 refused" in result.stdout
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {"iris/model.json", "deep/waves/model.json", "deep/waves/layers.js"} <= found
    assert "deep/waves/layers.mjs" in found
    assert not any(name.startswith(("own", "pointer", "iris/layers")) for name in found)


def test_links_out_of_the_folder_are_followed_when_asked(
    invoke: Invoke, models: Path, tmp_path: Path
) -> None:
    shutil.copy(SAMPLES / "iris.h5", tmp_path / "elsewhere.h5")
    try:
        (models / "linked.h5").symlink_to(tmp_path / "elsewhere.h5")
    except OSError:
        pytest.skip("no symbolic links here")
    cache = ("--cache-dir", tmp_path / "cache")
    assert "there are no models" in invoke("check", models, *cache).stdout
    checked = invoke("check", models, "--follow-symlinks", *cache)
    assert (checked.exit_code, "linked.h5" in checked.stdout) == (0, True)
    converted = invoke("convert", models, tmp_path / "out", "--follow-symlinks", *cache)
    assert converted.exit_code == 0
    assert (tmp_path / "out" / "linked" / "model.json").is_file()
