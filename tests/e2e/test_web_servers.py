"""What ``publish`` puts into a folder, behind web servers with the lines of docs/publishing.md."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.parity.harness import NodeTf
from tests.samples import SAMPLE_MODELS

DOCUMENT = Path(__file__).parents[2] / "docs" / "publishing.md"
DEADLINE_SECONDS = 20.0
PAGE = "https://page.example"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with ``/models`` in it."""
    folder = tmp_path_factory.mktemp("site")
    words = ["publish", str(SAMPLE_MODELS), str(folder / "models"), "iris", "digits"]
    cache = tmp_path_factory.mktemp("cache")
    _tfjs_serve(*words, "--cache-dir", str(cache))
    for path in (folder, *folder.parents):
        path.chmod(path.stat().st_mode | 0o055)  # nginx reads as somebody else
    return folder


def _tfjs_serve(*words: str) -> str:
    """Run a command in a process of its own: here, a browser may have an event loop running."""
    command = [sys.executable, "-m", "tfjs_serve", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _snippet(language: str) -> str:
    found = re.search(
        rf"^```{language}\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert found is not None
    return found[1]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _nginx(site: Path, folder: Path, port: int) -> list[str]:
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/log;\n"
        "events {}\n"
        "http {\n"
        f"access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/fast; uwsgi_temp_path {folder}/uwsgi;\n"
        f"scgi_temp_path {folder}/scgi;\n"
        "types { application/json json; }\n"
        f"server {{ listen 127.0.0.1:{port}; root {site};\n{_snippet('nginx')}}}\n}}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(configuration), "-e", f"{folder}/log"]


def _caddy(site: Path, folder: Path, port: int) -> list[str]:
    configuration = folder / "Caddyfile"
    configuration.write_text(
        "{\nadmin off\nauto_https off\n}\n"
        f"http://127.0.0.1:{port} {{\nroot * {site}\n{_snippet('caddy')}}}\n"
    )
    return ["caddy", "run", "--config", str(configuration), "--adapter", "caddyfile"]


COMMANDS: dict[str, Callable[[Path, Path, int], list[str]]] = {"nginx": _nginx, "caddy": _caddy}


@contextmanager
def _running(name: str, site: Path, folder: Path) -> Iterator[str]:
    port = _free_port()
    command = COMMANDS[name](site, folder, port)
    with (folder / "printed").open("wb") as printed:
        process = subprocess.Popen(command, stdout=printed, stderr=printed)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}/models"
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with closing(socket.socket()) as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the web server does not listen")


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_wrong_behind_a_web_server(
    name: str, site: Path, tmp_path: Path, node_tf: NodeTf
) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    with _running(name, site, tmp_path) as url:
        told = _tfjs_serve("check", f"{url}/digits", "--origin", PAGE, "--deep", "--json")
        predicted = node_tf.predict(f"{url}/iris/model.json", [np.ones((1, 4), "float32")])
    (checked,) = json.loads(told)["models"]
    assert checked["ok"]
    assert not checked["warnings"]
    assert predicted.outputs[0].sum() == pytest.approx(1, abs=1e-5)
