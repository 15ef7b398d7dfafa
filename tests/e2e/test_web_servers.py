"""Models that ``publish`` has put behind web servers and into object stores, and pages of others.

The web servers have the lines of docs/deploy.md; the stores are real ones, on this machine.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext

from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.harness import Array, NodeTf, compare
from tests.samples import REFERENCES, SAMPLE_MODELS, arrays
from tests.stores.azurite import azurite
from tests.stores.store import Store, StoreMissingError
from tests.stores.swift import swift

from .browser import Exchange, NetworkLog, predict
from .layer_models import MODELS, convolution, saved, tensors
from .web_servers import COMMANDS, PAGE, tfjs_serve, web_server

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]

NAMES = ("my model+v2", "50% of #1", "nested/größe", "a&b=c")
"""What URLs have to spell in another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """A folder of models, and inputs and Keras's predictions by their names."""

    folder: Path
    references: Mapping[str, tuple[list[Array], list[Array]]]
    needs_layers: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where models were published.

    Attributes
    ----------
    url
        Where pages find them.
    publish
        Command and environment.
    """

    url: str
    publish: tuple[str, ...]
    environment: Mapping[str, str]

    def of(self, name: str, file: str = "model.json") -> str:
        """Return the URL of a file of a model."""
        return f"{self.url}/{quote(name)}/{file}"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The samples, and five others."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(SAMPLE_MODELS, folder, dirs_exist_ok=True)
    references = {
        name: (arrays(one["inputs"]), arrays(one["outputs"])) for name, one in REFERENCES.items()
    }
    (folder / "nested").mkdir()
    for name, build in zip(NAMES, MODELS, strict=True):
        references[name] = saved(build, folder / f"{name}.keras")
    references["images"] = saved(convolution, folder / "images.h5")
    return Models(folder=folder, references=references, needs_layers=frozenset(NAMES))


@pytest.fixture(scope="module", params=[*COMMANDS, "swift", "azurite"])
def place(
    request: pytest.FixtureRequest, models: Models, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """All models, published."""
    name, folder = request.param, tmp_path_factory.mktemp("place")
    with ExitStack() as stack:
        if name in COMMANDS:
            if shutil.which(name) is None:
                pytest.skip(f"{name} is not installed")
            site = tmp_path_factory.mktemp("site")
            url = stack.enter_context(web_server(name, site, folder))
            words, environment = (str(site / "models"), "--url", url), {}
        else:
            try:
                store = stack.enter_context(_store(name, folder))
            except StoreMissingError as error:
                pytest.skip(str(error))
            url, environment = store.url, store.environment
            words = (store.destination, "--endpoint", store.endpoint, "--url", url)
        cache = models.folder.with_name("cache")
        command = ("publish", str(models.folder), *words, "--cache-dir", str(cache))
        told = tfjs_serve(*command, environment=environment)
        assert f"{len(models.references)} models" in told
        yield Place(url=url, publish=command, environment=environment)


@contextmanager
def _store(name: str, folder: Path) -> Iterator[Store]:
    if name == "azurite":
        with azurite(folder) as store:
            yield store
    else:
        with swift(folder) as running:
            yield running.store


def test_tensorflowjs_in_node_predicts_as_keras(
    place: Place, models: Models, node_tf: NodeTf
) -> None:
    for name, (inputs, expected) in models.references.items():
        compare(expected, node_tf.predict(place.of(name), inputs).outputs)


def test_pages_of_others_predict_as_keras_and_load_weights_once(
    place: Place, models: Models, chromium: BrowserContext, page_url: str
) -> None:
    _visit(place, models, chromium, page_url)
    again = _visit(place, models, chromium, page_url)
    assert {document.wire_status for document, _ in again} == {304}
    shards = [shard for _, some in again for shard in some]
    assert len(shards) == len(models.references) - 1  # one has no weights
    assert {(shard.status, shard.wire_bytes) for shard in shards} == {(200, 0)}


def _visit(
    place: Place, models: Models, chromium: BrowserContext, page_url: str
) -> list[tuple[Exchange, list[Exchange]]]:
    """Load all models in a new tab; return the exchanges of each model.json and its shards."""
    loaded = []
    with chromium.new_page() as page:
        page.goto(page_url)
        network = NetworkLog(page)
        for name, (inputs, expected) in models.references.items():
            if name in models.needs_layers:
                page.add_script_tag(url=place.of(name, "layers.js"))
            compare(expected, predict(page, place.of(name), tensors(inputs)))
            below = network.below(place.of(name, ""))
            (document,) = [one for one in below if one.url.endswith("/model.json")]
            loaded.append((document, [one for one in below if "/weights." in one.url]))
    return loaded


def test_nothing_is_wrong_with_what_was_published(place: Place, models: Models) -> None:
    urls = [place.of(name) for name in models.references]
    told = json.loads(tfjs_serve("check", *urls, "--origin", PAGE, "--deep", "--json"))
    assert len(told["models"]) == len(urls)
    assert {one["path"]: one["warnings"] for one in told["models"]} == {url: [] for url in urls}


def test_a_second_publish_sends_nothing(place: Place) -> None:
    told = tfjs_serve(*place.publish, environment=place.environment)
    assert "; 0 files, 0 bytes sent" in " ".join(told.split())
