"""The page of a model lets people try it: with all kinds of inputs, under its strict policy."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.handmade import write_graph
from tests.parity.harness import ServedModels
from tests.parity.keras3 import built
from tests.samples import REFERENCES, SAMPLE_MODELS
from tfjs_serve.settings import DEFAULT_TFJS_URL

from .trying import TENSORFLOW, THREE, ZERO, Trial

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]

TEXTS = Path(__file__).parents[1] / "fixtures/text.zip"
AXE = Path(__file__).parents[1] / "js/node_modules/axe-core/axe.min.js"
PREDICTIONS = 50


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModels]:
    """The server on the sample models, with TensorFlow.js of this machine."""
    served = ServedModels(
        tmp_path_factory.mktemp("trying"), options=["--tfjs-url", str(TENSORFLOW)]
    )
    for path in ("digits.h5", "iris.h5", "wine-two-inputs.h5", "breast-cancer-tfjs"):
        served.add(SAMPLE_MODELS / path)
    yield served
    served.close()


@pytest.fixture
def trying(page: Page, server: ServedModels) -> Iterator[Callable[..., Trial]]:
    """Opens the page of a model; at the end, the browser must not have complained."""
    trials = []

    def open_page(name: str, **options: Any) -> Trial:
        trials.append(Trial(page, server, name, **options))
        return trials[-1]

    yield open_page
    assert [fault for trial in trials for fault in trial.faults] == []


def keras_model(server: ServedModels, folder: Path, name: str, build: Callable[[Any], Any]) -> Any:
    """Serve the model that a function makes; return it."""
    model = built(build)
    path = folder / f"{name}.keras"
    model.save(path)
    server.add(path)
    return model


def png(values: Any) -> bytes:
    """Return a picture of [height, width, 3] bytes."""
    pixels = np.asarray(values, np.uint8)
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


# --- Drawing ----------------------------------------------------------------------------------


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
    assert float(network.removesuffix(" KB")) > 150
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


def test_what_is_drawn_can_be_inverted(trying: Callable[..., Trial]) -> None:
    trial = trying("digits")
    trial.draw(THREE)
    expect(trial.best).to_have_text("3")
    mean = """canvas => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((sum, byte, index) => sum + (index % 4 ? 0 : byte), 0) / (data.length / 4);
    }"""
    seen = trial.section.get_by_label("What the model sees")
    before = seen.evaluate(mean)
    trial.open_options()
    trial.section.get_by_label("Invert (dark becomes light)").check()
    expect(trial.best).to_be_visible()
    trial.page.wait_for_function("() => true")
    trial.button("Predict").click()
    assert abs(seen.evaluate(mean) - (255 - before)) < 1


# --- Numbers and tables -----------------------------------------------------------------------


def test_numbers_are_predicted_as_keras_does(trying: Callable[..., Trial]) -> None:
    trial = trying("iris")
    (given,), (expected,) = REFERENCES["iris"]["inputs"], REFERENCES["iris"]["outputs"]
    for index, value in enumerate(given["values"][:4]):
        trial.section.get_by_label(str(index), exact=True).fill(str(value))
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
    answers = trial.outputs.locator("tbody td")
    expect(answers).to_have_count(rows)
    assert [text.split(":")[0] for text in answers.all_inner_texts()] == [str(one) for one in best]
    area.fill("1;2;3")
    expect(trial.alert).to_have_text("Line 1 has 3 cells, and not 13.")


def test_random_numbers_show_whether_a_model_runs(trying: Callable[..., Trial]) -> None:
    trial = trying("breast-cancer-tfjs")
    trial.choose("Feed with", "random")
    trial.section.get_by_label("seed").fill("3")
    output = trial.outputs.locator("dd")
    trial.costs()
    first = output.inner_text()
    trial.button("Others").click()
    expect(trial.section.get_by_label("seed")).to_have_value("4")
    expect(output).not_to_have_text(first)
    trial.section.get_by_label("seed").fill("3")
    expect(output).to_have_text(first)


# --- Text -------------------------------------------------------------------------------------


def embedding(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(4, 1, embeddings_initializer=keras.initializers.Identity()),
            layers.Flatten(),
            layers.Dense(1, kernel_initializer="ones"),
        ]
    )


def test_a_text_goes_through_the_vocabulary_beside_the_model(
    trying: Callable[..., Trial], server: ServedModels, tmp_path: Path
) -> None:
    metadata = {"vocabulary": ["zero", "one", "two", "three"]}
    (server.folder / "words.metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    model = keras_model(server, tmp_path, "words", embedding)
    weights = model.layers[0].get_weights()[0]
    trial = trying("words")
    trial.section.get_by_label("Text", exact=True).fill("One three one four")
    told = trial.section.locator("output.tokens")
    expect(told).to_have_text("1 3 1 0 0 0 · not in the vocabulary: four")
    expected = weights[[1, 3, 1, 0, 0, 0], 0].sum()
    np.testing.assert_allclose(trial.number(), expected, atol=1e-3)
    trial.choose("Zeros", "before")
    expect(told).to_contain_text("0 0 0 1 3 1")


def test_a_vocabulary_is_chosen_and_held_against_the_embedding(
    trying: Callable[..., Trial], server: ServedModels, tmp_path: Path
) -> None:
    keras_model(server, tmp_path, "chosen", embedding)
    trial = trying("chosen")
    trial.choose("Feed with", "tokens")
    trial.button("Predict").click()
    expect(trial.alert).to_have_text("Choose the file of the vocabulary first.")
    file = trial.section.get_by_label("Vocabulary")
    file.set_input_files({"name": "v.txt", "mimeType": "text/plain", "buffer": b"\na\nb\nc\nd\n"})
    trial.section.get_by_label("Text", exact=True).fill("a b")
    expect(trial.section.locator("output.tokens")).to_have_text("1 2 0 0 0 0")
    expect(trial.alert).to_be_hidden()
    trial.section.get_by_label("Text", exact=True).fill("d")
    expect(trial.alert).to_contain_text("it is not that of this model")
    trial.choose("Feed with", "numbers")
    trial.section.get_by_label("0", exact=True).fill("4")
    expect(trial.alert).to_have_text("4 is not from 0 to 3, which the embedding has.")


def test_texts_and_numbers_of_several_inputs(
    trying: Callable[..., Trial], server: ServedModels, tmp_path: Path
) -> None:
    with zipfile.ZipFile(TEXTS) as archive:
        (tmp_path / "features.keras").write_bytes(archive.read("keras3-features.keras"))
        given = np.load(io.BytesIO(archive.read("keras3-features.npz")))
    server.add(tmp_path / "features.keras")
    trial = trying("features")
    trial.section.get_by_label("Text", exact=True).fill(str(given["input_0"][1, 0]))
    trial.section.get_by_label("0", exact=True).fill(str(given["input_1"][1, 0]))
    shown_numbers(trial, given["output_0"][1].tolist(), 1e-4)


# --- Pictures ---------------------------------------------------------------------------------


def mean_colour(keras: Any) -> Any:
    return keras.Sequential([keras.Input((None, None, 3)), keras.layers.GlobalAveragePooling2D()])


@pytest.fixture(scope="module")
def mean_colour_server(
    server: ServedModels, tmp_path_factory: pytest.TempPathFactory
) -> ServedModels:
    keras_model(server, tmp_path_factory.mktemp("mean"), "mean", mean_colour)
    return server


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


@pytest.mark.usefixtures("mean_colour_server")
def test_an_image_is_scaled_as_chosen(trying: Callable[..., Trial]) -> None:
    image = np.zeros((30, 60, 3))
    image[:, 15:45] = (255, 51, 0)
    trial = trying("mean")
    trial.section.get_by_label("Size of axis 1").fill("16")
    trial.section.get_by_label("Size of axis 2").fill("16")
    file = {"name": "a.png", "mimeType": "image/png", "buffer": png(image)}
    trial.section.get_by_label("Image", exact=True).set_input_files(file)
    shown_numbers(trial, [1, 0.2, 0], 0.002)
    trial.open_options()
    trial.choose("Picture", "stretch")
    shown_numbers(trial, [0.5, 0.1, 0], 0.002)
    trial.choose("Numbers", "-1 to 1")
    shown_numbers(trial, [0, -0.8, -1], 0.004)
    trial.choose("Numbers", "other")
    trial.section.get_by_label("white").fill("10")
    shown_numbers(trial, [5, 1, 0], 0.02)


@pytest.mark.usefixtures("mean_colour_server")
def test_an_image_is_dropped(trying: Callable[..., Trial]) -> None:
    trial = trying("mean")
    drop = """([element, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], "a.png", { type: "image/png" }));
      element.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
    }"""
    place = trial.section.locator(".drop").element_handle()
    trial.page.evaluate(drop, [place, list(png(np.full((4, 4, 3), (0, 255, 0))))])
    shown_numbers(trial, [0, 1, 0], 0.002)
    trial.page.evaluate(drop, [place, list(b"no picture")])
    expect(trial.alert).to_contain_text("is not an image that the browser can read")


@pytest.mark.usefixtures("mean_colour_server")
def test_the_camera_is_looked_through(trying: Callable[..., Trial]) -> None:
    trial = trying("mean", load=False)
    trial.page.context.grant_permissions(["camera"])
    trial.load()
    trial.choose("Feed with", "camera")
    trial.button("Start the camera").click()
    expect(trial.outputs.locator("tbody tr")).to_have_count(3, timeout=30_000)
    shown = trial.outputs.locator("tbody")
    for _ in range(3):  # Chromium's camera shows something that moves
        expect(shown).not_to_have_text(shown.inner_text())
    before = trial.tensors()
    trial.button("Stop the camera").click()
    trial.page.wait_for_timeout(500)
    assert trial.tensors() <= before


def test_images_that_a_model_makes_are_shown_and_compared(
    trying: Callable[..., Trial], server: ServedModels, tmp_path: Path
) -> None:
    def copies(keras: Any) -> Any:
        return keras.Sequential(
            [keras.Input((16, 16, 3)), keras.layers.Conv2D(3, 1, activation="sigmoid")]
        )

    keras_model(server, tmp_path, "copies", copies)
    trial = trying("copies")
    trial.choose("Feed with", "random")
    expect(trial.outputs.locator("canvas")).to_have_count(1)
    trial.choose("Compare with", "uint8")
    expect(trial.outputs.locator("canvas")).to_have_count(3)
    expect(trial.outputs.locator("figcaption").last).to_have_text("difference, shown from 0 to 1")


# --- Other models -----------------------------------------------------------------------------


def test_layers_js_is_loaded_where_it_is_needed(
    trying: Callable[..., Trial], server: ServedModels, tmp_path: Path
) -> None:
    def gru(keras: Any) -> Any:
        return keras.Sequential([keras.Input((None, 3)), keras.layers.GRU(4)])

    model = keras_model(server, tmp_path, "gru", gru)
    trial = trying("gru")
    trial.choose("Feed with", "numbers")
    trial.section.get_by_label("Size of axis 1").fill("2")
    for index in range(6):
        trial.section.get_by_label(str(index), exact=True).fill(str(index / 10))
    expected = np.asarray(model(np.arange(6, dtype="float32").reshape(1, 2, 3) / 10))[0]
    shown_numbers(trial, expected.tolist(), 1e-4)


def test_graph_models_are_tried_too(
    trying: Callable[..., Trial], server: ServedModels, tmp_path: Path
) -> None:
    write_graph(tmp_path)
    server.add(tmp_path, "graph")
    trial = trying("graph")
    for index in range(3):
        trial.section.get_by_label(str(index), exact=True).fill("1")
    expect(trial.outputs.locator("tbody tr, dd").first).to_be_visible()
    expect(trial.alert).to_be_hidden()


def test_a_fixed_batch_is_filled_up(
    trying: Callable[..., Trial], server: ServedModels, tmp_path: Path
) -> None:
    def batch_of_three(keras: Any) -> Any:
        given = keras.Input(batch_shape=(3, 2))
        return keras.Model(given, keras.layers.Dense(1, kernel_initializer="ones")(given))

    keras_model(server, tmp_path, "batch", batch_of_three)
    trial = trying("batch")
    trial.section.get_by_label("0", exact=True).fill("2")
    trial.section.get_by_label("1", exact=True).fill("3")
    expect(trial.outputs.locator("dd")).to_have_text("5")
    trial.choose("Predict from", "table")
    trial.section.get_by_label("Rows of 2 numbers").fill("1,1\n2,2\n3,3\n4,4")
    expect(trial.outputs.locator("tbody td")).to_have_text(["2", "4", "6", "8"])


def test_a_refused_model_cannot_be_tried_and_says_why(
    trying: Callable[..., Trial], server: ServedModels
) -> None:
    (server.folder / "broken.h5").write_bytes(b"no model")
    server.get(server.url("broken"))  # now it is known
    trial = trying("broken", load=False)
    expect(trial.page.locator("main")).to_contain_text("broken.h5")
    expect(trial.page.locator(".notice")).to_be_visible()
    expect(trial.section).to_have_count(0)


def test_a_model_that_goes_away_says_so_and_can_be_loaded_again(
    trying: Callable[..., Trial], server: ServedModels
) -> None:
    server.add(SAMPLE_MODELS / "iris.h5", "moved.h5")
    trial = trying("moved", load=False)
    (server.folder / "moved.h5").unlink()
    trial.section.get_by_role("button", name="Load the model").click()
    expect(trial.alert).to_contain_text("there is no model 'moved'", timeout=30_000)
    server.add(SAMPLE_MODELS / "iris.h5", "moved.h5")
    trial.load()
    expect(trial.alert).to_be_hidden()
    trial.faults.clear()  # the browser logs each 404


# --- Comparing and costs ----------------------------------------------------------------------


def test_variants_are_compared_on_the_same_input(
    trying: Callable[..., Trial], server: ServedModels
) -> None:
    server.add(SAMPLE_MODELS / "digits.h5", "compared.h5")  # no test has loaded it before
    trial = trying("compared")
    trial.draw(THREE)
    trial.choose("Compare with", "uint8")
    expect(trial.outputs.locator("thead th")).to_have_text(["full", "uint8", "difference"])
    expect(trial.outputs.locator(".difference")).to_contain_text(
        re.compile(r"Largest difference [\d.e-]+ \([\d.e-]+ % .* Both say 3\.")
    )
    assert [trial.costs(row)[0] for row in (0, 1)] == ["full", "uint8"]
    full, quarter = (trial.fetched_bytes(row) for row in (0, 1))
    assert 0 < quarter < full / 3
    trial.choose("Variant", "float16")
    expect(trial.outputs.locator("thead th")).to_have_text(["float16", "uint8", "difference"])
    trial.choose("Compare with", "")
    expect(trial.outputs.locator("thead")).to_have_count(0)


def test_a_new_generation_is_compared_with_the_one_before(
    trying: Callable[..., Trial], server: ServedModels, tmp_path: Path
) -> None:
    server.add(SAMPLE_MODELS / "digits.h5", "growing.h5")
    trial = trying("growing")
    trial.draw(THREE)
    expect(trial.best).to_have_text("3")
    kept = []
    for number in range(3):
        server.add(changed(SAMPLE_MODELS / "digits.h5", tmp_path / f"{number}.h5", number))
        (server.folder / f"{number}.h5").replace(server.folder / "growing.h5")
        status = trial.section.get_by_role("status")
        expect(status).to_contain_text("A new generation", timeout=30_000)
        trial.choose("Compare with", "before")
        expect(trial.outputs.locator("thead th")).to_have_text(["full", "before", "difference"])
        expect(trial.outputs.locator(".difference")).to_contain_text("Largest difference")
        trial.choose("Compare with", "uint8")
        trial.choose("Compare with", "")
        expect(trial.outputs.locator("thead")).to_have_count(0)
        expect(status).to_be_empty()
        kept.append(trial.tensors())
    assert kept == [kept[0]] * 3


def test_a_page_that_is_opened_later_gets_the_generation_before_from_the_server(
    trying: Callable[..., Trial], server: ServedModels, tmp_path: Path
) -> None:
    server.add(SAMPLE_MODELS / "iris.h5", "later.h5")
    server.get(server.url("later"))
    server.add(changed(SAMPLE_MODELS / "iris.h5", tmp_path / "later.h5", 1))
    server.get(server.url("later"))
    trial = trying("later")
    trial.section.get_by_label("2", exact=True).fill("3")
    trial.choose("Compare with", "before")
    expect(trial.section.get_by_label("Compare with")).to_contain_text("the generation of ")
    expect(trial.outputs.locator(".difference")).to_contain_text("Largest difference")
    assert [trial.costs(row)[0] for row in (0, 1)] == ["full", "before"]


def changed(source: Path, target: Path, seed: int) -> Path:
    """Write a model whose weights are a little different."""
    target.write_bytes(source.read_bytes())
    random = np.random.default_rng(seed)

    def change(_name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim > 1:
            item[...] = item[...] * (1 + 0.05 * random.standard_normal(item.shape))

    with h5py.File(target, "r+") as file:
        file["model_weights"].visititems(change)
    return target


def test_predictions_leave_no_tensors_behind(trying: Callable[..., Trial]) -> None:
    trial = trying("digits")
    trial.draw(THREE)
    trial.choose("Compare with", "uint8")
    expect(trial.outputs.locator(".difference")).to_be_visible()
    trial.choose("Backend", "cpu")
    expect(trial.section.locator(".costs thead")).to_contain_text("On cpu")
    before = trial.tensors()
    for _ in range(PREDICTIONS):
        trial.button("Predict").click()
    median = trial.section.locator(".costs tbody tr").first.locator("td").last
    expect(median).to_have_text(re.compile(r"\((\d\d+) times\)"))
    assert trial.tensors() == before


def test_a_big_model_tells_how_far_it_is(
    trying: Callable[..., Trial], server: ServedModels, tmp_path: Path
) -> None:
    def wide(keras: Any) -> Any:
        return keras.Sequential([keras.Input((1000,)), keras.layers.Dense(3000)])

    keras_model(server, tmp_path, "wide", wide)
    server.get(server.url("wide"))
    trial = trying("wide", load=False)
    trial.page.evaluate(
        """() => {
          window.told = [];
          const status = document.querySelector("#try [role=status]");
          const tell = new MutationObserver(() => told.push(status.textContent));
          tell.observe(status, { childList: true });
        }"""
    )
    expect(trial.section.get_by_role("button")).to_have_text("Load the model (12.0 MB)")
    trial.load()
    told = [text for text in trial.page.evaluate("told") if " of 12.0 MB" in text]
    assert len(told) > 3  # there are three shards
    assert told[-1].startswith("Loading: 12.0 MB")


TAMPERED = b"var tf = {};"


@pytest.fixture(scope="module")
def with_cdn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModels]:
    """The server as it is without ``--tfjs-url``."""
    served = ServedModels(tmp_path_factory.mktemp("cdn"))
    served.add(SAMPLE_MODELS / "iris.h5")
    served.add(SAMPLE_MODELS / "digits.h5")
    yield served
    served.close()


def answer_for_cdn(page: Page, body: bytes) -> None:
    """Answer in place of the CDN, which tests do not ask."""
    headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"}
    page.route(DEFAULT_TFJS_URL, lambda route: route.fulfill(body=body, headers=headers))


def test_a_cdn_must_hand_out_the_bytes_of_the_package(page: Page, with_cdn: ServedModels) -> None:
    answer_for_cdn(page, TAMPERED)
    trial = Trial(page, with_cdn, "iris", load=False)
    trial.section.get_by_role("button", name="Load the model").click()
    expect(trial.alert).to_contain_text("start the server with --tfjs-url")
    page.unroute(DEFAULT_TFJS_URL)
    answer_for_cdn(page, (TENSORFLOW / "dist/tf.es2017.min.js").read_bytes())
    trial.faults.clear()  # the browser logs what is wrong with the digest
    trial.load()
    expect(trial.alert).to_be_hidden()
    expect(trial.outputs).to_have_count(1)
    assert trial.faults == []


def test_without_a_network_the_page_says_what_to_do(page: Page, with_cdn: ServedModels) -> None:
    page.route(DEFAULT_TFJS_URL, lambda route: route.abort())
    trial = Trial(page, with_cdn, "iris", load=False)
    trial.section.get_by_role("button", name="Load the model").click()
    expect(trial.alert).to_contain_text("start the server with --tfjs-url")


def test_layers_of_a_page_of_ones_own_cannot_be_tried(page: Page, tmp_path: Path) -> None:
    script = tmp_path / "own.js"
    script.write_text("class Own { static className = 'Own'; }", encoding="utf-8")
    models = tmp_path / "models"
    models.mkdir()
    write_own(models / "own.keras")
    options = ["--layers", str(script), "--tfjs-url", str(TENSORFLOW)]
    served = ServedModels(tmp_path, models=models, options=options)
    assert served.get(served.url("own")).status == 200
    trial = Trial(page, served, "own", load=False)
    expect(trial.section).to_contain_text("needs layers that only pages of your own have: Own.")
    expect(trial.section.get_by_role("button")).to_have_count(0)
    served.close()


def write_own(path: Path) -> None:
    """Write a model with a layer of a class that is not Keras's."""
    layers = [
        {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 3]}},
        {"class_name": "Own", "config": {"name": "own"}, "registered_name": "My>Own"},
    ]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        file.create_group("layers")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.12.0"}))
        archive.writestr("config.json", json.dumps(config))
        archive.write(path.with_suffix(".h5"), "model.weights.h5")
    path.with_suffix(".h5").unlink()


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


def test_a_phone_needs_no_scrolling_sideways(trying: Callable[..., Trial]) -> None:
    trial = trying("digits", load=False)
    trial.page.set_viewport_size({"width": 360, "height": 740})
    trial.load()
    trial.draw(THREE)
    trial.choose("Compare with", "uint8")
    expect(trial.outputs.locator(".difference")).to_be_visible()
    assert trial.section.evaluate("section => section.scrollWidth - section.clientWidth") == 0
