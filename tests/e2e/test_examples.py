"""The example pages do in a browser what they say."""

from __future__ import annotations

import math
import re
import shutil
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.parity.harness import ServedModels
from tests.samples import SAMPLE_MODELS

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
EPOCHS = 10
DEADLINE_MS = 60_000


def open_example(name: str, page: Page, page_url: str, folder: Path, server: ServedModels) -> None:
    """Open an example, which loads TensorFlow.js and models from this machine."""
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    text = re.sub(r'https://cdn[^"]+/', "", text)
    (folder / name).write_text(text.replace("http://localhost:8000", server.base_url), "utf-8")
    page.goto(page_url.replace("page.html", name))


def draw_a_bar(page: Page, x: float) -> None:
    """Draw from top to bottom, `x` of the width from the left."""
    box = page.locator("canvas").bounding_box()
    assert box is not None
    across = box["x"] + x * box["width"]
    page.mouse.move(across, box["y"] + 0.15 * box["height"])
    page.mouse.down()
    page.mouse.move(across, box["y"] + 0.85 * box["height"], steps=10)
    page.mouse.up()


def steps_of(page: Page) -> int:
    return int(page.evaluate("model.optimizer.iterations"))


def test_a_page_teaches_a_model_where_keras_stopped(
    page: Page, page_url: str, page_folder: Path, served: ServedModels
) -> None:
    shutil.copy(SAMPLE_MODELS / "digits.h5", served.folder)
    open_example("teach-digits.html", page, page_url, page_folder, served)
    expect(page.locator("output")).to_contain_text("steps so far", timeout=DEADLINE_MS)
    before = steps_of(page)
    assert before > 100  # of Keras
    page.get_by_role("button", name="7", exact=True).click()
    expect(page.locator("output")).to_have_text("Draw a digit first.")

    places = (0.3, 0.4, 0.5, 0.6, 0.7)
    for x in places:
        draw_a_bar(page, x)
        page.get_by_role("button", name="7", exact=True).click()
    expect(page.locator("output")).to_have_text(f"{len(places)} of your drawings.")
    draw_a_bar(page, 0.5)
    seven = page.locator("#guess7")
    unsure = float(seven.evaluate("meter => meter.value"))
    page.get_by_role("button", name="Learn").click()
    expect(page.locator("output")).to_contain_text("Loss on your drawings", timeout=DEADLINE_MS)

    said = page.locator("output").inner_text()
    first, last = map(float, re.findall(r"\d+\.\d+", said))
    assert last < first / 2
    assert steps_of(page) == before + EPOCHS * math.ceil(len(places) / 8)
    assert float(seven.evaluate("meter => meter.value")) > max(unsure, 0.5)
