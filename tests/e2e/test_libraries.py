"""Libraries load from the server what they have exported: models with labels and metadata.

Teachable Machine and ml5 train small models in the page and export them with their own code.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Download, Page

from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.harness import NodeTf, ServedModels
from tests.parity.keras3 import built
from tests.parity.way_back import FORMS, assert_predicts, back

from .browser import wait_until

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]

LABELS = ["dark", "light"]
PAINT = """
window.painted = (level) => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 224;
  const context = canvas.getContext("2d");
  context.fillStyle = `rgb(${level}, ${level}, ${level})`;
  context.fillRect(0, 0, 224, 224);
  return canvas;
};
"""
TRAIN_AN_IMAGE_MODEL = """async ({ url, labels }) => {
  await tf.setBackend("cpu");
  const start = { checkpointUrl: url, trainingLayer: "features" };
  const trained = await tmImage.createTeachable({ tfjsVersion: tf.version.tfjs }, start);
  trained.setLabels(labels);
  for (let step = 0; step < 6; step++) {
    await trained.addExample(0, painted(5 * step));
    await trained.addExample(1, painted(250 - 5 * step));
  }
  await trained.train({ denseUnits: 4, epochs: 5, learningRate: 0.05, batchSize: 4 });
  let saved;
  await trained.save(tf.io.withSaveHandler(async (artifacts) => {
    saved = artifacts;
    return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
  }));
  const bytes = new Uint8Array(tf.io.CompositeArrayBuffer.join(saved.weightData));
  return {
    topology: saved.modelTopology,
    specs: saved.weightSpecs,
    weights: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")),
    metadata: trained.getMetadata(),
    predictions: await trained.predict(painted(40)),
  };
}"""
LOAD_AN_IMAGE_MODEL = """async (url) => {
  await tf.setBackend("cpu");
  const model = await tmImage.load(url + "model.json", url + "metadata.json");
  return { labels: model.getClassLabels(), predictions: await model.predict(painted(40)) };
}"""
CLASSIFY_AN_IMAGE = """async (url) => {
  ml5.setBackend("cpu");
  const classifier = await ml5.imageClassifier(url);
  await classifier.ready;
  return classifier.classify(painted(40));
}"""
TRAIN_A_NETWORK = """async () => {
  ml5.setBackend("cpu");
  const options = { task: "classification", inputs: ["x", "y"], outputs: ["place"] };
  const network = ml5.neuralNetwork(options);
  await network.ready;
  for (let step = 0; step < 40; step++) {
    const isFar = step % 2 === 1;
    network.addData({ x: 10 * isFar, y: -step }, { place: isFar ? "far" : "near" });
  }
  network.normalizeData();
  await new Promise((done) => network.train({ epochs: 3 }, () => {}, done));
  await network.save();
  return network.classify({ x: 7, y: -3 });
}"""
LOAD_A_NETWORK = """async (files) => {
  ml5.setBackend("cpu");
  const network = ml5.neuralNetwork({ task: "classification" });
  await network.load(files);
  return network.classify({ x: 7, y: -3 });
}"""
LOAD_FILES = """async (url) => {
  await tf.setBackend("cpu");
  const named = async (name) => new File([await (await fetch(url + name)).blob()], name);
  const files = [await named("model.json"), await named("model.weights.bin")];
  return (await tf.loadLayersModel(tf.io.browserFiles(files))).countParams();
}"""


@pytest.fixture
def quiet(page: Page, page_url: str) -> Iterator[Page]:
    """The page, on which nothing may be asked of any other machine."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(PAINT)
    page.goto(page_url)
    yield page
    here = ("http://127.0.0.1:", "data:", "blob:")
    assert [url for url in asked if not url.startswith(here)] == []


def _add_script(page: Page, name: str) -> None:
    page.add_script_tag(url=page.url.replace("page.html", name))


def _small_network(keras: Any) -> Any:
    """Stands for the MobileNet that Teachable Machine begins with."""
    given = keras.Input((224, 224, 3))
    features = keras.layers.Conv2D(3, 32, strides=32, activation="relu", name="features")(given)
    return keras.Model(given, keras.layers.Flatten()(features))


@pytest.fixture
def image_model(quiet: Page, served: ServedModels, tmp_path: Path) -> tuple[str, dict[str, Any]]:
    """Return the URL of the folder of an exported image model, and what was seen at the export."""
    built(_small_network).save(tmp_path / "mobilenet.keras")
    _add_script(quiet, "teachablemachine-image.min.js")
    argument = {"url": served.add(tmp_path / "mobilenet.keras"), "labels": LABELS}
    exported = quiet.evaluate(TRAIN_AN_IMAGE_MODEL, argument)
    folder = tmp_path / f"my_image_model_{tmp_path.name}"
    folder.mkdir()
    manifest = [{"paths": ["weights.bin"], "weights": exported["specs"]}]
    document = {"modelTopology": exported["topology"], "weightsManifest": manifest}
    (folder / "model.json").write_text(json.dumps(document))
    (folder / "weights.bin").write_bytes(base64.b64decode(exported["weights"]))
    (folder / "metadata.json").write_text(json.dumps(exported["metadata"]))
    return served.add(folder).removesuffix("model.json"), exported


