"""Where the pages get the backends of TensorFlow.js from that are packages of their own."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from tfjs_serve.settings import DEFAULT_TFJS_BACKENDS, DEFAULT_TFJS_URL
from tfjs_serve.web.tfjs import tfjs_at
from tfjs_serve.web.tfjs_backends import NO_BACKENDS, BackendScript, backends_beside

PACKAGES = Path(__file__).parents[1] / "js/node_modules"
WASM, WEBGPU = (url for url, _ in DEFAULT_TFJS_BACKENDS.values())


@pytest.mark.parametrize("name", DEFAULT_TFJS_BACKENDS)
def test_the_cdn_must_hand_out_what_the_npm_packages_have(name: str) -> None:
    url, integrity = DEFAULT_TFJS_BACKENDS[name]
    script = PACKAGES / f"@tensorflow/tfjs-backend-{name}/dist" / url.rpartition("/")[2]
    digest = base64.b64encode(hashlib.sha384(script.read_bytes()).digest()).decode()
    assert integrity == f"sha384-{digest}"


def test_those_of_the_cdn_belong_to_that_of_the_cdn() -> None:
    found = backends_beside(tfjs_at(DEFAULT_TFJS_URL))
    assert found.policy_sources == (WASM, WEBGPU)
    assert found.connections == (f"{WASM.rpartition('/')[0]}/",)
    assert found.files == {}


def test_packages_beside_it_are_served() -> None:
    found = backends_beside(tfjs_at(str(PACKAGES)))
    assert found.scripts == {
        "wasm": BackendScript(url="/-/tfjs/tf-backend-wasm.es2017.min.js", folder="/-/tfjs/"),
        "webgpu": BackendScript(url="/-/tfjs/tf-backend-webgpu.es2017.min.js"),
    }
    assert sum(name.endswith(".wasm") for name in found.files) == 3
    assert all(path.is_file() for path in found.files.values())
    assert found.policy_sources == found.connections == ()


def test_of_another_url_nothing_is_known() -> None:
    assert backends_beside(tfjs_at("https://example.org/tf.fesm.min.js")) == NO_BACKENDS
