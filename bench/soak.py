"""Load a model in a loop while it is saved all the time; print what the clients were served.

    python bench/soak.py [--seconds 600] [--clients 32] [--writer in-place|replace|keras]
                         [options of the server, such as --grace 10]

Each save carries one value in all of its weights and in the model's name; each load is checked
byte by byte. Fails if a load was mixed or torn, if a save met an error, or if newer saves never
came through. Linux only: memory and descriptors are read from ``/proc``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from measuring import process_bytes, tree_bytes, tree_of
from soak_clients import Tally, load_in_a_loop

_START_SECONDS = 60.0
_LEAST_GENERATIONS = 3
_WARM_UP_SECONDS = 10.0
"""What the server holds when all of its imports are done and its first loads are over."""
_SHARD_SIZE = "64KiB"
"""Several shards for each model, so that they can be mixed."""


@dataclass(frozen=True, kw_only=True)
class State:
    """What the server's processes hold at one moment."""

    memory_bytes: int
    workers_bytes: int
    descriptors: int

    @classmethod
    def of(cls, pid: int) -> State:
        """Look at a process, and at its descendants."""
        own_bytes = process_bytes(pid)
        return cls(
            memory_bytes=own_bytes,
            workers_bytes=tree_bytes(pid) - own_bytes,
            descriptors=sum(len(_listed(Path(f"/proc/{one}/fd"))) for one in tree_of(pid)),
        )

    def __str__(self) -> str:
        own, workers = self.memory_bytes / 1e6, self.workers_bytes / 1e6
        return f"{own:.0f} MB, its workers {workers:.0f} MB, {self.descriptors} descriptors"


@dataclass(frozen=True, kw_only=True)
class Result:
    """One run."""

    tally: Tally
    saved: dict[str, Any]
    start: State
    end: State
    server_log: str

    @property
    def problems(self) -> list[str]:
        """What must not be."""
        found = [*self.tally.wrong, *self.saved["errors"]]
        if len(self.tally.generations) < _LEAST_GENERATIONS:
            found.append(f"only {len(self.tally.generations)} generations were served")
        _, traceback, rest = self.server_log.partition("Traceback")
        found += [traceback + rest[:3000]] if traceback else []
        return found

    def rows(self) -> Iterator[tuple[str, object]]:
        """Yield the lines of the table."""
        tally = self.tally
        yield "loads", tally.loads
        yield "bytes of weights checked", tally.bytes_loaded
        yield "mixed or torn loads", len(tally.wrong)
        yield "saves", self.saved["saves"]
        yield "writer errors", len(self.saved["errors"])
        yield "generations served", len(tally.generations)
        yield "answers of the last good generation", tally.stale
        yield "requests that failed", dict(tally.failed) or 0
        yield "server at the start", self.start
        yield "server at the end", self.end


@dataclass(frozen=True)
class Clients:
    """How many load in a loop, and for how long."""

    seconds: float
    count: int

    def load(self, url: str) -> Tally:
        return asyncio.run(self._load(url))

    async def _load(self, url: str) -> Tally:
        ended = asyncio.Event()
        asyncio.get_running_loop().call_later(self.seconds, ended.set)
        return await load_in_a_loop(url, self.count, ended)


def soak(clients: Clients, writer: str, options: Sequence[str], workspace: Path) -> Result:
    """Run server, writer and clients; `options` are those of the server."""
    models = workspace / "models"
    models.mkdir()
    server = _server(models, workspace, options)
    with _writer(models / "model.h5", writer) as writing, server as (process, origin):
        url = f"{origin}/model/model.json"
        replace(clients, seconds=min(_WARM_UP_SECONDS, clients.seconds / 2)).load(url)
        time.sleep(1)  # for connections to close
        start = State.of(process.pid)
        tally = clients.load(url)
        time.sleep(1)
        end = State.of(process.pid)
        printed, _ = writing.communicate()
    return Result(
        tally=tally,
        saved=json.loads(printed.splitlines()[-1]),
        start=start,
        end=end,
        server_log=(workspace / "server.log").read_text(),
    )


@contextmanager
def _writer(model: Path, kind: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, ROOT / "bench" / "soak_writer.py", model, kind]
    with _running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        _wait_for(model.exists)
        yield process


@contextmanager
def _server(
    models: Path, workspace: Path, further: Sequence[str]
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    log = workspace / "server.log"
    options = ["--port", "0", "--shard-size", _SHARD_SIZE, "--cache-dir", workspace / "cache"]
    command = [sys.executable, "-m", "tfjs_serve", "serve", models, *options, *further]
    with log.open("w") as file, _running(command, stdout=file, stderr=file) as process:
        _wait_for(lambda: _origin(log) is not None)
        yield process, str(_origin(log))


@contextmanager
def _running(command: Sequence[object], **options: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([str(part) for part in command], text=True, cwd=ROOT, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        for stream in filter(None, (process.stdin, process.stdout)):
            stream.close()


def _origin(log: Path) -> str | None:
    found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
    return found[0] if found else None


def _wait_for(condition: Any) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("the server or the writer did not start")
        time.sleep(0.05)


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--writer", choices=("in-place", "replace", "keras"), default="in-place")
    options, of_server = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as workspace:
        clients = Clients(options.seconds, options.clients)
        result = soak(clients, options.writer, of_server, Path(workspace))
    print(
        " ".join(
            [f"{options.writer}, {options.clients} clients, {options.seconds:g} s", *of_server]
        )
    )
    print()
    print("| what | how much |\n|---|---|")
    for name, value in result.rows():
        print(f"| {name} | {value} |")
    for problem in result.problems[:20]:
        print(f"PROBLEM: {problem}")
    sys.exit(1 if result.problems else 0)


if __name__ == "__main__":
    main()
