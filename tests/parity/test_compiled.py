"""Compiled models evaluate and train in the page as in Keras, without a script.

And with all that there is to train on, the page gets the optimizer's state in its own order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tfjs_serve.conversion.training.trained_weights import trained_weights
from tfjs_serve.conversion.translate import translate
from tfjs_serve.keras_files import open_model
from tfjs_serve.settings import ConversionOptions, Variant

from .compiled import (
    BATCH,
    CASES,
    EPOCHS,
    FACTORS,
    STATEFUL,
    STEPS,
    save_with_momentum,
    save_with_state,
)
from .converted import convert_into
from .folder_server import serving
from .gradients import TRAINED, training_cases
from .harness import Array, NodeTf
from .keras3 import built
from .references import references
from .training_node import state

pytestmark = pytest.mark.xdist_group("compiled")  # so that Keras trains once, if it has to

TOLERANCE = 1e-6
"""Of the largest number."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the references are, where pages find converted models, and under which URL."""

    references: Path
    folder: Path
    url: str


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    kept = references("compiled", tmp_path_factory.mktemp("compiled"))
    folder = tmp_path_factory.mktemp("served")
    with serving(folder) as url:
        yield Places(kept, folder, url)


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("name", [case.id for case in CASES])
def test_it_evaluates_and_trains_as_in_keras(
    name: str, ending: str, places: Places, node_tf: NodeTf
) -> None:
    path = places.references / f"{name}.{ending}"
    (places.folder / path.name).mkdir()
    report = convert_into(places.folder / path.name, path)
    assert report.facts.training is not None
    assert report.facts.training.is_compiled
    assert report.warnings == ()
    with np.load(places.references / f"{name}.npz") as wanted:
        arrays = dict(wanted)
    url = f"{places.url}/{path.name}/model.json"
    page = node_tf.compiled(url, arrays["x"], arrays["y"], batch=BATCH, epochs=EPOCHS)
    _assert_close(page.before, arrays["before"])
    _assert_close(page.losses, arrays["losses"])
    _assert_close(page.after, arrays["after"])


_KINDS = {
    "Adadelta": ["accumulated_grad", "accumulated_delta_var"],
    "Adagrad": ["accumulator"],
    "Adam": ["momentum", "velocity", "velocity_hat", "average"],
    "AdamW": ["momentum", "velocity"],
    "Adamax": ["momentum", "norm"],
    "Ftrl": ["accumulator", "linear"],
    "Lamb": ["momentum", "velocity"],
    "Lion": ["momentum"],
    "Nadam": ["momentum", "velocity"],
    "RMSprop": ["velocity", "momentum", "average_gradient"],
    "SGD": ["momentum"],
}
"""Kinds of slots in their order in the page."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("state")
    with serving(folder) as url:
        yield folder, url


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("name", STATEFUL)
def test_each_slot_is_arranged_as_its_weight(
    name: str, ending: str, served: tuple[Path, str], training_tf: NodeTf, tmp_path: Path
) -> None:
    folder, url = served
    path = tmp_path / f"{name}.{ending}"
    built(lambda keras: save_with_state(keras, name, path))
    (folder / path.name).mkdir()
    report = convert_into(
        folder / path.name, path, options=ConversionOptions(variant=Variant.TRAIN)
    )
    assert report.warnings == ()
    page = state(training_tf, f"{url}/{path.name}/model.json")
    weights = training_tf.weights(f"{url}/{path.name}/model.json")
    first = ["iter", "u_product"] if name == "Nadam" else ["iter"]
    kinds = [f"{kind}/{weight}" for kind in _KINDS[name] for weight in page.trained]
    assert list(page.state) == [*first, *kinds]
    assert page.state["iter"] == STEPS
    assert page.state["iter"].dtype == np.int32
    for kind in _KINDS[name]:
        for weight in page.trained:
            wanted = FACTORS[kind] * weights[weight]
            np.testing.assert_allclose(page.state[f"{kind}/{weight}"], wanted, rtol=1e-6)


@pytest.mark.parametrize(("index", "name"), list(enumerate(TRAINED)), ids=TRAINED)
def test_the_state_of_each_layer_is_in_the_order_of_the_page(
    index: int, name: str, served: tuple[Path, str], training_tf: NodeTf, tmp_path: Path
) -> None:
    folder, url = served
    path, factor = tmp_path / "model.keras", FACTORS["momentum"]
    built(lambda keras: save_with_momentum(training_cases()[index].build(keras), keras, path))
    (folder / f"layer-{name}").mkdir()
    report = convert_into(
        folder / f"layer-{name}", path, options=ConversionOptions(variant=Variant.TRAIN)
    )
    page = state(training_tf, f"{url}/layer-{name}/model.json")
    weights = training_tf.weights(f"{url}/layer-{name}/model.json")
    with open_model(path, display_name=name) as keras_model:
        model = translate(keras_model)
    found = trained_weights(model.topology["model_config"], model.weights)
    assert [weight.name for weight in found] == list(page.trained)
    assert page.is_compiled
    assert not any(warning.startswith("Training") for warning in report.warnings)
    assert list(page.state)[1:] == [f"momentum/{weight}" for weight in page.trained]
    for weight in page.trained:
        wanted = factor * weights[weight]
        np.testing.assert_allclose(page.state[f"momentum/{weight}"], wanted, rtol=1e-6)


def _assert_close(actual: Array, expected: Array) -> None:
    assert actual.shape == expected.shape
    error = np.abs(actual - expected).max()
    assert error <= TOLERANCE * max(1.0, np.abs(expected).max()), f"off by {error}"
