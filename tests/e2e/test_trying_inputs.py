"""Texts, pictures, and models of all kinds are tried in their pages."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.handmade import write_graph
from tests.parity.harness import ServedModels
from tests.samples import SAMPLE_MODELS

from .made_models import keras_model
from .trying import Trial, shown_numbers

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]

TEXTS = Path(__file__).parents[1] / "fixtures/text.zip"


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
    trying: Callable[..., Trial], trial_server: ServedModels, tmp_path: Path
) -> None:
    metadata = {"vocabulary": ["zero", "one", "two", "three"]}
    (trial_server.folder / "words.metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    model = keras_model(trial_server, tmp_path, "words", embedding)
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
    trying: Callable[..., Trial], trial_server: ServedModels, tmp_path: Path
) -> None:
    keras_model(trial_server, tmp_path, "chosen", embedding)
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
    trying: Callable[..., Trial], trial_server: ServedModels, tmp_path: Path
) -> None:
    with zipfile.ZipFile(TEXTS) as archive:
        (tmp_path / "features.keras").write_bytes(archive.read("keras3-features.keras"))
        given = np.load(io.BytesIO(archive.read("keras3-features.npz")))
    trial_server.add(tmp_path / "features.keras")
    trial = trying("features")
    trial.section.get_by_label("Text", exact=True).fill(str(given["input_0"][1, 0]))
    trial.section.get_by_label("0", exact=True).fill(str(given["input_1"][1, 0]))
    shown_numbers(trial, given["output_0"][1].tolist(), 1e-4)


# --- Pictures ---------------------------------------------------------------------------------


def mean_colour(keras: Any) -> Any:
    return keras.Sequential([keras.Input((None, None, 3)), keras.layers.GlobalAveragePooling2D()])


@pytest.fixture(scope="module")
def mean_colour_server(
    trial_server: ServedModels, tmp_path_factory: pytest.TempPathFactory
) -> ServedModels:
    keras_model(trial_server, tmp_path_factory.mktemp("mean"), "mean", mean_colour)
    return trial_server


@pytest.mark.usefixtures("mean_colour_server")
def test_an_image_is_scaled_as_chosen(trying: Callable[..., Trial]) -> None:
    image = np.zeros((30, 60, 3))
    image[:, 15:45] = (255, 51, 0)
    trial = trying("mean")
    trial.section.get_by_label("Size of axis 1").fill("16")
    trial.section.get_by_label("Size of axis 2").fill("16")
    trial.section.get_by_label("Image", exact=True).set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": png(image)}
    )
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
    trial.button("Stop the camera").click()
    trial.costs()  # known when nothing is under way any more
    assert trial.tensors() == 0  # the model has no weights


def test_images_that_a_model_makes_are_shown_and_compared(
    trying: Callable[..., Trial], trial_server: ServedModels, tmp_path: Path
) -> None:
    def copies(keras: Any) -> Any:
        return keras.Sequential(
            [keras.Input((16, 16, 3)), keras.layers.Conv2D(3, 1, activation="sigmoid")]
        )

    keras_model(trial_server, tmp_path, "copies", copies)
    trial = trying("copies")
    trial.choose("Feed with", "random")
    expect(trial.outputs.locator("canvas")).to_have_count(1)
    trial.choose("Compare with", "uint8")
    expect(trial.outputs.locator("canvas")).to_have_count(3)
    expect(trial.outputs.locator("figcaption").last).to_have_text("difference, shown from 0 to 1")


# --- Other models -----------------------------------------------------------------------------


def test_layers_js_is_loaded_where_it_is_needed(
    trying: Callable[..., Trial], trial_server: ServedModels, tmp_path: Path
) -> None:
    def gru(keras: Any) -> Any:
        return keras.Sequential([keras.Input((None, 3)), keras.layers.GRU(4)])

    model = keras_model(trial_server, tmp_path, "gru", gru)
    trial = trying("gru")
    trial.choose("Feed with", "numbers")
    trial.section.get_by_label("Size of axis 1").fill("2")
    for index in range(6):
        trial.section.get_by_label(str(index), exact=True).fill(str(index / 10))
    expected = np.asarray(model(np.arange(6, dtype="float32").reshape(1, 2, 3) / 10))[0]
    shown_numbers(trial, expected.tolist(), 1e-4)


def test_graph_models_are_tried_too(
    trying: Callable[..., Trial], trial_server: ServedModels, tmp_path: Path
) -> None:
    write_graph(tmp_path)
    trial_server.add(tmp_path, "graph")
    trial = trying("graph")
    for index in range(3):
        trial.section.get_by_label(str(index), exact=True).fill("1")
    expect(trial.outputs.locator("tbody tr, dd").first).to_be_visible()
    expect(trial.alert).to_be_hidden()


def test_a_fixed_batch_is_filled_up(
    trying: Callable[..., Trial], trial_server: ServedModels, tmp_path: Path
) -> None:
    def batch_of_three(keras: Any) -> Any:
        given = keras.Input(batch_shape=(3, 2))
        return keras.Model(given, keras.layers.Dense(1, kernel_initializer="ones")(given))

    keras_model(trial_server, tmp_path, "batch", batch_of_three)
    trial = trying("batch")
    trial.section.get_by_label("0", exact=True).fill("2")
    trial.section.get_by_label("1", exact=True).fill("3")
    expect(trial.outputs.locator("dd")).to_have_text("5")
    trial.choose("Predict from", "table")
    trial.section.get_by_label("Rows of 2 numbers").fill("1,1\n2,2\n3,3\n4,4")
    expect(trial.outputs.locator("tbody td")).to_have_text(["2", "4", "6", "8"])


def test_a_refused_model_cannot_be_tried_and_says_why(
    trying: Callable[..., Trial], trial_server: ServedModels
) -> None:
    (trial_server.folder / "broken.h5").write_bytes(b"no model")
    trial_server.get(trial_server.url("broken"))  # now it is known
    trial = trying("broken", load=False)
    expect(trial.page.locator("main")).to_contain_text("broken.h5")
    expect(trial.page.locator(".notice")).to_be_visible()
    expect(trial.section).to_have_count(0)


def test_a_model_that_goes_away_says_so_and_can_be_loaded_again(
    trying: Callable[..., Trial], trial_server: ServedModels
) -> None:
    trial_server.add(SAMPLE_MODELS / "iris.h5", "moved.h5")
    trial = trying("moved", load=False)
    (trial_server.folder / "moved.h5").unlink()
    trial.section.get_by_role("button", name="Load the model").click()
    expect(trial.alert).to_contain_text("there is no model 'moved'", timeout=30_000)
    trial_server.add(SAMPLE_MODELS / "iris.h5", "moved.h5")
    trial.load()
    expect(trial.alert).to_be_hidden()
    trial.faults.clear()  # the browser logs each 404


@pytest.mark.parametrize(("dtype", "possible"), [("bool", {0, 1}), ("uint8", set(range(10)))])
def test_what_is_whole_in_keras_is_fed_with_whole_numbers(
    trying: Callable[..., Trial],
    trial_server: ServedModels,
    tmp_path: Path,
    dtype: str,
    possible: set[int],
) -> None:
    def doubled(keras: Any) -> Any:
        given = keras.Input((4,), dtype=dtype)
        return keras.Model(given, keras.ops.cast(given, "float32") * 2)

    keras_model(trial_server, tmp_path, f"whole-{dtype}", doubled)
    trial_server.get(trial_server.url(f"whole-{dtype}"))  # only now the server knows the dtype
    trial = trying(f"whole-{dtype}")
    trial.choose("Feed with", "random")
    trial.settle()
    cells = trial.outputs.locator("tbody td.value")
    expect(cells).to_have_count(4)
    assert {float(text) / 2 for text in cells.all_inner_texts()} <= possible
