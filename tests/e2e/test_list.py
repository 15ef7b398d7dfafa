"""The page of all models in a browser: searched and turned, with and without scripts."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.parity.harness import ServedModels

MANY = 120
SAMPLES = Path(__file__).parents[2] / "sample_models"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModels]:
    models: Path = tmp_path_factory.mktemp("many") / "models"
    models.mkdir()
    for number in range(MANY):
        (models / f"model_{number:03}.h5").write_bytes(b"not looked into")
    server = ServedModels(tmp_path_factory.mktemp("served"), models=models)
    yield server
    server.close()


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModels]:
    models: Path = tmp_path_factory.mktemp("mixed") / "models"
    models.mkdir()
    shutil.copy(SAMPLES / "iris.h5", models)
    (models / "empty.h5").write_bytes(b"")
    (models / "face.tflite").write_bytes(b"TFL3")
    server = ServedModels(tmp_path_factory.mktemp("served"), models=models, options=["--diagnose"])
    yield server
    server.close()


def eventually(condition: Callable[[], object]) -> None:
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it never happens")


def test_good_is_told_from_bad_without_a_request(mixed: ServedModels, page: Page) -> None:
    eventually(lambda: b'"unknown": 0' in mixed.get(f"{mixed.base_url}/-/models.json").body)
    page.goto(f"{mixed.base_url}/")
    expect(page.locator(".lead")).to_contain_text("3 found: 1 load, 2 do not.")
    good, bad = (
        page.locator(".models tbody").filter(has=page.get_by_role("link", name=name, exact=True))
        for name in ("iris", "empty")
    )
    expect(good.locator(".checked")).to_have_text("loads")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    good.get_by_role("button", name="Copy the code that loads iris").click()
    expect(good.get_by_role("button")).to_have_text("Copied")
    assert "tf.loadLayersModel('" in page.evaluate("navigator.clipboard.readText()")
    expect(bad.locator(".state.failed")).to_have_text("does not load")
    expect(bad).to_contain_text("empty.h5 is empty")
    expect(bad.get_by_role("button")).to_have_count(0)
    expect(page.locator(".others")).to_contain_text("face.tflite is a TensorFlow Lite model")
    page.get_by_role("link", name="iris", exact=True).click()
    expect(page.get_by_role("cell", name="InputLayer")).to_be_visible()


def test_who_opens_a_wrong_url_gets_a_page_and_a_script_does_not(
    mixed: ServedModels, page: Page, page_url: str
) -> None:
    answer = page.goto(f"{mixed.base_url}/irsi/model.json")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading")).to_have_text("No such model")
    expect(page.locator("main")).to_contain_text("Did you mean 'iris'?")
    page.get_by_role("link", name="All models", exact=True).click()
    expect(page.locator(".models tbody")).to_have_count(2)
    page.goto(page_url)
    with page.expect_response("**/irsi/model.json") as response:
        page.evaluate("url => fetch(url).then(() => {})", f"{mixed.base_url}/irsi/model.json")
    assert response.value.headers["content-type"] == "application/problem+json"
    page.evaluate("url => fetch(url).then(() => {})", f"{mixed.base_url}/iris.h5")
    eventually(lambda: "did you mean /iris.h5/model.json" in mixed.log())


def test_a_long_list_is_turned_and_searched_without_scripts(
    many: ServedModels, chromium: BrowserContext
) -> None:
    browser = chromium.browser
    assert browser is not None
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{many.base_url}/")
    expect(page.locator(".models tbody")).to_have_count(50)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("Page 2 of 3")
    page.get_by_role("searchbox").fill("el_07")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".models tbody")).to_have_count(10)
    expect(page.get_by_role("searchbox")).to_have_value("el_07")
    page.get_by_role("link", name="All models", exact=True).click()
    expect(page.locator(".models tbody")).to_have_count(50)
    page.context.close()


def test_a_search_finds_while_one_types(many: ServedModels, page: Page) -> None:
    page.goto(f"{many.base_url}/")
    page.get_by_role("searchbox").press_sequentially("el_07")
    expect(page.locator(".models tbody")).to_have_count(10)
    expect(page.get_by_role("searchbox")).to_be_focused()
    assert page.url.endswith("/?q=el_07")
    page.reload()
    expect(page.locator(".models tbody")).to_have_count(10)
