"""``layers.js`` with the real TensorFlow.js in Node: what it declares, and whether it loads."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tfjs_serve import companion

NODE_FOLDER = Path(__file__).parents[1] / "js"
_START = """
console.log = console.warn = console.info = () => {};
const tf = require("@tensorflow/tfjs");
require(process.argv[1]).register(tf);
const answer = (value) => process.stdout.write(JSON.stringify(value));
"""
_DECLARED = """
const classes = tf.serialization.SerializationMap.getMap().classNameMap;
const own = Object.entries(classes).filter(([name]) => name.startsWith("tfjs-serve/layers.js>"));
const layers = Object.fromEntries(own.map(([name, [made]]) => [name.split(">")[1], made]));
const lists = Object.entries(layers).map(([name, { declared }]) => [name, declared]);
answer({
  layers: Object.fromEntries(lists),
  operations: layers.Operation.signatures,
  activations: layers.Activation.parameters,
});
"""

needs_node = pytest.mark.skipif(
    not shutil.which("node") or not (NODE_FOLDER / "node_modules" / "@tensorflow").is_dir(),
    reason="needs Node and the packages of tests/js",
)


def in_node(program: str) -> Any:
    """Run JavaScript that calls ``answer(value)`` where ``tf`` has the layers of ``layers.js``."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / companion.SCRIPT_NAME
        script.write_text(companion.whole_script().text, encoding="utf-8")
        return node("--eval", _START + program, str(script))


def node(*arguments: str) -> Any:
    """Run Node, which finds the packages of ``tests/js``; return the JSON that it prints."""
    env = {"NODE_PATH": str(NODE_FOLDER / "node_modules"), "PATH": "/usr/bin:/bin"}
    command = [str(shutil.which("node")), *arguments]
    reply = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert reply.returncode == 0, reply.stderr[-2000:]
    return json.loads(reply.stdout)


@cache
def declared() -> Mapping[str, Any]:
    """Return what is declared.

    Returns
    -------
    Mapping
        ``layers``: the arguments of each class; ``operations``: ``family`` and ``parameters`` of
        each; ``activations``: the arguments of each.
    """
    found: Mapping[str, Any] = in_node(_DECLARED)
    return found
