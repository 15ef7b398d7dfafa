"""The pages in a browser: whoever reads them, and whatever models are called or contain."""

from __future__ import annotations

import json
import re
import shutil
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.conversion.building import call, functional, given, layer, sequential
from tests.parity.harness import ServedModels

from .conftest import PACKAGES

SAMPLES = Path(__file__).parents[2] / "sample_models"
AXE = PACKAGES / "axe-core/axe.min.js"
HOSTILE = "<img src=x onerror=alert(1)>"
MANY = 5_000
BRANCHES = 1_200
"""Of blocks that fork and join: more than the library places in a moment."""
PAGES = {
    "catalogue": "/",
    "model": "/nested/",
    "plain": "/iris/",
    "graph model": "/breast-cancer-tfjs/",
    "refused": "/refused/",
    "hostile": "/%3Cimg%20src=x%20onerror=alert(1)%3E/",
    "one found": "/?q=digits",
    "problem": "/absent/",
}
WIDTHS = {"desktop": 1200, "phone": 390}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModels]:
    models: Path = tmp_path_factory.mktemp("pages") / "models"
    models.mkdir()
    for name in ("iris.h5", "digits.h5"):
        shutil.copy(SAMPLES / name, models)
    shutil.copytree(SAMPLES / "breast-cancer-tfjs", models / "breast-cancer-tfjs")
    shutil.copytree(SAMPLES / "sequences", models / "sequences")
    shutil.copy(SAMPLES / "iris.h5", models / f"{HOSTILE}.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras about its own arrays
        nested().save(models / "nested.keras")
    (models / "empty.h5").write_bytes(b"")
    (models / "face.tflite").write_bytes(b"TFL3")
    (models / f"{HOSTILE}.labels.txt").write_text("\n".join(one * 99 for one in "abc"))
    write(models / "refused.keras", sequential([given("x", [None, 3]), layer("Odd", HOSTILE)]))
    rows = [layer("ReLU", f"relu{number}") for number in range(MANY - 1)]
    write(models / "deep.keras", sequential([given("x", [None, 3]), *rows]))
    write(models / "forked.keras", forked())
    options = ["--diagnose"]
    server = ServedModels(tmp_path_factory.mktemp("served"), models=models, options=options)
    eventually(lambda: b'"unknown": 0' in server.get(f"{server.base_url}/-/models.json").body)
    yield server
    server.close()


def nested() -> keras.Model:
    inner = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(4, name="one"),
            keras.Sequential([keras.Input((4,)), keras.layers.ReLU(name="two")], name="deeper"),
        ],
        name="inner",
    )
    words, picture = keras.Input((None,), name="words"), keras.Input((8, 8, 3), name="picture")
    read = keras.layers.GRU(6, name="read")(keras.layers.Embedding(9, 3, name="look")(words))
    seen = keras.layers.GlobalAveragePooling2D(name="seen")(picture)
    return keras.Model([words, picture], keras.layers.Concatenate()([inner(read), seen]))


def forked() -> dict[str, Any]:
    """Blocks that add what they got to what they made of it."""
    layers, last = [given("x", [None, 3])], "x"
    for number in range(BRANCHES):
        branch, joined = f"branch{number}", f"joined{number}"
        layers.append(layer("ReLU", branch, [call((last, 0, 0))]))
        layers.append(layer("Add", joined, [call((last, 0, 0), (branch, 0, 0))]))
        last = joined
    return functional(layers, [("x", 0, 0)], [(last, 0, 0)])


