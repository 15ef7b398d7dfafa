"""What the doctor calls a fault is one for TensorFlow.js, and what it warns of is none."""

from __future__ import annotations

import asyncio
import json
import subprocess

import numpy as np
import pytest

from tests.parity.harness import NodeTf, NodeTfError
from tfjs_serve.doctor.known_layers import KNOWN_LAYERS

from .broken import FAULTS, WARNINGS
from .deployments import deployed, good

ONLY_IN_PAGES = {
    *("no CORS", "CORS for another origin", "two origins", "redirect without CORS"),
    "shard without CORS",
}
"""Node has no origins."""
READ_ALL_THE_SAME = {"shard of another conversion", "shard is an LFS pointer"}
"""It takes the first bytes of files that are too long for weights, whatever they are."""
NOT_DENSE = {"large shards", "a graph model", "layers that are not there"}
CLASSES = """
const tf = require("@tensorflow/tfjs");
const classes = tf.serialization.SerializationMap.getMap().classNameMap;
const isLayer = ([type]) => type.prototype instanceof tf.layers.Layer;
const names = Object.entries(classes).filter(([, entry]) => isLayer(entry)).map(([name]) => name);
console.log(JSON.stringify(names));
"""


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - ONLY_IN_PAGES - READ_ALL_THE_SAME))
async def test_tensorflow_js_cannot_load_what_has_a_fault(name: str, node_tf: NodeTf) -> None:
    files = good()
    FAULTS[name][0](files)
    async with deployed(files) as url:
        with pytest.raises(NodeTfError):
            await _predict(node_tf, url)


@pytest.mark.parametrize("name", sorted(READ_ALL_THE_SAME))
async def test_tensorflow_js_takes_any_bytes_for_weights(name: str, node_tf: NodeTf) -> None:
    files = good()
    FAULTS[name][0](files)
    async with deployed(files) as url:
        await _predict(node_tf, url)


@pytest.mark.parametrize("name", sorted(WARNINGS.keys() - NOT_DENSE))
async def test_tensorflow_js_loads_what_has_a_warning(name: str, node_tf: NodeTf) -> None:
    files = good()
    WARNINGS[name][0](files)
    async with deployed(files) as url:
        assert (await _predict(node_tf, url)).tolist() == [[4.0, 6.0, 8.0]]


async def _predict(node_tf: NodeTf, url: str) -> np.ndarray:
    inputs = [np.ones((1, 2), "float32")]
    prediction = await asyncio.to_thread(node_tf.predict, f"{url}model.json", inputs)
    return prediction.outputs[0]


def test_known_layers_are_those_of_tensorflow_js() -> None:
    command = ["node", "-e", CLASSES]
    done = subprocess.run(command, cwd="tests/js", capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) | {"Model", "Functional", "Sequential"} == KNOWN_LAYERS
