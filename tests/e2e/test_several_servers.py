"""Three servers with one cache behind Debian's nginx, with the lines of docs/deploy.md."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import h5py
import numpy as np
import pytest

from tests.parity.harness import NodeTf
from tests.samples import REFERENCES, SAMPLE_MODELS, arrays
from tests.stores.programs import free_ports, running

from .web_servers import DOCUMENT, PAGE, tfjs_serve

HOST = "models.example"
PORTS = (8001, 8002, 8003)
"""Those of the document."""
DEADLINE_SECONDS = 20.0
CLIENTS = 24

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Servers, and nginx in front of them."""

    url: str
    models: Path
    logs: tuple[Path, ...]
    servers: tuple[subprocess.Popen[bytes], ...]

    def conversions(self, model: str) -> list[int]:
        """Return how often each server has converted a model."""
        told = re.compile(rf"{re.escape(model)}\s+ready in ")
        return [len(told.findall(log.read_text("utf-8"))) for log in self.logs]


def _lines(port: int, ports: list[int], folder: Path) -> str:
    text = DOCUMENT.read_text("utf-8")
    blocks = re.findall(r"^```nginx\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    (found,) = [block for block in blocks if "upstream" in block]
    for told, free in zip(PORTS, ports, strict=True):
        assert f"127.0.0.1:{told}" in found
        found = found.replace(f"127.0.0.1:{told}", f"127.0.0.1:{free}")
    kept = "/var/cache/nginx/weights"
    assert kept in found and "listen 80;" in found
    found = found.replace(kept, f"{folder}/kept")
    return found.replace("listen 80;", f"listen 127.0.0.1:{port};")


def _nginx(port: int, ports: list[int], folder: Path) -> list[str]:
    configuration = folder / "nginx.conf"
    user = "user root; " if os.geteuid() == 0 else ""
    configuration.write_text(
        f"{user}daemon off; pid {folder}/pid; error_log {folder}/log;\nevents {{}}\nhttp {{\n"
        f"access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/fast; uwsgi_temp_path {folder}/uwsgi;\n"
        f"scgi_temp_path {folder}/scgi;\n{_lines(port, ports, folder)}}}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(configuration), "-e", f"{folder}/log"]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Three servers of the sample models behind nginx."""
    models = tmp_path / "models"
    shutil.copytree(SAMPLE_MODELS, models, ignore=shutil.ignore_patterns("*.py", "*.md", "*.cjs"))
    port, *ports = free_ports(4)
    logs = tuple(tmp_path / f"server-{number}.log" for number in PORTS)
    options = ["--cache-dir", str(tmp_path / "cache"), "--cors-origin", "*"]
    # Node's fetch says where it goes, not what the name in the document is.
    options += ["--allowed-host", HOST]
    with ExitStack() as stack:
        servers = []
        for own, log in zip(ports, logs, strict=True):
            command = [
                sys.executable,
                "-m",
                "tfjs_serve",
                str(models),
                "--port",
                str(own),
                *options,
            ]
            servers.append(stack.enter_context(running(command, own, log)))
        nginx = tmp_path / "nginx"
        nginx.mkdir()
        stack.enter_context(running(_nginx(port, ports, nginx), port, nginx / "printed"))
        yield Cluster(
            url=f"http://127.0.0.1:{port}", models=models, logs=logs, servers=tuple(servers)
        )


def _get(url: str, **headers: str) -> tuple[dict[str, str], bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with urlopen(Request(url, headers={"Origin": PAGE, **named})) as answer:
        return {name.lower(): value for name, value in answer.headers.items()}, answer.read()


def _predicted(cluster: Cluster, node_tf: NodeTf, name: str) -> float:
    """Return how far predictions are from those of Keras, at most."""
    inputs = arrays(REFERENCES[name]["inputs"])
    outputs = node_tf.predict(f"{cluster.url}/{name}/model.json", inputs).outputs
    expected = arrays(REFERENCES[name]["outputs"])
    return max(float(np.abs(a - b).max()) for a, b in zip(outputs, expected, strict=True))


def _shards(cluster: Cluster, name: str) -> list[str]:
    _, document = _get(f"{cluster.url}/{name}/model.json")
    found = re.findall(r"weights\.[0-9a-f]{32}\.bin", document.decode())
    return [f"{cluster.url}/{name}/{shard}" for shard in dict.fromkeys(found)]


def test_one_conversion_serves_everybody(cluster: Cluster, node_tf: NodeTf) -> None:
    address = f"{cluster.url}/digits/model.json"
    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = [*clients.map(lambda _: _get(address), range(CLIENTS))]
    assert len({body for _, body in answers}) == 1
    assert {headers["access-control-allow-origin"] for headers, _ in answers} == {"*"}
    assert sorted(cluster.conversions("digits.h5")) == [0, 0, 1]
    for name in REFERENCES:
        assert _predicted(cluster, node_tf, name) < 1e-5
    addresses = [f"{cluster.url}/{name}" for name in REFERENCES]
    checked = json.loads(tfjs_serve("check", *addresses, "--origin", PAGE, "--deep", "--json"))
    assert [one["path"] for one in checked["models"] if one["warnings"]] == []


def test_nginx_keeps_weights_and_asks_for_model_json(cluster: Cluster) -> None:
    (shard, *_) = _shards(cluster, "digits")
    first, content = _get(shard)
    second, again = _get(shard)
    assert (first["x-cache"], second["x-cache"]) == ("MISS", "HIT")
    assert content == again
    assert "immutable" in second["cache-control"]
    part, some = _get(shard, Range="bytes=4-7")
    assert some == content[4:8]
    assert part["content-range"] == f"bytes 4-7/{len(content)}"
    headers, _ = _get(f"{cluster.url}/digits/model.json")
    request = Request(
        f"{cluster.url}/digits/model.json", headers={"If-None-Match": headers["etag"]}
    )
    with pytest.raises(OSError, match="304"):
        urlopen(request)


def test_a_model_that_is_saved_is_seen(cluster: Cluster, node_tf: NodeTf) -> None:
    before = _shards(cluster, "iris")
    assert _predicted(cluster, node_tf, "iris") < 1e-5
    with h5py.File(cluster.models / "iris.h5", "r+") as file:
        names: list[str] = []
        file["model_weights"].visit(names.append)
        kernel = next(name for name in names if "kernel" in name.rpartition("/")[2])
        file["model_weights"][kernel][...] = file["model_weights"][kernel][...] + 0.5
    until = time.monotonic() + DEADLINE_SECONDS
    while _shards(cluster, "iris") == before and time.monotonic() < until:
        time.sleep(0.2)
    assert _shards(cluster, "iris") != before
    assert _predicted(cluster, node_tf, "iris") > 1e-3
    assert [_get(shard)[0]["x-cache"] for shard in before]  # for pages that have the former one


def test_a_server_may_end(cluster: Cluster, node_tf: NodeTf) -> None:
    assert _predicted(cluster, node_tf, "iris") < 1e-5
    at = cluster.conversions("iris.h5").index(1)
    cluster.servers[at].kill()
    cluster.servers[at].wait()
    for _ in range(3):
        assert _predicted(cluster, node_tf, "iris") < 1e-5
    assert sum(cluster.conversions("iris.h5")) == 1  # another one has found it in the cache
