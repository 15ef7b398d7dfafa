"""Pages load ``layers.js``, and then models that plain TensorFlow.js cannot load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page

from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.harness import ServedModels, compare

from .browser import predict
from .layer_models import MODELS, gru, saved, tensors

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]

BACKENDS = ("cpu", "wasm", "webgl")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("build", MODELS, ids=lambda build: build.__name__)
def test_a_script_tag_makes_the_layers_known(
    page: Page,
    page_url: str,
    served: ServedModels,
    tmp_path: Path,
    build: Callable[[Any], Any],
    backend: str,
) -> None:
    path = tmp_path / f"{build.__name__}-{backend}.keras"
    inputs, expected = saved(build, path)
    url = served.add(path)
    page.goto(page_url)
    page.add_script_tag(url=url.replace("model.json", "layers.js"))
    compare(expected, predict(page, url, tensors(inputs), backend=backend), rtol=1e-4)


@pytest.mark.parametrize("of_the_server", [False, True])
def test_several_models_are_loaded_in_one_page(
    page: Page, page_url: str, served: ServedModels, tmp_path: Path, of_the_server: bool
) -> None:
    page.goto(page_url)
    models = []
    for build in MODELS:
        path = tmp_path / f"{build.__name__}-beside-{of_the_server}.keras"
        inputs, expected = saved(build, path)
        url = served.add(path)
        models.append((url, inputs, expected))
        page.add_script_tag(url=url.replace("model.json", "layers.js"))
    if of_the_server:
        page.add_script_tag(url=f"{served.base_url}/-/layers.js")
    for url, inputs, expected in models:
        compare(expected, predict(page, url, tensors(inputs)), rtol=1e-5)


def test_a_page_without_the_layers_is_told_which_file_to_load(
    page: Page, page_url: str, served: ServedModels, tmp_path: Path
) -> None:
    path = tmp_path / "forgotten.keras"
    inputs, _ = saved(gru, path)
    url = served.add(path)
    page.goto(page_url)
    with pytest.raises(Error, match=r"Unknown layer: tfjs-serve/layers\.js>GRU"):
        predict(page, url, tensors(inputs))


@pytest.mark.parametrize("beside", [False, True], ids=["of_the_server", "beside_the_model"])
def test_a_module_registers_the_layers(
    page: Page, page_url: str, served: ServedModels, tmp_path: Path, beside: bool
) -> None:
    path = tmp_path / f"imported-{beside}.keras"
    inputs, expected = saved(gru, path)
    url = served.add(path)
    folder = url.removesuffix("model.json") if beside else f"{served.base_url}/-/"
    page.goto(page_url)
    page.evaluate(
        "async (url) => { const layers = await import(url); layers.register(tf); }",
        f"{folder}layers.mjs",
    )
    compare(expected, predict(page, url, tensors(inputs)), rtol=1e-5)