def write(path: Path, config: dict[str, Any]) -> None:
    """Write a model without weights."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.12.0"}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", (SAMPLES / "iris.h5").read_bytes())


def eventually(condition: Callable[[], object]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it never happens")


@dataclass
class Faults:
    """What a page did that it should not."""

    violations: list[str]
    errors: list[str]
    dialogs: list[str]


@pytest.fixture
def watched(page: Page) -> Iterator[Faults]:
    """The faults of all that is opened in the page; at the end there must be none."""
    faults = Faults([], [], [])
    page.expose_function("violated", lambda *told: faults.violations.extend(told))
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation', "
        "(event) => violated(`${event.violatedDirective} ${event.blockedURI}`))"
    )
    page.on("pageerror", lambda error: faults.errors.append(str(error)))
    page.on("dialog", lambda dialog: (faults.dialogs.append(dialog.message), dialog.dismiss()))
    yield faults
    assert faults == Faults([], [], [])


def drawn(page: Page) -> None:
    """Have the graph drawn, if the page has one."""
    if page.locator("#graph").count():
        page.locator("#graph").scroll_into_view_if_needed()
        page.locator("#graph svg .box").first.wait_for()


# --- For everybody ------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_axe_finds_nothing_serious(
    served: ServedModels, page: Page, watched: Faults, path: str, width: int, scheme: Any
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{served.base_url}{path}")
    drawn(page)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document)")["violations"]
    told = [
        (one["impact"], one["id"], [node["html"] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert told == []


@pytest.mark.parametrize("width", [320, 360])
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_nothing_is_cut_off_on_a_phone(
    served: ServedModels, page: Page, path: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    served.get(f"{served.base_url}{path}model.json")  # what was made has generations to show
    page.goto(f"{served.base_url}{path}")
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_error_of_a_variant_is_measured_on_request(
    served: ServedModels, page: Page, watched: Faults
) -> None:
    page.goto(f"{served.base_url}/digits/")
    row = page.locator("#variants tr", has=page.get_by_role("link", name="uint8", exact=True))
    row.get_by_role("button", name="Measure").click()
    cell = row.locator("[data-label='Error of a weight']")
    expect(cell).to_have_text(re.compile(r"\s*at most 0\.00\d+, [\d.e-]+ on average\s*"))


def test_the_keyboard_reaches_everything(served: ServedModels, page: Page) -> None:
    page.goto(f"{served.base_url}/nested/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    tabs = page.get_by_role("tab")
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    expect(tabs.nth(1)).to_be_focused()
    expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tabpanel")).to_contain_text("npm install")
    drawn(page)
    model = page.locator('[data-path="inner"]')
    model.focus()
    page.keyboard.press("Enter")
    expect(model).to_have_attribute("aria-expanded", "false")
    expect(model).to_be_focused()
    expect(page.locator('[data-path="inner/deeper"]')).to_have_count(0)
    page.keyboard.press("Space")
    expect(page.locator('[data-path="inner/deeper"]')).to_have_count(1)


@pytest.mark.parametrize("path", ["/", "/nested/", "/deep/", "/refused/"])
def test_pages_are_complete_without_scripts(
    served: ServedModels, chromium: BrowserContext, path: str
) -> None:
    assert chromium.browser is not None
    with chromium.browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{served.base_url}{path}")
        for texts, shown in (
            ("/", ["augmented", "model.json"]),
            ("/nested/", ["npm install @tensorflow/tfjs", "inner", "deeper", "8, 8, 3"]),
            ("/deep/", ["relu0", f"relu{MANY - 2}"]),
            ("/refused/", ["Odd"]),
        ):
            if texts == path:
                for text in shown[1:] if path == "/" else shown:
                    expect(page.locator("main")).to_contain_text(text)


# --- Whatever models are called or contain ------------------------------------------------------


def test_a_hostile_name_is_text(served: ServedModels, page: Page, watched: Faults) -> None:
    page.goto(f"{served.base_url}/")
    link = page.get_by_role("link", name=HOSTILE, exact=True)
    expect(link).to_be_visible()
    assert page.locator("img").count() == 0
    page.get_by_role("searchbox").fill("onerror")
    expect(page.locator(".models tbody")).to_have_count(1)
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    page.locator(".copy").first.click()
    drawn(page)
    page.get_by_role("link", name="model.d.ts").click()
    assert "export interface ImgSrcXOnerrorAlert1Model" in page.content()


@pytest.mark.parametrize(("name", "count"), [("deep", MANY), ("forked", 2 * BRANCHES + 1)])
def test_thousands_of_layers_are_listed_and_drawn(
    served: ServedModels, page: Page, watched: Faults, name: str, count: int
) -> None:
    page.goto(f"{served.base_url}/{name}/")
    expect(page.locator("#layers")).to_contain_text(f"{count:,} layers")
    expect(page.locator(".layers tbody tr")).to_have_count(count)
    drawn(page)
    boxes, field = page.locator("#graph .layer"), page.locator("#graph .field")
    assert 0 < boxes.count() < 200
    field.evaluate("field => field.scrollTo(0, field.scrollHeight)")
    last = f"relu{MANY - 2}" if name == "deep" else f"joined{BRANCHES - 1}"
    expect(boxes.filter(has_text=last).first).to_be_visible()


def test_the_types_are_typescript(served: ServedModels) -> None:
    text = served.get(f"{served.base_url}/nested/model.d.ts").body.decode("utf-8")
    assert "export interface NestedModel extends LayersModel" in text
    assert '"picture": Tensor4D;  // float32 [any, 8, 8, 3]' in text
    assert "predict(x: [Tensor2D, Tensor4D]" in text


# --- The graph ----------------------------------------------------------------------------------


def names(page: Page) -> Sequence[str]:
    """Return the classes of the boxes that are drawn."""
    return page.locator("#graph .class").all_text_contents()


def test_models_in_the_graph_fold(served: ServedModels, page: Page, watched: Faults) -> None:
    page.goto(f"{served.base_url}/nested/")
    drawn(page)
    assert "ReLU" in names(page)
    page.get_by_role("button", name="Fold all", exact=True).click()
    assert "ReLU" not in names(page)
    assert "Dense" not in names(page)
    folded = page.locator("#graph .folded")
    expect(folded).to_have_count(1)
    expect(folded).to_contain_text("4 layers")
    folded.click()
    assert "Dense" in names(page)
    page.get_by_role("button", name="Unfold all", exact=True).click()
    assert "ReLU" in names(page)
    expect(page.locator("#graph .companion").filter(has_text="GRU")).to_have_count(1)
    expect(page.locator("#graph .key")).to_have_text("a layer of layers.js")


def test_boxes_do_not_overlap_and_edges_go_down(served: ServedModels, page: Page) -> None:
    page.goto(f"{served.base_url}/nested/")
    drawn(page)
    boxes = page.locator("#graph .layer > .box").all()
    places = [box.bounding_box() for box in boxes]
    for index, one in enumerate(places):
        assert one is not None
        for other in places[:index]:
            assert other is not None
            apart = (
                one["x"] >= other["x"] + other["width"]
                or other["x"] >= one["x"] + one["width"]
                or one["y"] >= other["y"] + other["height"]
                or other["y"] >= one["y"] + one["height"]
            )
            assert apart
    ends = page.locator("#graph .edge").evaluate_all(
        "edges => edges.map(edge => [edge.getPointAtLength(0).y, "
        "edge.getPointAtLength(edge.getTotalLength()).y])"
    )
    assert len(ends) >= 9
    assert all(start < end for start, end in ends)
