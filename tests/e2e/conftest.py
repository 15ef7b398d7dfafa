"""A browser, and a page on a server of its own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

from .browser import launch

PACKAGES = Path(__file__).parents[1] / "js/node_modules"
WASM = "@tensorflow/tfjs-backend-wasm/dist"
FILES = (
    "@tensorflow/tfjs/dist/tf.min.js",
    f"{WASM}/tf-backend-wasm.min.js",
    f"{WASM}/tfjs-backend-wasm.wasm",
    f"{WASM}/tfjs-backend-wasm-simd.wasm",
    f"{WASM}/tfjs-backend-wasm-threaded-simd.wasm",
    "@tensorflow/tfjs-backend-webgpu/dist/tf-backend-webgpu.min.js",
    "@teachablemachine/image/dist/teachablemachine-image.min.js",
    "ml5/dist/ml5.min.js",
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


class SiteHandler(QuietHandler):
    """Serves what is in the folder ``public`` of a folder, too, as if it were the site."""

    def translate_path(self, path: str) -> str:
        found = super().translate_path(path)
        return found if Path(found).exists() else super().translate_path(f"/public{path}")


@pytest.fixture(scope="session")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page, and with TensorFlow.js and other libraries beside it."""
    folder = tmp_path_factory.mktemp("page")
    copy_page(folder)
    return folder


def copy_page(folder: Path) -> None:
    """Copy the page into a folder, and TensorFlow.js and other libraries beside it."""
    shutil.copy(Path(__file__).parent / "page.html", folder)
    for name in FILES:
        shutil.copy(PACKAGES / name, folder)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the page on a port of its own; yields its URL."""
    handler = partial(SiteHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/page.html"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def page_url(page_folder: Path) -> Iterator[str]:
    """URL of the page, on another port than the models."""
    with serving(page_folder) as url:
        yield url


@pytest.fixture(scope="session")
def other_page_url(page_folder: Path) -> Iterator[str]:
    """URL of the same page on a third port."""
    with serving(page_folder) as url:
        yield url


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """What starts browsers.

    Not for the whole session: as long as Playwright is there, its event loop counts as running
    in this thread, and asynchronous tests cannot have one of their own.
    """
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def chromium(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """A running Chromium with an empty profile."""
    context = launch(playwright, str(tmp_path_factory.mktemp("profile")))
    yield context
    context.close()


@pytest.fixture
def page(chromium: BrowserContext) -> Iterator[Page]:
    """An empty tab."""
    tab = chromium.new_page()
    yield tab
    tab.close()
