"""Take the pictures of the pages in ``docs/images``: ``python tools/screenshots.py [NAME...]``.

A folder of varied models is served by the real server, and each shot is taken in headless Chromium.
This needs what the tests need, which ``python3 dev.py test`` installs.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, sync_playwright
from screenshot_models import write_models

from tests.e2e.browser import SOFTWARE_GRAPHICS, chromium_path
from tests.e2e.trying import TENSORFLOW, THREE, draw
from tests.parity.harness import ServedModels

IMAGES = ROOT / "docs" / "images"
WIDE, TALL, PHONE = (1200, 500), (1200, 1500), (390, 844)
SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A picture of a page.

    Attributes
    ----------
    path
        Of the page on the server.
    size
        Of the window, in CSS pixels; of a `WIDE` one, the whole page is shown.
    is_dark
        Whether the reader prefers dark pages.
    part
        Selector of what is shown; empty for the whole page.
    prepare
        What is done in the page first.
    """

    path: str
    size: tuple[int, int] = WIDE
    is_dark: bool = False
    part: str = ""
    prepare: Callable[[Page], object] = lambda _page: None


def _graph_is_drawn(page: Page) -> None:
    page.locator("#layers").scroll_into_view_if_needed()
    page.locator("#graph svg .box").first.wait_for()


def _drawn(page: Page) -> None:
    """Have a digit read that is drawn, and measured."""
    page.get_by_role("button", name="Load the model").click()
    page.get_by_label("Draw here").wait_for(timeout=SECONDS * 1000)
    draw(page, THREE)
    _measured(page, 1)


def _compared(page: Page) -> None:
    _drawn(page)
    page.get_by_label("Compare with").select_option("uint8")
    _measured(page, 2)


def _measured(page: Page, count: int) -> None:
    """Wait until the costs of so many models are known."""
    last = page.locator("#try .costs tbody td:last-child:not(:empty)")
    last.nth(count - 1).wait_for(timeout=SECONDS * 1000)


def _proved(page: Page) -> None:
    page.get_by_role("button", name="Compare with Keras").click()
    said = page.locator("#proof").get_by_text("The page predicts what Keras predicts.")
    said.wait_for(timeout=SECONDS * 1000)


def _overlay_is_shown(page: Page) -> None:
    """Let the page ask for a model that cannot be loaded; no TensorFlow.js gets as far as that."""
    page.evaluate(
        """import("/-/client.js").then(({ liveModel }) => {
          document.body.innerHTML = "<h1>Which digit is it?</h1><p>Draw one.</p><button>Clear";
          liveModel(null, "/augmented/model.json").catch(() => {});
        })"""
    )
    page.locator("tfjs-serve-overlay section").wait_for()


SHOTS = {
    "catalogue": Shot(path="/"),
    "catalogue-dark": Shot(path="/", is_dark=True),
    "catalogue-phone": Shot(path="/?only=good", size=PHONE),
    "model": Shot(path="/similar-pictures/", size=TALL, prepare=_graph_is_drawn),
    "model-dark": Shot(path="/similar-pictures/", size=TALL, is_dark=True, prepare=_graph_is_drawn),
    "model-phone": Shot(path="/similar-pictures/", size=PHONE, prepare=_graph_is_drawn),
    "graph": Shot(path="/similar-pictures/", part="#graph", prepare=_graph_is_drawn),
    "refused": Shot(path="/augmented/"),
    "try": Shot(path="/digits/", part="#try", prepare=_drawn),
    "try-dark": Shot(path="/digits/", part="#try", is_dark=True, prepare=_drawn),
    "try-phone": Shot(path="/digits/", part="#try", size=PHONE, prepare=_drawn),
    "compare": Shot(path="/digits/", part="#try", prepare=_compared),
    "compare-dark": Shot(path="/digits/", part="#try", is_dark=True, prepare=_compared),
    "proof": Shot(path="/digits/", part="#proof", prepare=_proved),
    "proof-dark": Shot(path="/digits/", part="#proof", is_dark=True, prepare=_proved),
    "overlay": Shot(path="/-/health", prepare=_overlay_is_shown),
    "overlay-dark": Shot(path="/-/health", is_dark=True, prepare=_overlay_is_shown),
}
"""By the names of their files."""


def main(names: list[str]) -> None:
    with serving() as origin, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(),
            chromium_sandbox=_may_have_sandbox(),
            args=list(SOFTWARE_GRAPHICS),
        )
        for name in names or SHOTS:
            take(browser, origin, SHOTS[name], IMAGES / f"{name}.png")
        browser.close()


def take(browser: Browser, origin: str, shot: Shot, target: Path) -> None:
    """Take one picture, of two pixels for each CSS pixel on a phone."""
    width, height = shot.size
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if shot.is_dark else "light",
        device_scale_factor=2 if shot.size == PHONE else 1,
        reduced_motion="reduce",
    )
    page.goto(f"{origin}{shot.path}")
    shot.prepare(page)
    page.wait_for_timeout(300)
    if shot.part:
        page.locator(shot.part).screenshot(path=target)
    else:
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=target, full_page=shot.size == WIDE)
    page.close()


@contextmanager
def serving() -> Iterator[str]:
    """Serve the models; yields the origin of the server, which has looked at all of them."""
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder, "models")
        no_models = shutil.ignore_patterns("*.py", "*.cjs", "*.md")
        shutil.copytree(ROOT / "sample_models", models, ignore=no_models)
        write_models(models)
        work = Path(folder, "served")
        work.mkdir()
        server = ServedModels(
            work, models=models, options=["--diagnose", "--tfjs-url", str(TENSORFLOW)]
        )
        try:
            _wait(f"{server.base_url}/-/models.json", b'"unknown": 0')
            urlopen(f"{server.base_url}/similar-pictures/model.json").close()
            yield server.base_url
        finally:
            server.close()


def _wait(url: str, text: bytes) -> None:
    for _ in range(10 * SECONDS):
        with urlopen(url) as answer:
            if text in answer.read():
                return
        time.sleep(0.1)
    raise SystemExit(f"{url} never has {text!r}")


def _may_have_sandbox() -> bool:
    return not (hasattr(os, "geteuid") and os.geteuid() == 0)


if __name__ == "__main__":
    main(sys.argv[1:])
