"""The page of a model in the cell of a notebook, which is a page of another port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tfjs_serve import BackgroundServer, serve_background

from .browser import REBOUND_HOST, wait_until
from .conftest import serving

SAMPLES = Path(__file__).parents[2] / "sample_models"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BackgroundServer]:
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX", raising=False)
    with serve_background(SAMPLES / "iris.h5", port=0, cache_dir=tmp_path / "cache") as server:
        yield server


@pytest.fixture
def notebook(server: BackgroundServer, tmp_path: Path) -> Iterator[str]:
    """The URL of a page with what a notebook shows of the server."""
    folder = tmp_path / "notebook"
    folder.mkdir()
    page = folder / "page.html"
    page.write_text(f"<!DOCTYPE html><title>cell</title>{server._repr_html_()}")
    with serving(folder) as url:
        yield url


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_notebook_on_this_machine_shows_the_page(
    page: Page, server: BackgroundServer, notebook: str, host: str
) -> None:
    page.goto(notebook.replace("127.0.0.1", host))
    frame = page.frame_locator("iframe")
    assert "iris" in frame.locator("h1").inner_text()
    link = page.get_by_role("link", name=server.url)
    assert link.get_attribute("href") == server.url


def test_a_page_of_another_site_does_not(
    page: Page, server: BackgroundServer, notebook: str
) -> None:
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.goto(notebook.replace("127.0.0.1", REBOUND_HOST))
    wait_until(page, lambda: any("frame-ancestors" in one for one in told))
    wait_until(page, lambda: page.frames[1].url.startswith("chrome-error:"))


def test_where_the_notebook_passes_requests_on_the_frame_asks_it(
    page: Page, server: BackgroundServer, tmp_path: Path
) -> None:
    """As jupyter-server-proxy does, below the path that the page of Jupyter knows."""
    folder = tmp_path / "remote"
    port = server.url.split(":")[2].split("/")[0]
    passed_on = folder / "base" / "proxy" / port / "iris"
    passed_on.mkdir(parents=True)
    (passed_on / "index.html").write_text("<!DOCTYPE html><h1>passed on</h1>")
    start = '<!DOCTYPE html><script id="jupyter-config-data" type="application/json">'
    cell = f'{start}{{"baseUrl": "/base/"}}</script><body>{server._repr_html_()}'
    (folder / "page.html").write_text(cell)
    with serving(folder) as url:
        page.goto(url.replace("127.0.0.1", REBOUND_HOST))
        assert page.frame_locator("iframe").locator("h1").inner_text() == "passed on"
        link = page.get_by_role("link", name=server.url).get_attribute("href")
    assert link is not None
    assert link.endswith(f"/base/proxy/{port}/iris/")
