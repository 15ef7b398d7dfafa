"""Pages load ``layers.js``, and then models that plain TensorFlow.js cannot load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Error, Page

from tests.parity.cases.case import random_weight
from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.harness import Array, ServedModels, compare
from tests.parity.keras3 import built

from .browser import predict

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]

BACKENDS = ("cpu", "wasm", "webgl")


def _gru(keras: Any) -> Any:
    return keras.Sequential(
        [keras.Input((None, 3)), keras.layers.GRU(4, return_sequences=True), keras.layers.GRU(2)]
    )


def _exponential(keras: Any) -> Any:
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="exponential")])


def _quotient(keras: Any) -> Any:
    left, right = keras.Input((4,)), keras.Input((4,))
    return keras.Model([left, right], left / (keras.ops.abs(right) + 1.0))


def _attention(keras: Any) -> Any:
    given = keras.Input((None, 6))
    return keras.Model(given, keras.layers.AdditiveAttention()([given, given]))


MODELS = (_gru, _exponential, _quotient, _attention)


def _saved(build: Callable[[Any], Any], path: Path) -> tuple[list[Array], list[Array]]:
    """Save a model with random weights; return inputs and Keras's predictions."""
    model = built(build)
    random = np.random.default_rng(1)
    for variable in model.weights:
        values = random_weight(random, tuple(variable.shape), variable.path, 1.0)
        variable.assign(values.astype("float32"))
    model.save(path)
    shapes = [[size or 5 for size in tensor.shape] for tensor in model.inputs]
    inputs = [random.normal(size=shape).astype("float32") for shape in shapes]
    outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    return inputs, [np.asarray(outputs)]


def _tensors(inputs: list[Array]) -> list[dict[str, Any]]:
    return [
        {"shape": list(one.shape), "dtype": "float32", "values": one.ravel().tolist()}
        for one in inputs
    ]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("build", MODELS, ids=lambda build: build.__name__.strip("_"))
def test_a_script_tag_makes_the_layers_known(
    page: Page,
    page_url: str,
    served: ServedModels,
    tmp_path: Path,
    build: Callable[[Any], Any],
    backend: str,
) -> None:
    path = tmp_path / f"{build.__name__.strip('_')}-{backend}.keras"
    inputs, expected = _saved(build, path)
    url = served.add(path)
    page.goto(page_url)
    page.add_script_tag(url=url.replace("model.json", "layers.js"))
    compare(expected, predict(page, url, _tensors(inputs), backend=backend), rtol=1e-4)


@pytest.mark.parametrize("of_the_server", [False, True])
def test_several_models_are_loaded_in_one_page(
    page: Page, page_url: str, served: ServedModels, tmp_path: Path, of_the_server: bool
) -> None:
    page.goto(page_url)
    models = []
    for build in MODELS:
        path = tmp_path / f"{build.__name__.strip('_')}-beside-{of_the_server}.keras"
        inputs, expected = _saved(build, path)
        url = served.add(path)
        models.append((url, inputs, expected))
        page.add_script_tag(url=url.replace("model.json", "layers.js"))
    if of_the_server:
        page.add_script_tag(url=f"{served.base_url}/-/layers.js")
    for url, inputs, expected in models:
        compare(expected, predict(page, url, _tensors(inputs)), rtol=1e-5)


def test_a_page_without_the_layers_is_told_which_file_to_load(
    page: Page, page_url: str, served: ServedModels, tmp_path: Path
) -> None:
    path = tmp_path / "forgotten.keras"
    inputs, _ = _saved(_gru, path)
    url = served.add(path)
    page.goto(page_url)
    with pytest.raises(Error, match=r"Unknown layer: tfjs-serve/layers\.js>GRU"):
        predict(page, url, _tensors(inputs))


@pytest.mark.parametrize("beside", [False, True], ids=["of_the_server", "beside_the_model"])
def test_a_module_registers_the_layers(
    page: Page, page_url: str, served: ServedModels, tmp_path: Path, beside: bool
) -> None:
    path = tmp_path / f"imported-{beside}.keras"
    inputs, expected = _saved(_gru, path)
    url = served.add(path)
    folder = url.removesuffix("model.json") if beside else f"{served.base_url}/-/"
    page.goto(page_url)
    page.evaluate(
        "async (url) => { const layers = await import(url); layers.register(tf); }",
        f"{folder}layers.mjs",
    )
    compare(expected, predict(page, url, _tensors(inputs)), rtol=1e-5)
