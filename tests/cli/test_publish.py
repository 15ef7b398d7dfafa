"""``publish DIR DEST``, as one runs it: real models, a folder, and pages that load them."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.parity.folder_server import serving
from tests.parity.harness import NodeTf
from tests.samples import SAMPLE_MODELS
from tfjs_serve.cli import publication
from tfjs_serve.publishing.folder import Folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests, so that each model is converted once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    shutil.copytree(SAMPLE_MODELS, folder, ignore=shutil.ignore_patterns("*.py", "*.md"))
    return folder


@pytest.fixture
def publish(invoke, models: Path, tmp_path: Path, cache: Path):
    def run(*words: str, to: str = ""):
        dest = to or str(tmp_path / "site")
        return invoke("publish", str(models), dest, *words, "--cache-dir", str(cache))

    return run


def _files(folder: Path) -> set[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {path for path in found if not path.startswith(".tfjs-serve/")}


def test_pages_load_what_was_published(publish, tmp_path: Path, node_tf: NodeTf) -> None:
    result = publish("--variants", "full,float16", "iris", "digits")
    assert result.exit_code == 0, result.output
    assert "4 models" in result.output
    inputs = [np.ones((1, 4), "float32")]
    with serving(tmp_path / "site") as url:
        full = node_tf.predict(f"{url}/iris/model.json", inputs).outputs[0]
        half = node_tf.predict(f"{url}/iris@float16/model.json", inputs).outputs[0]
    assert full == pytest.approx(half, abs=1e-2)


def test_a_second_time_sends_nothing(publish) -> None:
    assert publish().exit_code == 0
    result = publish()
    assert result.exit_code == 0
    assert "6 models; 0 files, 0 bytes sent" in result.output


@pytest.mark.parametrize("seconds", [0.0, 1e6])
def test_waiting_is_told_after_a_while(
    publish, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publication, "_SILENT_SECONDS", seconds)
    said = "still trying" in publish("digits").output
    assert said == (seconds == 0)


def test_what_lies_in_a_folder_is_not_converted_again(publish, cache: Path) -> None:
    """Its weights may be second names of files in the cache."""

    def artifacts() -> dict[Path, int]:
        return {path: path.stat().st_ino for path in cache.rglob("artifact.json")}

    publish()
    before = artifacts()
    assert before
    publish()
    assert artifacts() == before


def test_what_was_published_into_the_folder_itself_is_not_published_again(
    publish, models: Path
) -> None:
    assert publish(to=models / "site").exit_code == 0
    before = _files(models / "site")
    result = publish(to=models / "site")
    assert result.exit_code == 0
    assert "0 files" in result.stderr or "0 files" in result.stdout
    assert _files(models / "site") == before


def test_models_are_not_published_over_themselves(invoke, publish, models: Path, cache) -> None:
    """A model of TensorFlow.js is a folder with the name that its published form would have."""
    before = {path: path.read_bytes() for path in models.rglob("*") if path.is_file()}
    result = publish(to=str(models))
    assert result.exit_code == 2
    assert "is the folder of the models itself" in " ".join(result.output.split())
    one = models / "breast-cancer-tfjs"
    result = invoke("publish", str(one), str(models), "--cache-dir", str(cache))
    assert result.exit_code == 2
    assert "would be replaced" in " ".join(result.output.split())
    assert {path: path.read_bytes() for path in models.rglob("*") if path.is_file()} == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_model_that_is_left_out_for_its_name_is_told(publish, models: Path) -> None:
    shutil.copy(models / "iris.h5", models / "back\\slash.h5")
    result = publish("--dry-run")
    assert "its name contains a backslash" in " ".join(result.output.split())


def test_a_model_that_is_gone_goes_with_delete(publish, models: Path, tmp_path: Path) -> None:
    publish()
    before = _files(tmp_path / "site")
    (models / "iris.h5").unlink()
    publish()
    assert _files(tmp_path / "site") == before
    publish("--delete", "--grace", "0s")
    assert _files(tmp_path / "site") == {path for path in before if not path.startswith("iris/")}


def test_what_was_there_of_a_refused_model_stays(publish, models: Path, tmp_path: Path) -> None:
    publish()
    before = _files(tmp_path / "site")
    (models / "iris.h5").write_bytes(b"cut off")
    result = publish("--delete", "--grace", "0s")
    assert result.exit_code == 1
    assert "refused  iris" in result.output
    assert _files(tmp_path / "site") == before


def test_each_model_is_told_with_its_line(publish, tmp_path: Path) -> None:
    assert "Give --url" in publish("iris").output  # nobody knows where a folder is served
    with serving(tmp_path / "site") as url:
        result = publish("--url", f"{url}/", "iris", "digits")
        lost = publish("--url", f"{url}/elsewhere", "iris")
    assert result.exit_code == 0, result.output
    for name in ("iris", "digits"):
        assert f"await tf.loadLayersModel('{url}/{name}/model.json')" in result.output
    assert f"{url}/\n" in result.output  # the page of all models
    assert lost.exit_code == 1
    assert "tf.loadLayersModel" not in lost.output


def test_what_concerns_all_models_is_told_once(publish, tmp_path: Path) -> None:
    publish("iris", "digits", "wine-two-inputs")
    with serving(tmp_path / "site") as url:
        output = " ".join(publish("--url", url, "iris", "digits", "wine-two-inputs").output.split())
    assert output.count("has no Cache-Control") == 1
    assert "(and so for 2 other models)" in output


def test_it_is_what_convert_writes(invoke, publish, models: Path, tmp_path: Path, cache) -> None:
    """Two commands, one result: the same files with the same bytes, and those about all models."""
    publish()
    out = tmp_path / "converted"
    assert invoke("convert", str(models), str(out), "--cache-dir", str(cache)).exit_code == 0
    site = tmp_path / "site"
    about_all = {".nojekyll", "_headers", "index.html", "models.json"}
    assert _files(site) - about_all == _files(out)
    assert all((site / path).read_bytes() == (out / path).read_bytes() for path in _files(out))


def test_what_was_published_is_taken_back(publish, tmp_path: Path) -> None:
    publish("--variants", "full,uint8", "iris", "digits")
    (tmp_path / "site" / "mine.txt").write_text("mine")
    assert "iris/model.json" in publish("--clean", "--dry-run").output
    result = publish("--clean", "iris")
    assert result.exit_code == 0, result.output
    left = {path.partition("/")[0] for path in _files(tmp_path / "site")}
    assert {"digits", "digits@uint8", "index.html", "mine.txt"} <= left
    assert not {"iris", "iris@uint8"} & left
    assert "iris" not in (tmp_path / "site" / "index.html").read_text("utf-8")
    publish("--clean")
    assert _files(tmp_path / "site") == {"mine.txt"}


def test_what_was_damaged_in_the_cache_is_converted_again(
    publish, invoke, models: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own-cache"
    words = ("publish", str(models), str(tmp_path / "first"), "iris", "--cache-dir", str(own))
    assert invoke(*words).exit_code == 0
    (weights,) = own.glob("artifacts/*/weights.*.bin")
    content = weights.read_bytes()
    weights.unlink()
    weights.write_bytes(bytes(len(content)))
    other = tuple(str(tmp_path / "other") if "first" in word else word for word in words)
    result = invoke(*other)
    assert result.exit_code == 1
    assert "was damaged in the cache" in " ".join(result.output.split())
    assert invoke(*other).exit_code == 0
    (published,) = tmp_path.glob("other/iris/weights.*.bin")
    assert published.read_bytes() == content


def test_setting_up_a_folder_prints_lines_for_its_web_server(publish, tmp_path: Path) -> None:
    result = publish("iris", "--setup-cors", "https://a.example")
    assert result.exit_code == 0
    assert '"https://a.example" $http_origin;' in result.output
    assert "header Origin https://a.example" in result.output
    assert "https://a.example" in (tmp_path / "site" / "_headers").read_text()
    publish("iris", "digits")
    assert "https://a.example" in (tmp_path / "site" / "_headers").read_text()


def test_a_trial_changes_nothing(publish, tmp_path: Path) -> None:
    result = publish("--dry-run", "iris")
    assert result.exit_code == 0
    assert "send   iris/model.json" in result.output
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    ("words", "to", "message"),
    [
        (("nothing",), "", "there is no model 'nothing'"),
        (("--variants", "uint4"), "", "'uint4' is none of"),
        ((), "ftp://example.com/site", "is no destination"),
        (("--endpoint", "http://127.0.0.1:9"), "", "--endpoint is for buckets"),
        ((), "s3://", "names no bucket"),
        (("--make-public",), "", "--make-public is for buckets"),
        (("--setup-cors", "a.example"), "", "is no origin"),
        (("--setup-cors", ""), "", "is no origin"),
    ],
)
def test_what_makes_no_sense_is_told(publish, words, to, message) -> None:
    result = publish(*words, to=to)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_at_any_moment_it_leaves_whole_models(
    models: Path, tmp_path: Path, cache: Path, node_tf: NodeTf
) -> None:
    """While a page loads in a loop, publishes of two versions of a model are killed."""
    site, old, new = tmp_path / "site", tmp_path / "old.h5", tmp_path / "new.h5"
    shutil.copy(models / "iris.h5", old)
    shutil.copy(old, new)
    _change_a_weight(new)
    command = [sys.executable, "-m", "tfjs_serve", "publish", str(models), str(site), "iris"]
    command += ["--cache-dir", str(cache)]
    inputs = [np.ones((1, 4), "float32")]
    expected = []
    for version in (old, new):
        shutil.copy(version, models / "iris.h5")
        subprocess.run(command, check=True, capture_output=True)
        with serving(site) as url:
            expected.append(node_tf.predict(f"{url}/iris/model.json", inputs).outputs[0].tolist())
    assert expected[0] != expected[1]
    ended = threading.Event()
    found: list[object] = []

    def load() -> None:
        with serving(site) as url:
            while not ended.is_set():
                found.append(node_tf.predict(f"{url}/iris/model.json", inputs).outputs[0].tolist())

    page = threading.Thread(target=load)
    page.start()
    chance = random.Random(5)
    for number in range(6):
        shutil.copy((old, new)[number % 2], models / "iris.h5")
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            running.wait(chance.uniform(0.3, 1.5))
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
            running.wait()
    subprocess.run(command, check=True, capture_output=True)
    ended.set()
    page.join()
    assert len(found) > 6
    assert all(one in expected for one in found)
    left = asyncio.run(_listed(site))
    assert sum(path.startswith(".tfjs-serve/") for path in left) == 1


async def _listed(site: Path) -> list[str]:
    return [path async for some in Folder(site).sizes() for path in some]


def _change_a_weight(path: Path) -> None:
    import h5py

    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file["model_weights"].visit(names.append)
        kernel = next(name for name in names if "kernel" in name.rpartition("/")[2])
        file["model_weights"][kernel][...] = file["model_weights"][kernel][...] + 0.5
