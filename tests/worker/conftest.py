"""Fake children: small scripts that speak the protocol, or fail to."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tfjs_serve.settings import ConversionOptions
from tfjs_serve.worker.client import WorkerPool
from tfjs_serve.worker.forks import can_fork
from tfjs_serve.worker.process import CHILD, FORK_SERVER
from tfjs_serve.worker.protocol import ConversionRequest
from tfjs_serve.worker.starting import Spawning

PRELUDE = """
import json, os, signal, subprocess, sys, time

def say(message):
    sys.stdout.write(json.dumps(message) + "\\n")
    sys.stdout.flush()

def progress(done, total):
    say({"progress": {"done_bytes": done, "total_bytes": total}})

def report(name="model.json"):
    files = [{"name": name, "size_bytes": 1, "sha256": "0" * 64}]
    lists = ("inputs", "outputs", "labels", "layers", "models", "needsOfLayersJs")
    facts = {key: [] for key in lists}
    facts |= {"parameters": 7, "layerCount": 0, "weightBytes": {}}
    facts |= {"training": None, "proof": None}
    report = {"files": files, "warnings": ["a warning"], "parts": [], "facts": facts}
    say({"report": report})

line = sys.stdin.readline()
if not line:
    sys.exit()
request = json.loads(line)
say({"accepted": {"missing": []}})
"""

PoolFactory = Callable[..., WorkerPool]
WAYS = [
    pytest.param(CHILD, id="started"),
    pytest.param(
        FORK_SERVER,
        id="forked",
        marks=pytest.mark.skipif(not can_fork(), reason="children are only started here"),
    ),
]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let `run` and `starter_of` have children started, and then have them forked."""
    monkeypatch.setattr("tests.worker.test_child.WAY", request.param)
    return str(request.param)


@pytest.fixture
def request_for(tmp_path: Path) -> Callable[[str], ConversionRequest]:
    def make(display_name: str) -> ConversionRequest:
        return ConversionRequest(
            source=str(tmp_path / display_name),
            display_name=display_name,
            output_dir=str(tmp_path),
            options=ConversionOptions(),
        )

    return make


@pytest.fixture
async def pool_running() -> AsyncIterator[PoolFactory]:
    """Make pools whose children run a script after they have accepted ``request``."""
    pools = []

    def make(
        script: str,
        *,
        deadline_seconds: float = 60,
        max_processes: int = 2,
        prelude: str = PRELUDE,
    ) -> WorkerPool:
        pool = WorkerPool(
            deadline_seconds=deadline_seconds,
            max_processes=max_processes,
            starter=Spawning([sys.executable, "-I", "-S", "-c", prelude + script]),
        )
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        await pool.close()
