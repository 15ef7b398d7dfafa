"""The page of a published folder, from a plain web server, below a path, in Chromium."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.folder_server import serving
from tests.samples import SAMPLE_MODELS
from tfjs_serve.publishing.site_page import site_page
from tfjs_serve.web.pages.assets import asset

from .layer_models import gru, quotient, saved
from .web_servers import tfjs_serve

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]

TENSORFLOW = Path(__file__).parents[1] / "js/node_modules/@tensorflow/tfjs/dist/tf.es2017.min.js"
DEADLINE_SECONDS = 60.0
ODD = "it's #1 & 50%+"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the page, which is not at the root of its server."""
    folder = tmp_path_factory.mktemp("site")
    models = folder / "models"
    (models / "nested").mkdir(parents=True)
    shutil.copy(SAMPLE_MODELS / "digits.h5", models)
    (models / "digits.labels.txt").write_text("\n".join(f"<b>{digit}" for digit in range(10)))
    saved(gru, models / f"{ODD}.keras")
    saved(quotient, models / "nested" / "quotient.keras")
    words = ("--variants", "full,uint8", "--cache-dir", str(folder / "cache"))
    tfjs_serve("publish", str(models), str(folder / "www" / "some where"), *words)
    with serving(folder / "www") as url:
        yield f"{url}/some%20where/"


@pytest.fixture
def asked(page: Page) -> Iterator[list[str]]:
    """What the page loads; the CDN is in a folder here."""
    urls: list[str] = []

    def answer(route: Route) -> None:
        allowed = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"}
        route.fulfill(path=str(TENSORFLOW), headers=allowed)

    page.route("https://cdn.jsdelivr.net/**", answer)
    page.on("request", lambda request: urls.append(request.url))
    yield urls


def _tried(page: Page, name: str) -> str:
    """Press the button of a model; return what the page says of it."""
    card = page.locator("[data-model]").filter(
        has=page.get_by_role("heading", name=name, exact=True)
    )
    card.get_by_role("button").click()
    until = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < until:
        told = card.locator("output").inner_text()
        if "loaded in" in told or "did not work" in told:
            return told
        page.wait_for_timeout(100)
    raise AssertionError(f"the page says {told!r}")


def test_nothing_is_loaded_before_somebody_asks(page: Page, site: str, asked: list[str]) -> None:
    page.goto(site)
    assert asked == [site]
    lines = page.locator("code").all_inner_texts()
    assert f"const model = await tf.loadLayersModel('{site}digits/model.json');" in lines
    assert (
        f"const model = await tf.loadLayersModel('{site}nested/quotient@uint8/model.json');"
        in lines
    )
    scripts = [line for line in lines if line.startswith("<script")]
    assert f'<script src="{site}it%27s%20%231%20%26%2050%25%2B/layers.js"></script>' in scripts
    assert "<b>7" in page.locator("[data-model]").filter(has_text="digits").first.inner_text()


def test_models_run_from_the_page(page: Page, site: str, asked: list[str]) -> None:
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto(site)
    assert re.search(r"\[1, 8, 2\]|\[1, 2\]: -?\d", _tried(page, ODD))
    assert "[1, 4]: " in _tried(page, "nested/quotient")
    assert "[1, 4]: " in _tried(page, "nested/quotient@uint8")
    labelled = _tried(page, "digits")
    values = [float(one) for one in re.findall(r"<b>\d ([\d.e-]+)", labelled)]
    assert len(values) == 5
    assert values == sorted(values, reverse=True)
    foreign = {url for url in asked if not url.startswith((site, "blob:", "data:"))}
    assert len(foreign) == 1
    assert told == []


def test_what_does_not_work_is_said(page: Page, site: str, asked: list[str]) -> None:
    page.goto(site)
    page.route("**/digits/model.json", lambda route: route.fulfill(status=404))
    assert "did not work" in _tried(page, "digits")
    page.unroute("**/digits/model.json")
    assert "loaded in" in _tried(page, "digits")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_it_fits(page: Page, site: str, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(site)
    root = page.locator("html").bounding_box()
    assert root is not None
    widest = max(
        box["x"] + box["width"]
        for one in page.locator("main *").all()
        if (box := one.bounding_box()) is not None
    )
    assert widest <= width
    ground = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    red = int(re.findall(r"\d+", ground)[0])
    assert (red > 128) == (scheme == "light")


def test_the_cdn_cannot_send_something_else(page: Page, site: str, asked: list[str]) -> None:
    """The page asks for the bytes of the release that the tests run, by address and digest."""
    allowed = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"}
    body = TENSORFLOW.read_bytes() + b"document.title = 'mine';"
    page.route(
        "https://cdn.jsdelivr.net/**", lambda route: route.fulfill(body=body, headers=allowed)
    )
    page.goto(site)
    assert "cannot be loaded" in _tried(page, "digits")
    assert page.title() != "mine"
    digest = base64.b64encode(hashlib.sha384(TENSORFLOW.read_bytes()).digest()).decode()
    script = asset("site.js").text
    assert f'"sha384-{digest}"' in script
    address = re.search(r'"(https://cdn[^"]*)"', script)
    assert address is not None
    assert f" {address[1]};" in site_page([])
