"""Kinds of models that are kept current: with layers.js, with training, in Keras's own hands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from playwright.sync_api import Page

from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.harness import ServedModels

from .live import LivePage

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]

SCRIPTS = Path(__file__).parents[2] / "tfjs_serve/browser/pages/scripts"
TIMES = 1000


def shaken(model: Any, seed: int) -> Any:
    """Give a model other weights."""
    random = np.random.default_rng(seed)
    model.set_weights([random.normal(0, 0.5, one.shape) for one in model.get_weights()])
    return model


def gru() -> Any:
    return keras.Sequential([keras.Input((4, 3)), keras.layers.GRU(4), keras.layers.Dense(2)])


def compiled(optimizer: Any) -> Any:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)])
    model.compile(optimizer=optimizer, loss="mse")
    return model


def trained(model: Any) -> Any:
    """Change what a training changes; the numpy backend has none."""
    optimizer = model.optimizer
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    optimizer.iterations.assign(optimizer.iterations + 3)
    random = np.random.default_rng(int(optimizer.iterations))
    for variable in (*model.trainable_variables, *optimizer.variables):
        if variable.shape != ():
            variable.assign(random.uniform(0.01, 0.1, variable.shape))
    return model


def in_page(live: LivePage, given: np.ndarray) -> list[float]:
    values: list[float] = live.page.evaluate(
        "([values, shape]) => predict(values, shape)", [given.ravel().tolist(), given.shape]
    )
    return values


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_model_with_layers_js_needs_no_other_line(
    page: Page, live_url: str, served: ServedModels, ending: str
) -> None:
    path = served.folder / f"gru-{ending}.{ending}"
    model = shaken(gru(), 1)
    model.save(path)
    live = LivePage.opened(page, live_url, served)
    live.start(f"gru-{ending}")
    given = np.random.default_rng(5).normal(size=(1, 4, 3)).astype("float32")
    np.testing.assert_allclose(in_page(live, given), np.asarray(model(given))[0], atol=1e-5)
    live.wait_until_it_listens()
    shaken(model, 2).save(path)
    assert live.told("update")["isNew"] is False
    np.testing.assert_allclose(in_page(live, given), np.asarray(model(given))[0], atol=1e-5)


OPTIMIZERS = {
    "training.js": lambda: keras.optimizers.AdamW(0.01),
    "its own": lambda: keras.optimizers.Adagrad(0.01, initial_accumulator_value=0.1),
}


@pytest.mark.parametrize("whose", OPTIMIZERS)
def test_a_model_to_train_on_keeps_its_optimizer(
    page: Page, live_url: str, served: ServedModels, whose: str
) -> None:
    name = f"regression-{len(whose)}"
    path = served.folder / f"{name}.keras"
    model = trained(compiled(OPTIMIZERS[whose]()))
    model.save(path)
    live = LivePage.opened(page, live_url, served)
    live.start(f"{name}@train")
    fit = """async () => {
      const [x, y] = [tf.ones([4, 3]), tf.ones([4, 2])];
      const { history } = await live.model.fit(x, y, { epochs: 2, verbose: 0 });
      tf.dispose([x, y]);
      return history.loss.map(Number);
    }"""
    page.evaluate(fit)
    page.evaluate("window.optimizer = live.model.optimizer")
    tensors = live.tensors()
    live.wait_until_it_listens()
    for count in (1, 2):
        trained(model).save(path)
        assert live.told("update", count)["isNew"] is False
        assert live.tensors() == tensors
    assert page.evaluate("optimizer === live.model.optimizer")
    steps = page.evaluate("optimizer.getWeights().then(([{ tensor }]) => tensor.dataSync()[0])")
    assert steps == int(model.optimizer.iterations)
    given = np.ones((1, 3), "float32")
    np.testing.assert_allclose(in_page(live, given), np.asarray(model(given))[0], atol=1e-5)
    assert all(np.isfinite(page.evaluate(fit)))


def test_a_training_in_the_page_is_waited_for(
    page: Page, live_url: str, served: ServedModels
) -> None:
    path = served.folder / "waiting.keras"
    model = trained(compiled(keras.optimizers.SGD(0.01)))
    model.save(path)
    live = LivePage.opened(page, live_url, served)
    live.start("waiting")
    live.wait_until_it_listens()
    page.evaluate(
        """async (base) => {
          const { subscribe } = await import(`${base}/-/client.js`);
          subscribe(base, ({ kind, name }) => {
            window.isReady ||= kind === "ready" && name === "waiting";
          });
          window.goOn = new Promise((resolve) => (window.letGo = resolve));
          const onEpochEnd = () => goOn;
          const told_ = told.push.bind(told);
          told.push = (one) => told_({ ...one, isTraining: live.model.model.isTraining });
          const options = { epochs: 1, callbacks: { onEpochEnd } };
          live.model.fit(tf.ones([4, 3]), tf.ones([4, 2]), options);
        }""",
        served.base_url,
    )
    trained(model).save(path)
    page.wait_for_function("window.isReady")
    page.wait_for_timeout(500)
    assert page.evaluate("told") == []
    page.evaluate("letGo()")
    assert live.told("update")["isTraining"] is False


@pytest.fixture
def sources(page_folder: Path) -> None:
    """Lay the sources of the client beside the page."""
    shutil.copytree(SCRIPTS, page_folder / "scripts", dirs_exist_ok=True)


PREPARE = """
const url = new URL(`${base}/dense/model.json`).href;
const other = new URL(`${base}/other/model.json`).href;
const { loadNew, setChanged } = await import("./scripts/client/generation.js");
await tf.setBackend("cpu");
const [first, second] = await Promise.all(
  [url, other].map(async (one) => (await fetch(one)).json()));
