"""The page that ``CONTRIBUTING.md`` shows loads a model and prints what it predicts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.guide import BLOCKS
from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.harness import ServedModels

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]

SECTION = "See it in a page"


def block(language: str) -> str:
    (found,) = (one for one in BLOCKS if one.section == SECTION and one.language == language)
    return found.text


def test_the_page_of_the_guide_predicts(
    page: Page,
    page_url: str,
    page_folder: Path,
    served: ServedModels,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    exec(compile(block("python"), SECTION, "exec"), {})
    served.add(tmp_path / "models/try.keras")
    text = re.sub(r'https://cdn[^"]+/', "", block("html"))
    text = text.replace("http://localhost:8000", served.base_url)
    (page_folder / "guide.html").write_text(text, encoding="utf-8")
    page.goto(page_url.replace("page.html", "guide.html"))
    expect(page.locator("pre")).to_contain_text("Tensor", timeout=30_000)
    assert re.fullmatch(r"Tensor\s+\[\[\S+, \S+\],\]\s*", page.locator("pre").inner_text())
