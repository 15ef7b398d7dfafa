"""``tfjs-serve check`` and ``convert`` of a folder: every model, every reason, one exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import pytest

from .conftest import SAMPLES, Invoke

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
    result = invoke("check", folder, "--cache-dir", folder.parent / "cache")
    assert result.exit_code == 1
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert "  ok       deep/waves.h5  (with layers.js)" in lines
    assert "  ok       iris.h5" in lines
    assert any("model/my_scale (my>Scale)" in line and "--layers" in line for line in lines)
    assert any("model/lambda (Lambda)" in line for line in lines)
    assert any(line.startswith("  refused  pointer.h5: is a Git LFS pointer") for line in lines)
    assert lines[-1] == "4 models: 2 ok (1 with layers.js), 2 refused"


def test_check_of_good_models_exits_with_0(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("check", SAMPLES / "iris.h5", SAMPLES, "--cache-dir", tmp_path)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].endswith("0 refused")


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
    assert result.exit_code == 2
    assert "there are no models in the folder" in result.stderr


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
    assert "there are no models" in invoke("check", models, *cache).stderr
    checked = invoke("check", models, "--follow-symlinks", *cache)
    assert (checked.exit_code, "linked.h5" in checked.stdout) == (0, True)
    converted = invoke("convert", models, tmp_path / "out", "--follow-symlinks", *cache)
    assert converted.exit_code == 0
    assert (tmp_path / "out" / "linked" / "model.json").is_file()
