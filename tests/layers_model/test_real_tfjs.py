"""The same weights, decoded by TensorFlow.js itself."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfjs_serve.layers_model.model import ArraySource, LayersModel, LayersWeight
from tfjs_serve.layers_model.writer import write_layers_model
from tfjs_serve.settings import ConversionOptions, Variant

from .tfjs_decoding import decode_model

NODE_FOLDER = Path(__file__).parents[1] / "js"
DECODE = """
const { readFileSync } = require("fs");
console.log = console.warn = console.info = () => {};
const { io } = require("@tensorflow/tfjs");
const { weightsManifest } = JSON.parse(readFileSync("model.json"));
const read = (path) => Uint8Array.from(readFileSync(path)).buffer;
const buffers = weightsManifest.flatMap((group) => group.paths.map(read));
const tensors = io.decodeWeights(buffers, io.getWeightSpecs(weightsManifest));
const entries = Object.entries(tensors).map(
  ([name, t]) => [name, { shape: t.shape, dtype: t.dtype, values: [...t.dataSync()] }]);
process.stdout.write(JSON.stringify(Object.fromEntries(entries)));
"""

pytestmark = pytest.mark.skipif(
    not shutil.which("node") or not (NODE_FOLDER / "node_modules" / "@tensorflow").is_dir(),
    reason="needs Node and the packages of tests/js",
)


BY_NAME = ((Variant.UINT8, ("a", "c*")), (Variant.FLOAT16, ("tiny",)))
OPTIONS = [
    *({"variant": variant} for variant in Variant),
    {"by_layer": True},
    {"by_layer": True, "by_name": BY_NAME, "variant": Variant.UINT16},
    {"shard_size_bytes": 10},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_tfjs_decodes_what_was_written(tmp_path: Path, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(7)
    arrays = {
        # Two shards, the second greater: the layout that TF.js would misread in one piece.
        "a": rng.normal(size=(20, 30)).astype(np.float32),
        "flags": np.array([True, False, True]),
        "b": rng.normal(size=(20, 35)).astype(np.float32),
        "scalar": np.float32(0.25),
        "constant": np.full(5, -3.75, np.float32),
        "empty": np.zeros((0, 3), np.float32),
        "zeros": np.array([0.0, -1.5, 2.25, 0.0], np.float32),
        "count": np.array([-7, 2**31 - 1]),
        "c": rng.normal(size=(250,)).astype(np.float64),
        "tiny": np.array([1e-45, 3e-6, 6e-5, -1e-7], np.float32),
    }
    weights = tuple(
        LayersWeight(name=name, source=ArraySource(array), layer=name)
        for name, array in arrays.items()
    )
    model = LayersModel(topology={}, weights=weights, generated_by="keras 3.0.0")
    given = ConversionOptions(**{"shard_size_bytes": 4096, **options})
    write_layers_model(model, tmp_path, given, lambda done, total: None)
    command = ["node", "--eval", DECODE]
    env_path = {"NODE_PATH": str(NODE_FOLDER / "node_modules"), "PATH": "/usr/bin:/bin"}
    reply = subprocess.run(command, cwd=tmp_path, env=env_path, capture_output=True, check=True)
    by_tfjs, by_us = json.loads(reply.stdout), decode_model(tmp_path)
    assert list(by_tfjs) == list(by_us) == list(arrays)
    for name, expected in by_us.items():
        assert by_tfjs[name]["dtype"] == expected.dtype.name
        assert by_tfjs[name]["shape"] == list(expected.shape)
        assert np.array_equal(np.ravel(by_tfjs[name]["values"]), expected.ravel())
    assert by_tfjs["zeros"]["values"][0] == by_tfjs["zeros"]["values"][3] == 0
    assert by_tfjs["constant"]["values"] == [-3.75] * 5
