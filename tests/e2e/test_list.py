"""The page of all models in a browser: searched and turned without a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.parity.harness import ServedModels

MANY = 120


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModels]:
    models: Path = tmp_path_factory.mktemp("many") / "models"
    models.mkdir()
    for number in range(MANY):
        (models / f"model_{number:03}.h5").write_bytes(b"not looked into")
    server = ServedModels(tmp_path_factory.mktemp("served"), models=models)
    yield server
    server.close()


def test_a_long_list_is_turned_and_searched(many: ServedModels, page: Page) -> None:
    page.goto(f"{many.base_url}/")
    expect(page.locator("article")).to_have_count(50)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("Page 2 of 3")
    page.get_by_role("searchbox").fill("el_07")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("article")).to_have_count(10)
    expect(page.get_by_role("searchbox")).to_have_value("el_07")
    page.get_by_role("link", name="All models").click()
    expect(page.locator("article")).to_have_count(50)
