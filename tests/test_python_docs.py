"""The examples of docs/python.md run, one after the other, as they are written there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tfjs_serve

DOCUMENT = Path(__file__).parents[1] / "docs" / "python.md"


def examples() -> str:
    """Return all examples as one program."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return "\n\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))


def test_every_function_is_documented() -> None:
    table = DOCUMENT.read_text(encoding="utf-8").partition("\n## ")[0]
    functions = {name for name in tfjs_serve.__all__ if name[0].islower()}
    assert set(re.findall(r"^\| \[`(\w+)", table, re.MULTILINE)) == functions


def test_the_examples_run(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    (tmp_path / "docs.py").write_text(examples(), encoding="utf-8")
    # Not the numpy backend, which cannot train. Not as a script, which would serve for ever.
    environment = {**os.environ, "KERAS_BACKEND": "jax", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", "import docs"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "iris (1, 3)" in done.stdout
    assert "/twice custom-layer" in done.stdout
    small = json.loads((tmp_path / "public/iris-small/model.json").read_text())
    weights = small["weightsManifest"][0]["weights"]
    dtypes = {one["name"]: one["quantization"]["dtype"] for one in weights}
    assert dtypes["hidden/kernel"] == "uint8"
    assert dtypes["species/kernel"] == "float16"
    assert small["userDefinedMetadata"]["labels"][0] == "setosa"
    assert (tmp_path / "models/iris/model.json").is_file()
    assert (tmp_path / "public/as-before/group1-shard1of1.bin").is_file()
