"""A browser, and a page on a server of its own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect, sync_playwright

from tests.parity.harness import ServedModels
from tests.samples import SAMPLE_MODELS

from .browser import launch
from .modules import SCRIPTS, Modules
from .trying import TENSORFLOW, Trial

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


expect.set_options(timeout=30_000)  # a busy machine is slower than the 5 s of Playwright


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
    for name in ("page.html", "live.html"):
        shutil.copy(Path(__file__).parent / name, folder)
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
def live_url(page_url: str) -> str:
    """URL of the page with a live model."""
    return page_url.replace("page.html", "live.html")


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


@pytest.fixture(scope="module")
def trial_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModels]:
    """The server on sample models, with TensorFlow.js of this machine for its own pages."""
    options = ["--tfjs-url", str(TENSORFLOW)]
    served = ServedModels(tmp_path_factory.mktemp("trying"), options=options)
    for path in ("digits.h5", "iris.h5", "wine-two-inputs.h5", "breast-cancer-tfjs"):
        served.add(SAMPLE_MODELS / path)
    yield served
    served.close()


@pytest.fixture
def trying(page: Page, trial_server: ServedModels) -> Iterator[Callable[..., Trial]]:
    """Opens the page of a model; at the end, the browser must not have complained."""
    trials = []

    def open_page(name: str, **options: Any) -> Trial:
        trials.append(Trial(page, trial_server, name, **options))
        return trials[-1]

    yield open_page
    assert [fault for trial in trials for fault in trial.faults] == []


@pytest.fixture(scope="module")
def modules(chromium: BrowserContext) -> Iterator[Modules]:
    with serving(SCRIPTS) as url, chromium.new_page() as page:
        root = url.removesuffix("page.html")
        page.goto(f"{root}try/shapes.js")
        yield Modules(page, f"{root}try/")
