"""A short run of ``bench/soak.py``: a model is saved all the time while clients load it."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[2] / "bench"
SOAK = BENCH / "soak.py"


def load_clients() -> ModuleType:
    spec = importlib.util.spec_from_file_location("soak_clients", BENCH / "soak_clients.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def named(body: bytes) -> tuple[str, bytes]:
    return f"weights.{hashlib.sha256(body).hexdigest()[:32]}.bin", body


def test_the_soak_sees_what_is_mixed_torn_or_misnamed() -> None:
    problem_of = load_clients().problem_of
    document = {
        "modelTopology": {"model_config": {"config": {"name": "soak_7"}}},
        "weightsManifest": [{"weights": [{"shape": [2, 3]}, {"shape": [2]}]}],
    }
    seven, eight = struct.pack("<f", 7.0), struct.pack("<f", 8.0)
    assert problem_of(document, [named(seven * 4), named(seven * 4)]) is None
    assert "values" in problem_of(document, [named(seven * 4), named(seven * 3 + eight)])
    assert "values" in problem_of(document, [named(eight * 4), named(eight * 4)])
    assert "bytes of weights" in problem_of(document, [named(seven * 7)])
    path, _ = named(eight * 8)
    assert "not those" in problem_of(document, [(path, seven * 8)])


def test_a_refusal_is_clear_if_it_is_a_problem_of_the_same_status() -> None:
    clear_code = load_clients().clear_code
    problem = {"code": "store-full", "title": "Full", "detail": "No space.", "status": 507}
    media_type = "application/problem+json"
    assert clear_code(507, media_type, json.dumps(problem).encode()) == "store-full"
    assert clear_code(503, media_type, json.dumps(problem).encode()) is None
    assert clear_code(507, "application/json", json.dumps(problem).encode()) is None
    assert clear_code(500, media_type, b"Internal server error") is None
    assert clear_code(507, media_type, json.dumps({**problem, "detail": ""}).encode()) is None


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
@pytest.mark.parametrize("writer", ["in-place", "replace"])
def test_no_load_is_torn_and_new_generations_come_through(writer: str) -> None:
    options = ["--seconds", "6", "--clients", "4", "--writer", writer]
    done = subprocess.run(
        [sys.executable, SOAK, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = dict(re.findall(r"^\| ([a-z ]+) \| (\d+) \|$", done.stdout, re.MULTILINE))
    assert (figures["mixed or torn loads"], figures["writer errors"]) == ("0", "0")
    assert figures["requests that failed"] == "0"
    assert int(figures["loads"]) > 0
    assert int(figures["generations served"]) >= 3