def test_teachable_machine_loads_its_image_model(
    quiet: Page, image_model: tuple[str, dict[str, Any]]
) -> None:
    url, exported = image_model
    loaded = quiet.evaluate(LOAD_AN_IMAGE_MODEL, url)
    assert loaded["labels"] == LABELS
    assert loaded["predictions"] == exported["predictions"]
    assert [one["className"] for one in loaded["predictions"]] == LABELS


def test_ml5_classifies_with_a_model_of_teachable_machine(
    quiet: Page, image_model: tuple[str, dict[str, Any]]
) -> None:
    url, _ = image_model
    quiet.reload()  # both libraries have tensors of their own
    _add_script(quiet, "ml5.min.js")
    found = quiet.evaluate(CLASSIFY_AN_IMAGE, f"{url}model.json")
    assert sorted(one["label"] for one in found) == LABELS
    assert sum(one["confidence"] for one in found) == pytest.approx(1, abs=1e-5)


def _assert_goes_back(
    folder: Path, url: str, node_tf: NodeTf, shape: tuple[int, ...], classes: int
) -> None:
    """Make Keras files of a folder as it was exported; they predict what it predicts in a page."""
    inputs = [np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype("float32")]
    expected = node_tf.predict(f"{url}model.json", inputs).outputs
    assert expected[0].shape == (2, classes)
    for form in FORMS:
        path, _ = back(folder, folder.with_name(form.value), form)
        assert_predicts(path, inputs, expected)


def test_what_teachable_machine_exports_goes_back_to_keras(
    image_model: tuple[str, dict[str, Any]], node_tf: NodeTf, tmp_path: Path
) -> None:
    url, _ = image_model
    folder = tmp_path / f"my_image_model_{tmp_path.name}"
    _assert_goes_back(folder, url, node_tf, (224, 224, 3), len(LABELS))


@pytest.fixture
def network(quiet: Page, served: ServedModels, tmp_path: Path) -> tuple[str, list[dict[str, Any]]]:
    """Return the URL of the folder of an exported network, and its classification."""
    _add_script(quiet, "ml5.min.js")
    folder = tmp_path / f"network_{tmp_path.name}"
    saved: list[Download] = []

    def keep(download: Download) -> None:
        saved.append(download)

    quiet.on("download", keep)
    expected = quiet.evaluate(TRAIN_A_NETWORK)
    wait_until(quiet, lambda: len(saved) == 3)
    for download in saved:
        download.save_as(folder / download.suggested_filename)
    names = {path.name for path in folder.iterdir()}
    assert names == {"model.json", "model_meta.json", "model.weights.bin"}
    return served.add(folder).removesuffix("model.json"), expected


def test_ml5_loads_its_network_by_its_files_or_its_url(
    quiet: Page, network: tuple[str, list[dict[str, Any]]]
) -> None:
    url, expected = network
    files = {
        "model": f"{url}model.json",
        "metadata": f"{url}model_meta.json",
        "weights": f"{url}model.weights.bin",
    }
    assert quiet.evaluate(LOAD_A_NETWORK, files) == expected
    assert quiet.evaluate(LOAD_A_NETWORK, files["model"]) == expected


def test_what_ml5_exports_goes_back_to_keras(
    network: tuple[str, list[dict[str, Any]]], node_tf: NodeTf, tmp_path: Path
) -> None:
    url, expected = network
    folder = tmp_path / f"network_{tmp_path.name}"
    _assert_goes_back(folder, url, node_tf, (2,), len(expected))


def test_files_are_recognised_by_their_names_as_older_versions_of_ml5_do(
    quiet: Page, network: tuple[str, list[dict[str, Any]]]
) -> None:
    url, _ = network
    quiet.reload()
    assert quiet.evaluate(LOAD_FILES, url) == (2 * 16 + 16) + (16 * 2 + 2)


def test_a_page_reads_the_labels_of_a_keras_model(
    quiet: Page, served: ServedModels, tmp_path: Path
) -> None:
    (served.folder / "labelled.labels.txt").write_text("dark\nlight\n")
    built(_small_network).save(tmp_path / "labelled.keras")
    url = served.add(tmp_path / "labelled.keras")
    load = "async (url) => (await tf.ready(), await tf.loadLayersModel(url))"
    assert (
        quiet.evaluate(f"async (url) => (await ({load})(url)).getUserDefinedMetadata().labels", url)
        == LABELS
    )
