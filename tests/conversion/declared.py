"""What ``layers.js`` declares, as the real TensorFlow.js in Node sees it."""

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
_LIST = """
console.log = console.warn = console.info = () => {};
const tf = require("@tensorflow/tfjs");
require(process.argv[1]).register(tf);
const classes = tf.serialization.SerializationMap.getMap().classNameMap;
const { signatures } = classes["tfjs-serve/layers.js>Operation"][0];
process.stdout.write(JSON.stringify({ operations: signatures }));
"""

needs_node = pytest.mark.skipif(
    not shutil.which("node") or not (NODE_FOLDER / "node_modules" / "@tensorflow").is_dir(),
    reason="needs Node and the packages of tests/js",
)


@cache
def declared() -> Mapping[str, Any]:
    """Return ``operations``: for each its ``family`` and its ``parameters``."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / companion.SCRIPT_NAME
        script.write_text(companion.script(), encoding="utf-8")
        env = {"NODE_PATH": str(NODE_FOLDER / "node_modules"), "PATH": "/usr/bin:/bin"}
        command = [str(shutil.which("node")), "--eval", _LIST, str(script)]
        reply = subprocess.run(command, env=env, capture_output=True, check=True)
    found: Mapping[str, Any] = json.loads(reply.stdout)
    return found