let memory = await loadNew(tf, url, { document: first }, () => {});
const { model } = memory;
const values = () => model.getWeights().map((one) => Array.from(one.dataSync()));
"""


@pytest.fixture
def pair(page: Page, live_url: str, served: ServedModels, sources: None) -> LivePage:
    """A page, and two models that differ only in their weights."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)])
    for seed, name in enumerate(("dense", "other")):
        shaken(model, seed).save(served.folder / f"{name}.keras")
    return LivePage.opened(page, live_url, served)


@pytest.mark.parametrize("member", ["dtype", "shape"])
def test_nothing_is_set_if_the_last_weight_does_not_fit(pair: LivePage, member: str) -> None:
    wrong = {"dtype": "'int32'", "shape": "[7]"}[member]
    found = pair.page.evaluate(
        f"""async (base) => {{
          {PREPARE}
          const last = model.weights.at(-1);
          const odd = {{ originalName: last.originalName, dtype: last.dtype, shape: last.shape,
                         read: () => last.read() }};
          odd.{member} = {wrong};
          const weights = [...model.weights.slice(0, -1), odd];
          const [before, count] = [values(), tf.memory().numTensors];
          const odder = {{ ...memory, model: {{ weights, isTraining: false }} }};
          const error = await setChanged(tf, other, second, odder, () => {{}}).catch(String);
          return {{ error, same: `${{before}}` === `${{values()}}`,
                    leaked: tf.memory().numTensors - count }};
        }}""",
        pair.server.base_url,
    )
    assert "in the page" in found["error"]
    assert found["same"]
    assert found["leaked"] == 0


@pytest.mark.parametrize("backend", ["cpu", "webgl"])
def test_a_thousand_updates_leave_no_tensors(pair: LivePage, backend: str) -> None:
    found = pair.page.evaluate(
        f"""async ({{ base, times, backend }}) => {{
          {PREPARE}
          await tf.setBackend(backend);
          const set = async (document) => {{
            const at = document === first ? url : other;
            ({{ memory }} = await setChanged(tf, at, document, memory, () => {{}}));
          }};
          const start = values();
          await set(second);
          const changed = values();
          await set(first);
          const before = tf.memory();
          for (let count = 0; count < times / 2; count += 1) {{
            await set(second);
            await set(first);
          }}
          const after = tf.memory();
          return {{ same: `${{start}}` === `${{values()}}`, other: `${{start}}` !== `${{changed}}`,
            tensors: after.numTensors - before.numTensors, bytes: after.numBytes - before.numBytes,
            buffers: after.numDataBuffers - before.numDataBuffers }};
        }}""",
        {"base": pair.server.base_url, "times": TIMES, "backend": backend},
    )
    assert found == {"same": True, "other": True, "tensors": 0, "bytes": 0, "buffers": 0}


def graph_folder(folder: Path, factor: float) -> None:
    """Write a graph that multiplies by a factor, and has a weight of texts, as tables do."""
    shape = {"shape": {"dim": [{"size": "-1"}, {"size": "2"}]}}
    float_type = {"type": "DT_FLOAT"}
    nodes = [
        {"name": "x", "op": "Placeholder", "attr": {"dtype": float_type, "shape": shape}},
        *({"name": name, "op": "Const", "attr": {}} for name in ("words", "factor")),
        {"name": "y", "op": "Mul", "input": ["x", "factor"], "attr": {"T": float_type}},
    ]
    weights = [
        {"name": "words", "shape": [2], "dtype": "string"},
        {"name": "factor", "shape": [2], "dtype": "float32"},
    ]
    document = {
        "format": "graph-model",
        "modelTopology": {"node": [{"input": [], **node} for node in nodes], "versions": {}},
        "weightsManifest": [{"paths": ["weights.bin"], "weights": weights}],
        "signature": {
            "inputs": {"x": {"name": "x:0", "dtype": "DT_FLOAT", "tensorShape": shape["shape"]}},
            "outputs": {"y": {"name": "y:0"}},
        },
    }
    texts = b"".join(len(text).to_bytes(4, "little") + text for text in (b"ab", b"cde"))
    folder.mkdir(exist_ok=True)
    (folder / "weights.bin").write_bytes(texts + np.full(2, factor, "<f4").tobytes())
    (folder / "model.json").write_text(json.dumps(document))


def test_a_graph_with_texts_among_its_weights(
    page: Page, live_url: str, served: ServedModels
) -> None:
    graph_folder(served.folder / "graph", 3)
    live = LivePage.opened(page, live_url, served)
    live.start("graph")
    live.wait_until_it_listens()
    tensors = live.tensors()
    given = np.ones((1, 2), "float32")
    assert in_page(live, given) == [3, 3]
    graph_folder(served.folder / "graph", 4)
    assert live.told("update")["isNew"] is True
    assert in_page(live, given) == [4, 4]
    page.wait_for_function("count => tf.memory().numTensors === count", arg=tensors)
