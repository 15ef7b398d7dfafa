"""A browser, pages in it, and servers for them to load models from."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.parity.harness import ServedModels

from .browser import launch

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests/js/node_modules/@tensorflow/tfjs/dist/tf.min.js"
REFERENCES: dict[str, dict[str, Any]] = json.loads(
    (ROOT / "tests/fixtures/sample_models.json").read_text()
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep all tests that need a browser in one worker, so that one browser does."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("e2e"))


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture(scope="session")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page and TensorFlow.js beside it."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copy(Path(__file__).parent / "page.html", folder)
    shutil.copy(SCRIPT, folder)
    return folder


@pytest.fixture(scope="session")
def page_url(page_folder: Path) -> Iterator[str]:
    """URL of the page, on another port than the models."""
    handler = partial(QuietHandler, directory=str(page_folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/page.html"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A running Chromium with an empty profile."""
    with sync_playwright() as playwright:
        context = launch(playwright, str(tmp_path_factory.mktemp("profile")))
        yield context
        context.close()


@pytest.fixture
def page(chromium: BrowserContext) -> Iterator[Page]:
    """An empty tab."""
    tab = chromium.new_page()
    yield tab
    tab.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModels]:
    """The server on an empty folder."""
    server = ServedModels(tmp_path_factory.mktemp("served"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModels]:
    """The server on the sample models."""
    workspace = tmp_path_factory.mktemp("samples")
    server = ServedModels(workspace, models=ROOT / "sample_models")
    yield server
    server.close()
