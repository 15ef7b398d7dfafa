"""Layers that a page registers itself predict in TensorFlow.js what they do in Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.conversion.declared import needs_node, node
from tfjs_serve.settings import ConversionOptions

from .converted import convert_into
from .keras3 import built

pytestmark = [
    needs_node,
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file:UserWarning"),
]

NAMES = {".h5": ("by", "times", "moved"), ".keras": ("weight_0", "weight_1", "weight_2")}
PAGE = """
console.log = console.warn = console.info = () => {};
const tf = require("@tensorflow/tfjs");
const fs = require("fs");
const [folder, ...names] = process.argv.slice(1);

class Own extends tf.layers.Layer {
  static className = "Own";
  build([, size]) {
    const made = (name, trained) =>
      this.addWeight(name, [size], "float32", tf.initializers.zeros(), undefined, trained);
    [this.by, this.times] = [made(names[0], true), made(names[1], true)];
    this.moved = made(names[2], false);
    super.build();
  }
  call(given) {
    const x = [given].flat()[0];
    return tf.add(tf.mul(tf.add(x, this.moved.read()), this.times.read()), this.by.read());
  }
}
tf.serialization.registerClass(Own);

const { modelTopology, weightsManifest } = JSON.parse(fs.readFileSync(`${folder}/model.json`));
const specs = weightsManifest.flatMap(({ weights }) => weights);
const shards = weightsManifest.flatMap(({ paths }) => paths);
const bytes = Buffer.concat(shards.map((path) => fs.readFileSync(`${folder}/${path}`)));
const weightData = new Uint8Array(bytes).buffer;
tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: specs, weightData })).then(
  (model) => {
    const found = model.predict(tf.tensor([[1, 2, 3]])).arraySync();
    process.stdout.write(JSON.stringify(found));
  },
);
"""


class Own(keras.layers.Layer):  # type: ignore[misc]
    """Adds, multiplies and adds, with weights of one shape, of which one is not trained."""

    def build(self, shape: Any) -> None:
        make = {"shape": shape[-1:], "initializer": "random_normal"}
        self.moved = self.add_weight(name="moved", trainable=False, **make)
        self.by = self.add_weight(name="by", **make)
        self.times = self.add_weight(name="times", **make)

    def call(self, x: Any) -> Any:
        """Return the sum."""
        return (x + self.moved) * self.times + self.by


@pytest.mark.parametrize("ending", NAMES)
@pytest.mark.parametrize("is_first", [True, False], ids=["first", "after a Dense"])
def test_own_layers_predict_as_in_keras(tmp_path: Path, ending: str, *, is_first: bool) -> None:
    others = [keras.layers.Dense(3, bias_initializer="random_normal")]
    layers = [Own(), *others] if is_first else [*others, Own()]
    model = built(lambda keras: keras.Sequential([keras.Input((3,)), *layers]))
    path = tmp_path / f"own{ending}"
    model.save(path)
    out = tmp_path / "out"
    out.mkdir()
    convert_into(out, path, options=ConversionOptions(custom_layers=("Own",)))
    found = node("--eval", PAGE, str(out), *NAMES[ending])
    expected = model.predict(np.array([[1.0, 2.0, 3.0]]), verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
