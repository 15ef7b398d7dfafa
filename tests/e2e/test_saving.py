"""Which pages may save a model, as a browser and the server enforce it together."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, Page

from tests.parity.harness import ServedModels
from tests.samples import REFERENCES, SAMPLE_MODELS
from tests.saving.terminal import token_of

from .browser import REBOUND_HOST, predict, wait_until

IRIS = REFERENCES["iris"]


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@pytest.fixture
def server(tmp_path: Path, page_url: str) -> Iterator[ServedModels]:
    """A server that lets the page save, and no other."""
    models = tmp_path / "models"
    models.mkdir()
    shutil.copy(SAMPLE_MODELS / "iris.h5", models)
    options = ["--allow-save", "--cors-origin", origin_of(page_url)]
    started = ServedModels(tmp_path, options=options)
    yield started
    started.close()


def save(page: Page, server: ServedModels, query: str = "", **headers: str) -> Any:
    """Let the page save, and return what it is told; raises what the page threw."""
    to = f"{server.base_url}/iris{query}"
    argument = {"url": server.url("iris"), "to": to, "headers": headers or None}
    return page.evaluate("argument => save(argument)", argument)


def test_a_page_that_was_named_saves(page: Page, page_url: str, server: ServedModels) -> None:
    page.goto(page_url)
    before = predict(page, server.url("iris"), IRIS["inputs"])
    token = token_of(server)
    told = save(page, server, f"?token={token}")
    assert told["status"] == 200
    assert told["answer"]["backup"] == "iris.h5.~1~"
    after = predict(page, server.url("iris"), IRIS["inputs"])
    assert (before[0] != after[0]).any()
    # Fields of its own need a preflight, and the tag is shown to the page.
    bearer = {"Authorization": f"Bearer {token}", "If-Match": told["etag"]}
    assert save(page, server, **bearer)["status"] == 200
    with pytest.raises(Error, match=r"failed due to HTTP response status 412\."):
        save(page, server, **bearer)
    with pytest.raises(Error, match=r"failed due to HTTP response status 401\."):
        save(page, server, "?token=wrong")


def test_another_page_of_this_machine_is_refused(
    page: Page, other_page_url: str, server: ServedModels
) -> None:
    page.goto(other_page_url)
    token = token_of(server)
    with pytest.raises(Error, match=r"failed due to HTTP response status 403\."):
        save(page, server, f"?token={token}")
    with pytest.raises(Error, match=r"failed due to HTTP response status 403\."):
        save(page, server, Authorization=f"Bearer {token}")
    assert [path.name for path in server.folder.iterdir()] == ["iris.h5"]
    hint = f"--cors-origin {origin_of(other_page_url)}"
    wait_until(page, lambda: hint in server.log())


SEND_BLINDLY = """async url => {
    const body = new FormData();
    body.append('model.json', new Blob(['{}']), 'model.json');
    body.append('model.weights.bin', new Blob(['']), 'model.weights.bin');
    const answer = await fetch(url, {method: 'POST', mode: 'no-cors', body});
    const form = document.createElement('form');
    Object.assign(form, {method: 'post', action: url, enctype: 'multipart/form-data'});
    document.body.append(form);
    form.submit();
    return answer.type;
}"""


def test_a_strange_page_that_knows_the_token_saves_nothing(
    page: Page, page_url: str, server: ServedModels
) -> None:
    page.goto(page_url.replace("127.0.0.1", REBOUND_HOST))
    to = f"{server.base_url}/iris?token={token_of(server)}"
    assert page.evaluate(SEND_BLINDLY, to) == "opaque"
    page.wait_for_url(to)
    assert "may not save models" in page.content()
    assert [path.name for path in server.folder.iterdir()] == ["iris.h5"]


def test_a_page_whose_name_was_pointed_here_saves_nothing(page: Page, server: ServedModels) -> None:
    origin = server.base_url.replace("127.0.0.1", REBOUND_HOST)
    # As if the page had come from the owner of the name before it was pointed here.
    page.context.new_cdp_session(page).send("Page.setBypassCSP", {"enabled": True})
    page.goto(f"{origin}/iris/")
    status = page.evaluate(
        "url => fetch(url, {method: 'POST', body: new FormData()}).then(({status}) => status)",
        f"/iris?token={token_of(server)}",
    )
    assert status == 403
    assert [path.name for path in server.folder.iterdir()] == ["iris.h5"]
    wait_until(page, lambda: f"--allowed-host {REBOUND_HOST}" in server.log())
