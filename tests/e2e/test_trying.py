"""The page of a model lets people try it, under its strict policy: drawings, numbers, tables."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.harness import ServedModels
from tests.samples import REFERENCES, SAMPLE_MODELS

from .trying import THREE, ZERO, Trial

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]

AXE = Path(__file__).parents[1] / "js/node_modules/axe-core/axe.min.js"


def test_a_drawn_digit_is_read(trying: Callable[..., Trial]) -> None:
    trial = trying("digits")
    for points, digit in ((THREE, "3"), (ZERO, "0")):
        trial.button("Clear").click()
        trial.draw(points)
        expect(trial.best).to_have_text(digit)
    expect(trial.outputs.locator("tbody tr")).to_have_count(10)
    name, load, network, cache, warm_up, median = trial.costs()
    assert name == "full"
    assert re.fullmatch(r"[\d.]+ m?s", load)
    assert float(network.removesuffix(" KiB")) > 150
    assert cache == "0 bytes"
    assert re.fullmatch(r"[\d.]+ m?s", warm_up)
    assert re.fullmatch(r"[\d.]+ m?s \(\d+ times\)", median)
    expect(trial.section.locator(".costs thead")).to_contain_text("On webgl")


def test_the_second_visit_takes_weights_from_the_cache(trying: Callable[..., Trial]) -> None:
    trying("iris").costs()
    _, _, network, cache, *_ = trying("iris").costs()
    assert re.fullmatch(r"\d+ bytes", network)  # the head of a 304
    assert cache != "0 bytes"


def test_a_digit_is_drawn_with_the_keyboard(trying: Callable[..., Trial]) -> None:
    trial = trying("digits")
    trial.section.get_by_label("Draw here").focus()
    keyboard = trial.page.keyboard
    for _ in range(6):
        keyboard.press("ArrowUp")
    keyboard.press("Space")
    for _ in range(12):
        keyboard.press("ArrowDown")
    expect(trial.best).to_have_text("1")
    keyboard.press("Delete")
    expect(trial.outputs).to_have_count(0)


def test_a_sheet_that_was_cleared_shows_nothing(trying: Callable[..., Trial]) -> None:
    trial = trying("digits")
    hint = trial.section.get_by_text("Draw here")
    shown = trial.section.get_by_text("What the model answers is shown here.")
    seen = trial.section.get_by_label("What the model sees")
    is_blank = "canvas => !canvas.getContext('2d').getImageData(0, 0, 8, 8).data.some(Boolean)"
    trial.draw(THREE)
    expect(trial.best).to_have_text("3")
    expect(hint).to_be_hidden()
    expect(shown).to_have_count(0)
    assert not seen.evaluate(is_blank)
    trial.button("Clear").click()
    expect(hint).to_be_visible()
    expect(shown).to_be_visible()
    assert seen.evaluate(is_blank)


def test_what_is_drawn_can_be_inverted(trying: Callable[..., Trial]) -> None:
    trial = trying("digits")
    trial.draw(THREE)
    expect(trial.best).to_have_text("3")
    mean = """canvas => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((sum, byte, index) => sum + (index % 4 ? 0 : byte), 0) / (data.length / 4);
    }"""
    seen = trial.section.get_by_label("What the model sees")
    trial.settle()
    before = seen.evaluate(mean)
    trial.open_options()
    trial.section.get_by_label("Invert (dark becomes light)").check()
    trial.settle()
    assert abs(seen.evaluate(mean) - (255 - before)) < 1


def test_numbers_are_predicted_as_keras_does(trying: Callable[..., Trial]) -> None:
    trial = trying("iris")
    (given,), (expected,) = REFERENCES["iris"]["inputs"], REFERENCES["iris"]["outputs"]
    for index, value in enumerate(given["values"][:4]):
        trial.section.get_by_label(str(index), exact=True).fill(str(value))
    trial.settle()
    trial.choose("Show as", "numbers")
    cells = trial.outputs.locator(".matrix td")
    wanted = expected["values"][:3]
    expect(cells.nth(int(np.argmax(wanted)))).to_have_text(f"{max(wanted):.4g}")
    shown = [float(text) for text in cells.all_inner_texts()]
    np.testing.assert_allclose(shown, wanted, rtol=1e-3, atol=1e-6)


def test_rows_of_a_table_feed_all_inputs(trying: Callable[..., Trial]) -> None:
    trial = trying("wine-two-inputs")
    inputs, (expected,) = (REFERENCES["wine-two-inputs"][name] for name in ("inputs", "outputs"))
    rows = len(expected["values"]) // 3
    columns = [np.reshape(one["values"], (rows, -1)) for one in inputs]
    text = io.StringIO()
    np.savetxt(text, np.concatenate(columns, 1), delimiter=";")
    trial.choose("Predict from", "table")
    area = trial.section.get_by_label(re.compile("Rows of 7 numbers for .*, then 6 numbers for"))
    area.fill(text.getvalue())
    best = np.argmax(np.reshape(expected["values"], (rows, 3)), 1)
    trial.settle()
    answers = trial.outputs.locator("tbody td")
    expect(answers).to_have_count(rows)
    assert [text.split(":")[0] for text in answers.all_inner_texts()] == [str(one) for one in best]
    expect(trial.outputs.locator("thead th")).to_have_text(["Row", "Largest"])
    expect(answers.first).to_have_text(re.compile(r"\d: [01]\.\d{4}"))
    area.fill("1;2;3")
    expect(trial.alert).to_have_text("Line 1 has 3 cells, and not 13.")


def test_random_numbers_show_whether_a_model_runs(trying: Callable[..., Trial]) -> None:
    trial = trying("breast-cancer-tfjs")
    trial.choose("Feed with", "random")
    trial.section.get_by_label("seed").fill("3")
    output = trial.outputs.locator("dd")
    trial.costs()
    first = output.inner_text()
    trial.button("Other numbers").click()
    expect(trial.section.get_by_label("seed")).to_have_value("4")
    expect(output).not_to_have_text(first)
    trial.section.get_by_label("seed").fill("3")
    expect(output).to_have_text(first)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    trying: Callable[..., Trial], scheme: Literal["light", "dark"]
) -> None:
    trial = trying("digits", load=False)
    trial.page.emulate_media(color_scheme=scheme)
    trial.load()
    trial.draw(THREE)
    trial.choose("Compare with", "uint8")
    expect(trial.outputs.locator(".difference")).to_be_visible()
    trial.open_options()
    trial.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = trial.page.evaluate("axe.run('#try')")["violations"]
    told = [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]
    assert told == []
    trial.page.emulate_media(color_scheme="light")


# --- Backends -----------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["cpu", "wasm", "webgl", "webgpu"])
def test_every_backend_can_be_chosen(trying: Callable[..., Trial], backend: str) -> None:
    trial = trying("digits")
    trial.draw(THREE)
    trial.choose("Backend", backend)
    expect(trial.section.locator(".costs thead")).to_contain_text(f"On {backend}")
    trial.settle()
    expect(trial.best).to_have_text("3")
    assert trial.page.evaluate("tf.getBackend()") == backend


def test_a_backend_that_the_browser_lacks_is_not_offered(trying: Callable[..., Trial]) -> None:
    trial = trying("iris", load=False)
    trial.page.add_init_script("delete Navigator.prototype.gpu")
    trial.page.reload()
    trial.load()
    option = trial.section.locator("option[value=webgpu]")
    expect(option).to_have_text("webgpu, not in this browser")
    expect(option).to_be_disabled()


def test_a_backend_that_fails_says_so_and_leaves_the_one_before(
    trying: Callable[..., Trial],
) -> None:
    trial = trying("iris")
    trial.page.evaluate("tf.registerBackend('broken', () => { throw new Error('no') })")
    trial.page.evaluate("tf.env().set('PROD', true)")  # the browser need not be told
    trial.choose("Backend", "cpu")
    trial.choose("Backend", "broken")
    expect(trial.alert).to_have_text("This browser has no broken.")
    expect(trial.section.get_by_label("Backend")).to_have_value("cpu")


def test_what_is_known_to_be_wrong_on_a_backend_is_told(
    trying: Callable[..., Trial], trial_server: ServedModels
) -> None:
    trial_server.add(SAMPLE_MODELS / "sequences/brackets.h5")
    assert trial_server.get(f"{trial_server.base_url}/brackets/model.json").status == 200
    trial = trying("brackets")
    warning = trial.section.locator(".fields .notice")
    trial.choose("Backend", "wasm")
    expect(trial.section.locator(".costs thead")).to_contain_text("On wasm")
    expect(warning).to_have_count(0)
    trial.choose("Backend", "webgpu")
    expect(warning).to_contain_text("gru (GRU): wrong on the webgpu backend")


def test_a_phone_needs_no_scrolling_sideways(trying: Callable[..., Trial]) -> None:
    trial = trying("digits", load=False)
    trial.page.set_viewport_size({"width": 360, "height": 740})
    trial.load()
    trial.draw(THREE)
    trial.choose("Compare with", "uint8")
    expect(trial.outputs.locator(".difference")).to_be_visible()
    assert trial.section.evaluate("section => section.scrollWidth - section.clientWidth") == 0
