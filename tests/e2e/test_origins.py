"""Which pages may load models, as a browser enforces it."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, Page

from tests.parity.harness import ServedModels, compare
from tests.samples import REFERENCES, SAMPLE_MODELS, arrays

from .browser import REBOUND_HOST, predict, wait_until

IRIS = REFERENCES["iris"]


def test_a_page_from_a_file_is_refused_and_told_why(
    page: Page, page_folder: Path, samples: ServedModels
) -> None:
    page.goto((page_folder / "page.html").as_uri())
    with pytest.raises(Error, match="Failed to fetch"):
        predict(page, samples.url("iris"), IRIS["inputs"])
    wait_until(page, lambda: "--cors-origin" in samples.log())
    assert samples.log().count("--cors-origin") == 1


def test_a_page_from_a_file_loads_when_every_origin_may(
    page: Page, page_folder: Path, tmp_path: Path
) -> None:
    server = ServedModels(tmp_path, models=SAMPLE_MODELS, options=["--cors-origin", "*"])
    try:
        page.goto((page_folder / "page.html").as_uri())
        outputs = predict(page, server.url("iris"), IRIS["inputs"])
    finally:
        server.close()
    compare(arrays(IRIS["outputs"]), outputs)


READ = "fetch('/iris/model.json').then(async answer => [answer.status, await answer.text()])"


def test_a_page_whose_name_was_pointed_here_reads_nothing(
    page: Page, samples: ServedModels
) -> None:
    port = urlsplit(samples.base_url).port
    for path in ("", "iris/", "iris/model.json"):
        shown = page.goto(f"http://{REBOUND_HOST}:{port}/{path}")
        assert shown is not None
        assert shown.status == 403
        assert f"--allowed-host {REBOUND_HOST}" in page.inner_text("body")
        assert "iris.h5" not in page.content()
    status, text = page.evaluate(READ)
    assert status == 403
    assert "modelTopology" not in text
    wait_until(page, lambda: f"--allowed-host {REBOUND_HOST}" in samples.log())


STEAL = """async url => {
    const tries = [];
    for (const options of [{mode: 'no-cors'}, {}, {cache: 'force-cache'}]) {
        tries.push(await fetch(url, options).then(async answer => (await answer.blob()).size,
                                                  () => 'refused'));
    }
    return tries;
}"""


def test_weights_that_a_page_of_this_machine_has_cached_are_not_read_by_others(
    page: Page, page_url: str, samples: ServedModels
) -> None:
    """The answer that is kept allows every origin, but it is kept for this machine's pages only."""
    page.goto(page_url)
    predict(page, samples.url("iris"), IRIS["inputs"])
    document = json.loads(samples.get(samples.url("iris")).body)
    shard = samples.url("iris").replace("model.json", document["weightsManifest"][0]["paths"][0])
    in_a_frame = """async url => {
        const frame = document.createElement('iframe');
        frame.src = url;
        document.body.append(frame);
        await new Promise(resolve => frame.addEventListener('load', resolve));
    }"""
    strange_url = page_url.replace("127.0.0.1", REBOUND_HOST)
    page.evaluate(in_a_frame, strange_url)
    (frame,) = page.main_frame.child_frames
    for stranger in (frame, page):
        if stranger is page:
            page.goto(strange_url)
        assert stranger.evaluate(STEAL, shard) == [0, "refused", "refused"]


def test_a_name_that_was_allowed_is_answered(page: Page, tmp_path: Path) -> None:
    options = ["--allowed-host", REBOUND_HOST]
    server = ServedModels(tmp_path, models=SAMPLE_MODELS, options=options)
    try:
        port = urlsplit(server.base_url).port
        shown = page.goto(f"http://{REBOUND_HOST}:{port}/iris/model.json")
        assert shown is not None
        assert (shown.status, shown.json()["format"]) == (200, "layers-model")
    finally:
        server.close()


LOAD_WITH_COOKIES = """async url => {
    const model = await tf.loadLayersModel(url, {requestInit: {credentials: 'include'}});
    return model.inputs.length;
}"""


def test_a_page_that_was_allowed_by_its_domain_may_send_cookies(
    page: Page, page_url: str, tmp_path: Path
) -> None:
    options = ["--cors-origin", f"http://*.{REBOUND_HOST}:{urlsplit(page_url).port}"]
    server = ServedModels(tmp_path, models=SAMPLE_MODELS, options=options)
    try:
        page.goto(page_url.replace("127.0.0.1", f"app.{REBOUND_HOST}"))
        assert page.evaluate(LOAD_WITH_COOKIES, server.url("iris")) == 1
        page.goto(page_url)
        with pytest.raises(Error, match="Failed to fetch"):
            page.evaluate(LOAD_WITH_COOKIES, server.url("iris"))
    finally:
        server.close()
