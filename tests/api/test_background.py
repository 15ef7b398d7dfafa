"""A server beside the program that asks for it."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest

import tfjs_serve
from tfjs_serve import BackgroundServer, serve_background
from tfjs_serve.errors import KerasFileError, SettingsError
from tfjs_serve.web.listening import ListenError

from .conftest import SAMPLES

DEADLINE_SECONDS = 60.0
Serve = Callable[..., BackgroundServer]


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as answer:
        return json.loads(answer.read())


def names(url: str) -> list[str]:
    return [model["name"] for model in get(f"{url}-/models.json")["models"]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    return lambda models, **more: serve_background(
        models, port=0, cache_dir=tmp_path / "cache", **more
    )


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    shutil.copy(SAMPLES / "iris.h5", folder)
    shutil.copy(SAMPLES / "digits.h5", folder)
    return folder


def test_a_folder_is_served_until_it_is_stopped(serve: Serve, models: Path) -> None:
    before = threading.active_count()
    server = serve(models)
    assert names(server.url) == ["digits", "iris"]
    assert get(f"{server.url}iris/model.json")["format"] == "layers-model"
    shutil.copy(SAMPLES / "iris.h5", models / "new.h5")
    assert get(f"{server.url}new/model.json")["format"] == "layers-model"
    server.stop()
    server.stop()
    with pytest.raises(urllib.error.URLError):
        get(server.url)
    assert "stopped" in repr(server)
    assert threading.active_count() == before


def test_a_with_ends_it(serve: Serve, models: Path) -> None:
    with serve(str(models)) as server:
        assert server.url in repr(server)
        assert names(server.url) == ["digits", "iris"]
    with pytest.raises(urllib.error.URLError):
        get(server.url)


def test_of_a_file_nothing_but_that_file_is_served(serve: Serve, models: Path) -> None:
    (models / "labels.txt").write_text("a\nb\nc\n")
    with serve(models / "iris.h5") as server:
        assert server.url.endswith("/iris/")
        origin = server.url.removesuffix("iris/")
        assert names(origin) == ["iris"]
        first = get(f"{server.url}model.json")
        assert get(f"{origin}iris.h5/model.json") == first
        with pytest.raises(urllib.error.HTTPError) as caught:
            get(f"{origin}digits/model.json")
        caught.value.close()
        assert caught.value.code == 404
        shutil.copy(SAMPLES / "digits.h5", models / "iris.h5")
        assert get(f"{server.url}model.json") != first
        (models / "iris.h5").unlink()
        with pytest.raises(urllib.error.HTTPError) as caught:
            get(f"{server.url}model.json")
        caught.value.close()
        assert caught.value.code == 404
        shutil.copy(SAMPLES / "iris.h5", models / "iris.h5")
        assert get(f"{server.url}model.json") == first


def test_a_folder_that_is_a_model_is_that_model(serve: Serve) -> None:
    with serve(SAMPLES / "breast-cancer-tfjs") as server:
        assert server.url.endswith("/breast-cancer-tfjs/")
        assert get(f"{server.url}model.json")["format"] == "layers-model"


@pytest.mark.parametrize("name", ["net", "a/b"])
def test_a_model_in_memory_is_served_and_leaves_nothing(
    serve: Serve, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="out")])
    model.name = name
    server = serve(model)
    assert server.url.endswith("/net/" if name == "net" else "/model/")
    document = get(f"{server.url}model.json")
    assert document["weightsManifest"][0]["weights"][0]["shape"] == [3, 2]
    assert list(tmp_path.glob("tfjs-serve-*"))
    server.stop()
    assert not list(tmp_path.glob("tfjs-serve-*"))


async def test_it_has_a_loop_of_its_own(serve: Serve, models: Path) -> None:
    """As in a cell of a notebook, which runs in an event loop."""
    with serve(models) as server:
        assert await asyncio.to_thread(names, server.url) == ["digits", "iris"]


def test_what_cannot_be_served_leaves_nothing(
    serve: Serve, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = threading.active_count()
    with pytest.raises(SettingsError, match="there is no folder"):
        serve(models / "gone")
    with pytest.raises(SettingsError):
        serve(42)
    with pytest.raises(SettingsError, match="cannot be quantized"):
        serve(models, quantize="uint4")
    (models / "weights.npz").write_bytes(b"x")
    with pytest.raises(KerasFileError):
        serve(models / "weights.npz")
    with serve(models) as server:
        port = int(server.url.rsplit(":", 1)[1].rstrip("/"))
        with pytest.raises(ListenError, match="already in use"):
            serve_background(models, port=port, cache_dir=tmp_path / "cache")
    with pytest.raises(tfjs_serve.ConversionError):
        serve(keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x)]))
    assert threading.active_count() == before
    assert not list(tmp_path.glob("tfjs-serve-*"))


PROGRAM = """
import sys, tfjs_serve
server = tfjs_serve.serve_background(sys.argv[1], port=0, cache_dir=sys.argv[2])
print(server.url, flush=True)
{end}
"""


@pytest.mark.parametrize("end", ["", "raise SystemExit(3)", "server.stop()"])
def test_it_ends_with_its_program(models: Path, tmp_path: Path, end: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM.format(end=end), models, tmp_path / "cache"],
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (3 if "3" in end else 0, "")
    with pytest.raises(urllib.error.URLError):
        get(done.stdout.strip())


def test_a_notebook_shows_its_page(
    serve: Serve, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX", raising=False)
    with serve(models / "iris.h5") as server:
        html = server._repr_html_()
        assert html is not None
        assert f'src="{server.url}"' in html
    assert server._repr_html_() is None


def test_a_hub_may_pass_requests_on(
    serve: Serve, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/me/")
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_URL", "https://hub.example/user/me/")
    with serve(models) as server:
        statuses = []
        for host in ("hub.example", "evil.example"):
            request = urllib.request.Request(f"{server.url}-/health", headers={"Host": host})
            try:
                with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
                    statuses.append(answer.status)
            except urllib.error.HTTPError as error:
                error.close()
                statuses.append(error.code)
    assert statuses == [200, 403]
