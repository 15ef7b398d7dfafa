"""Where the pages get TensorFlow.js from."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.web.asking import ask
from tests.web.fakes import FakeBuilder, FakeCatalog, Site, running
from tfjs_serve.errors import SettingsError
from tfjs_serve.settings import DEFAULT_TFJS_INTEGRITY, DEFAULT_TFJS_URL, ServerSettings
from tfjs_serve.web.tfjs import SCRIPT, Tfjs, tfjs_at

WASM = "'wasm-unsafe-eval'"
NODE_MODULES = Path(__file__).parents[1] / "js/node_modules"


def test_the_cdn_must_hand_out_what_the_npm_package_has() -> None:
    given = tfjs_at(DEFAULT_TFJS_URL)
    assert given == Tfjs(url=DEFAULT_TFJS_URL, integrity=DEFAULT_TFJS_INTEGRITY)
    assert given.policy_sources == (WASM, DEFAULT_TFJS_URL)
    script = NODE_MODULES / "@tensorflow/tfjs/dist" / SCRIPT
    digest = base64.b64encode(hashlib.sha384(script.read_bytes()).digest()).decode()
    assert given.integrity == f"sha384-{digest}"


@pytest.mark.parametrize("folder", ["dist", "tfjs", ".", "scope"])
def test_a_folder_may_be_any_of_the_package(tmp_path: Path, folder: str) -> None:
    places = {"dist": "", "tfjs": "dist", ".": "@tensorflow/tfjs/dist", "scope": "tfjs/dist"}
    script = tmp_path / folder / places[folder] / SCRIPT
    script.parent.mkdir(parents=True)
    script.write_text("//", encoding="utf-8")
    given = tfjs_at(str(tmp_path / folder))
    assert given == Tfjs(url=f"/-/tfjs/{SCRIPT}", files={SCRIPT: script})
    assert given.policy_sources == (WASM,)
    assert tfjs_at(str(script)).files == given.files


def test_a_url_is_taken_as_it_is() -> None:
    url = "https://example.org/tf/tf.fesm.min.js?v=1"
    assert tfjs_at(url) == Tfjs(url=url)
    assert tfjs_at(url).policy_sources == (
        WASM,
        "https://example.org/tf/tf.fesm.min.js",
    )


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("https://example.org/tf.js; script-src *", "cannot be the URL"),
        ("https://example.org/a b.js", "cannot be the URL"),
        ("https:///tf.es2017.min.js", "cannot be the URL"),
        ("https://example.org/dist/tf.min.js?x", "makes functions of texts"),
        ("/nowhere/at/all", "there is no TensorFlow.js at"),
    ],
)
def test_what_cannot_run_is_refused_at_the_start(location: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as raised:
        tfjs_at(location)
    assert raised.value.hint


def test_a_build_that_needs_eval_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tf.min.js").write_text("//", encoding="utf-8")
    with pytest.raises(SettingsError, match="makes functions of texts"):
        tfjs_at(str(tmp_path / "tf.min.js"))
    with pytest.raises(SettingsError, match="there is no TensorFlow"):
        tfjs_at(str(tmp_path))


async def test_the_file_is_served_compressed_and_anew_when_it_changes(
    site: Site, settings: ServerSettings
) -> None:
    plain = await ask(site, f"/-/tfjs/{SCRIPT}")
    assert plain.body == b"var tf = {};"
    packed = await ask(site, f"/-/tfjs/{SCRIPT}", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    await asyncio.to_thread(Path(settings.tfjs_url).write_bytes, b"var tf = {version: 2};")
    assert (await ask(site, f"/-/tfjs/{SCRIPT}")).body == b"var tf = {version: 2};"


async def test_with_a_url_there_is_no_file(
    catalog: FakeCatalog, builder: FakeBuilder, settings: ServerSettings
) -> None:
    settings = replace(settings, tfjs_url=DEFAULT_TFJS_URL)
    async with running(catalog, builder, settings) as site:
        answer = await ask(site, f"/-/tfjs/{SCRIPT}")
    assert answer.status == 404
    assert b"--tfjs-url" in answer.body
