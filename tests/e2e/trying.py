"""Trying a model in its page, as a person does."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin
from pathlib import Path

import numpy as np
from playwright.sync_api import Locator, Page, expect

from tests.parity.harness import ServedModels

TENSORFLOW = Path(__file__).parents[1] / "js/node_modules/@tensorflow/tfjs"
LOADED_MS = 60_000
WATCH = """
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    console.error(`violation of ${violatedDirective} by ${blockedURI}`));
"""

Point = tuple[float, float]
"""Parts of the width and of the height of what is drawn on."""
THREE: Sequence[Point] = (
    *((0.3, 0.2), (0.5, 0.12), (0.68, 0.22), (0.66, 0.38), (0.45, 0.48)),
    *((0.68, 0.58), (0.7, 0.78), (0.5, 0.88), (0.28, 0.8)),
)
ZERO: Sequence[Point] = tuple(
    (0.5 + 0.22 * cos(angle * pi / 8), 0.5 + 0.36 * sin(angle * pi / 8)) for angle in range(17)
)


def draw(page: Page, points: Sequence[Point]) -> None:
    """Draw a line on the page's sheet, with the mouse."""
    sheet = page.get_by_label("Draw here")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=3)
    page.mouse.up()


class Trial:
    """The section "Try it" of one model's page.

    Attributes
    ----------
    faults
        What the browser complained of: errors of scripts, and violations of the page's policy.
    """

    def __init__(self, page: Page, server: ServedModels, name: str, *, load: bool = True) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.add_init_script(WATCH)
        page.goto(f"{server.base_url}/{name}/")
        self.section = page.locator("#try")
        if load:
            self.load()

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error":
            self.faults.append(text)

    def load(self) -> None:
        self.section.get_by_role("button", name="Load the model").click()
        expect(self.button("Predict")).to_be_visible(timeout=LOADED_MS)

    def button(self, name: str) -> Locator:
        return self.section.get_by_role("button", name=name, exact=True)

    def choose(self, label: str, value: str) -> None:
        self.section.get_by_label(label, exact=True).select_option(value)

    def open_options(self) -> None:
        """Show how pixels become numbers."""
        self.section.locator("summary").click()

    def draw(self, points: Sequence[Point]) -> None:
        draw(self.page, points)

    def settle(self) -> None:
        """Wait until what is shown is of the input as it is now."""
        outputs = self.section.locator(".outputs")
        expect(outputs).to_have_attribute("aria-busy", "false", timeout=LOADED_MS)

    @property
    def alert(self) -> Locator:
        return self.section.get_by_role("alert")

    @property
    def outputs(self) -> Locator:
        return self.section.locator(".output")

    @property
    def best(self) -> Locator:
        """The name of the class with the longest bar."""
        return self.outputs.locator(".best th")

    def number(self, index: int = 0) -> float:
        """Return an output of one number."""
        self.settle()
        one = self.outputs.nth(index).locator("dd")
        expect(one).to_be_visible()
        return float(one.inner_text().split()[0])

    def costs(self, row: int = 0) -> list[str]:
        """Return what stands in a row of costs: the name, then load, network, cache and times."""
        line = self.section.locator(".costs tbody tr").nth(row)
        expect(line.locator("td").last).not_to_be_empty(timeout=LOADED_MS)
        return [cell.strip() for cell in line.locator("th, td").all_inner_texts()]

    def fetched_bytes(self, row: int = 0) -> float:
        """Return how many bytes a model has cost."""
        number, unit = self.costs(row)[2].split()
        return float(number) * {"bytes": 1, "KiB": 2**10, "MiB": 2**20}[unit]

    def tensors(self) -> int:
        """Return how many tensors there are between predictions."""
        counts = []
        for _ in range(20):
            counts.append(int(self.page.evaluate("tf.memory().numTensors")))
            self.page.wait_for_timeout(25)
        return min(counts)


def shown_numbers(trial: Trial, wanted: list[float], atol: float) -> None:
    """Wait until the output is as wanted."""
    last = trial.outputs.locator("tbody td.value")
    expect(last).to_have_count(len(wanted))
    for _ in range(100):
        shown = [float(text.removeprefix("<")) for text in last.all_inner_texts()]
        if np.allclose(shown, wanted, atol=atol):
            return
        trial.page.wait_for_timeout(50)
    np.testing.assert_allclose(shown, wanted, atol=atol)
