"""Pages that are open show what happens to the models, without being loaded again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conversion.building import given, layer, sequential
from tests.parity.harness import ServedModels

from .test_pages import write

SAMPLES = Path(__file__).parents[2] / "sample_models"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedModels]:
    models = tmp_path / "models"
    models.mkdir()
    shutil.copy(SAMPLES / "iris.h5", models)
    server = ServedModels(tmp_path, models=models, options=["--diagnose"])
    yield server
    server.close()


def test_the_list_follows_the_folder(served: ServedModels, page: Page) -> None:
    page.goto(f"{served.base_url}/")
    rows = page.locator(".models tbody")
    expect(rows.filter(has_text="iris").locator(".state")).to_have_text("loads")
    page.evaluate("window.mark = 1")
    shutil.copy(SAMPLES / "digits.h5", served.folder / "new.h5")
    expect(rows.filter(has_text="new.h5").locator(".state")).to_have_text("loads", timeout=20_000)
    expect(rows.filter(has_text="new.h5").get_by_role("button")).to_have_text("Copy")
    assert served.get(f"{served.base_url}/new/model.json").status == 200
    expect(rows.filter(has_text="new.h5").locator(".state")).to_have_text("ready")
    expect(rows.filter(has_text="new.h5")).to_have_class("fresh")
    write(served.folder / "odd.keras", sequential([given("x", [None, 3]), layer("Odd", "odd")]))
    expect(rows.filter(has_text="odd.keras")).to_contain_text("(Odd)", timeout=20_000)
    (served.folder / "new.h5").unlink()
    expect(rows.filter(has_text="new.h5")).to_have_count(0, timeout=20_000)
    assert page.evaluate("window.mark") == 1


def test_the_page_of_a_model_follows_its_file(served: ServedModels, page: Page) -> None:
    page.goto(f"{served.base_url}/iris/")
    expect(page.locator(".heading .state")).to_have_text("loads", timeout=20_000)
    page.evaluate("window.mark = 1")
    page.get_by_role("tab", name="Node.js").click()
    assert served.get(f"{served.base_url}/iris/model.json").status == 200
    expect(page.locator(".heading .state")).to_have_text("ready", timeout=20_000)
    expect(page.locator("#generations tbody").first.locator("tr")).to_have_count(1)
    expect(page.get_by_role("tab", name="Node.js")).to_have_attribute("aria-selected", "true")
    shutil.copy(SAMPLES / "digits.h5", served.folder / "iris.h5")
    expect(page.locator("#layers")).to_contain_text("Conv2D", timeout=20_000)
    page.locator("#graph").scroll_into_view_if_needed()
    expect(page.locator("#graph")).to_contain_text("Conv2D")
    expect(page.locator(".contents")).to_contain_text("Training")
    assert page.evaluate("window.mark") == 1
