"""``training.js`` trains on the backends of browsers as on the cpu, where it equals Keras."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page

from tfjs_serve.training_script import whole_script

TOLERANCE = 1e-5
"""Graphics cards, and what stands in for one, do not round as a cpu does."""
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "Adam": {"learning_rate": 0.02, "amsgrad": True, "global_clipnorm": 1.0},
    "RMSprop": {"learning_rate": 0.01, "momentum": 0.5, "centered": True},
    "Lamb": {"learning_rate": 0.02, "weight_decay": 0.01},
}

TRAIN = """
async ({ backend, optimizer }) => {
  if (!(await tf.setBackend(backend))) throw new Error(`there is no backend ${backend}`);
  tfjsServeTraining.register(tf);
  const spread = (shape, scale) =>
    tf.tensor(Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) =>
      scale * Math.sin(1 + 3 * i)), shape);
  const input = tf.input({ shape: [5] });
  const hidden = tf.layers.dense({ units: 6, activation: "tanh" }).apply(input);
  const outputs = tf.layers.dense({ units: 3, activation: "softmax" }).apply(hidden);
  const model = tf.model({ inputs: input, outputs });
  model.setWeights(model.getWeights().map(({ shape }) => spread(shape, 0.4)));
  const of = (class_name, config) => ({ class_name, config });
  const keras = {
    dialect: "keras3",
    optimizer,
    outputs: ["out"],
    losses: [of("SparseCategoricalCrossentropy", {})],
    metrics: [[
      of("SparseCategoricalAccuracy", { name: "accuracy" }),
      of("SparseTopKCategoricalAccuracy", { name: "top", k: 2 }),
    ]],
  };
  model.loadTrainingConfig({ keras });
  const x = spread([21, 5], 1);
  const y = tf.tensor1d([...Array(21).keys()].map((i) => i % 3), "int32");
  const options = { epochs: 7, batchSize: 8, shuffle: false, verbose: 0 };
  const { history } = await model.fit(x, y, { ...options, epochs: 1 });
  const count = tf.memory().numTensors;
  await model.fit(x, y, { ...options, epochs: 6 });
  const leaked = tf.memory().numTensors - count;
  const evaluated = model.evaluate(x, y, { batchSize: 8 }).map((one) => one.dataSync()[0]);
  const weights = model.getWeights().flatMap((one) => Array.from(one.dataSync()));
  model.setWeights(model.getWeights().map((one, index) =>
    index < 3 ? tf.zerosLike(one) : tf.tensor1d([60, 0, 0])));
  const mistake = model.evaluate(tf.zeros([1, 5]), tf.tensor1d([1], "int32"))[0].dataSync()[0];
  return { history, evaluated, weights, leaked, mistake };
}
"""


@pytest.fixture(scope="module")
def trained_page(chromium: BrowserContext, page_folder: Path, page_url: str) -> Iterator[Page]:
    script = whole_script()
    (page_folder / script.name).write_text(script.text, encoding="utf-8")
    with chromium.new_page() as page:
        page.goto(page_url)
        page.add_script_tag(url=page_url.replace("page.html", script.name))
        yield page


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_graphics_card_trains_as_the_cpu_does(name: str, trained_page: Page) -> None:
    optimizer = {"class_name": name, "config": OPTIMIZERS[name]}
    on_cpu, on_card = (
        json.loads(
            trained_page.evaluate(
                f"async (given) => JSON.stringify(await ({TRAIN})(given))",
                {"backend": backend, "optimizer": optimizer},
            )
        )
        for backend in ("cpu", "webgl")
    )
    for key in ("weights", "evaluated"):
        np.testing.assert_allclose(on_card[key], on_cpu[key], atol=TOLERANCE)
    assert on_card["history"]["loss"] == pytest.approx(on_cpu["history"]["loss"], abs=TOLERANCE)
    for found in (on_cpu, on_card):
        assert found["leaked"] == 0
        assert found["mistake"] == pytest.approx(60)
