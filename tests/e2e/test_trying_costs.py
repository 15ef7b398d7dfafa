"""Trying a model: compared with another, what it costs, and where TensorFlow.js comes from."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.harness import ServedModels
from tests.samples import SAMPLE_MODELS
from tfjs_serve.settings import DEFAULT_TFJS_URL

from .made_models import keras_model
from .trying import TENSORFLOW, THREE, Trial

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]

PREDICTIONS = 50


def test_variants_are_compared_on_the_same_input(
    trying: Callable[..., Trial], trial_server: ServedModels
) -> None:
    trial_server.add(SAMPLE_MODELS / "digits.h5", "compared.h5")  # no test has loaded it before
    trial = trying("compared")
    variants = trial.section.get_by_label("Variant").locator("option").all_inner_texts()
    names = [text.partition(",")[0] for text in variants]
    assert names == ["full", "float16", "uint16", "uint8"]
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
    trying: Callable[..., Trial], trial_server: ServedModels, tmp_path: Path
) -> None:
    trial_server.add(SAMPLE_MODELS / "digits.h5", "growing.h5")
    trial = trying("growing")
    trial.draw(THREE)
    expect(trial.best).to_have_text("3")
    kept = []
    for number in range(3):
        trial_server.add(changed(SAMPLE_MODELS / "digits.h5", tmp_path / f"{number}.h5", number))
        (trial_server.folder / f"{number}.h5").replace(trial_server.folder / "growing.h5")
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
    trying: Callable[..., Trial], trial_server: ServedModels, tmp_path: Path
) -> None:
    trial_server.add(SAMPLE_MODELS / "iris.h5", "later.h5")
    trial_server.get(trial_server.url("later"))
    trial_server.add(changed(SAMPLE_MODELS / "iris.h5", tmp_path / "later.h5", 1))
    trial_server.get(trial_server.url("later"))
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


def test_another_variant_frees_the_one_before(
    trying: Callable[..., Trial], trial_server: ServedModels, tmp_path: Path
) -> None:
    def calling_a_layer_twice(keras: Any) -> Any:
        given, shared = keras.Input((3,)), keras.layers.Dense(3)
        return keras.Model(given, shared(shared(given)))

    keras_model(trial_server, tmp_path, "twice", calling_a_layer_twice)
    trial = trying("twice")
    trial.settle()
    before = trial.tensors()
    for variant in ("uint8", "full"):
        trial.choose("Variant", variant)
        expect(trial.section.locator(".costs tbody th").first).to_have_text(variant)
        trial.settle()
        assert trial.tensors() == before


def test_what_was_asked_about_one_variant_is_not_taken_for_another(
    trying: Callable[..., Trial], trial_server: ServedModels
) -> None:
    trial_server.add(SAMPLE_MODELS / "iris.h5", "asked.h5")
    trial = trying("asked")
    trial.settle()
    held: list[Route] = []

    def hold_back(route: Route) -> None:
        if route.request.method == "HEAD":
            held.append(route)
        else:
            route.continue_()

    trial.page.route("**/model.json", hold_back)
    trial_server.get(trial_server.url("asked", variant="uint16"))  # the page is told of it
    while not held:
        trial.page.wait_for_timeout(50)
    trial.choose("Variant", "uint8")
    expect(trial.section.locator(".costs tbody th").first).to_have_text("uint8")
    trial.settle()
    with trial.page.expect_response(lambda response: response.request.method == "HEAD"):
        for route in held:
            route.continue_()
    trial.settle()
    trial.page.wait_for_timeout(300)
    expect(trial.section.get_by_label("Compare with")).not_to_contain_text("generation")


def test_a_big_model_tells_how_far_it_is(
    trying: Callable[..., Trial], trial_server: ServedModels, tmp_path: Path
) -> None:
    def wide(keras: Any) -> Any:
        return keras.Sequential([keras.Input((1000,)), keras.layers.Dense(3000)])

    keras_model(trial_server, tmp_path, "wide", wide)
    trial_server.get(trial_server.url("wide"))
    trial = trying("wide", load=False)
    trial.page.evaluate(
        """() => {
          window.told = [];
          const status = document.querySelector("#try [role=status]");
          const tell = new MutationObserver(() => told.push(status.textContent));
          tell.observe(status, { childList: true });
        }"""
    )
    expect(trial.section.get_by_role("button")).to_have_text("Load the model (11.5 MiB)")
    trial.load()
    told = [text for text in trial.page.evaluate("told") if " of 11.5 MiB" in text]
    assert len(told) > 3  # there are three shards
    assert told[-1].startswith("Loading: 11.5 MiB")


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
