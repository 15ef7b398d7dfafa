"""The pages that ``README.md`` and ``CONTRIBUTING.md`` show load a model and predict."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.guide import BLOCKS
from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.harness import ServedModels
from tests.samples import SAMPLE_MODELS

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]

SECTION = "See it in a page"
README = Path(__file__).parents[2] / "README.md"


def block(language: str) -> str:
    (found,) = (one for one in BLOCKS if one.section == SECTION and one.language == language)
    return found.text


def open_page(text: str, page: Page, page_url: str, folder: Path, server: ServedModels) -> None:
    """Open a page, which loads TensorFlow.js and models from this machine."""
    text = re.sub(r'https://cdn[^"]+/', "", text)
    text = text.replace("http://localhost:8000", server.base_url)
    (folder / "guide.html").write_text(text, encoding="utf-8")
    page.goto(page_url.replace("page.html", "guide.html"))


def test_the_page_of_the_readme_predicts(
    page: Page, page_url: str, page_folder: Path, served: ServedModels
) -> None:
    served.add(SAMPLE_MODELS / "iris.h5")
    text = README.read_text(encoding="utf-8").partition("```html\n")[2].partition("```")[0]
    open_page(text, page, page_url, page_folder, served)
    expect(page.locator("output")).to_have_text("0", timeout=30_000)


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
    open_page(block("html"), page, page_url, page_folder, served)
    expect(page.locator("pre")).to_contain_text("Tensor", timeout=30_000)
    assert re.fullmatch(r"Tensor\s+\[\[\S+, \S+\],\]\s*", page.locator("pre").inner_text())
