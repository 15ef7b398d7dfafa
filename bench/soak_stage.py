"""The folder, the server and the writer of a soak (``soak.py``)."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from soak_server import set_clock

ROOT = Path(__file__).resolve().parents[1]
_START_SECONDS = 60.0
_SHARD_SIZE = "64KiB"
"""Several shards for each model, so that they can be mixed."""


class Server:
    """The server, which can be killed and started again on the same port.

    Attributes
    ----------
    downtimes
        When it was not there: from being killed to its first answer, by the monotonic clock.
    """

    def __init__(self, workspace: Path, options: Sequence[str]) -> None:
        self.models, self.cache_dir = workspace / "models", workspace / "disk" / "cache"
        self.clock, self._log = workspace / "clock", workspace / "server.log"
        self.downtimes: list[tuple[float, float]] = []
        self.cache_dir.mkdir(parents=True)
        set_clock(self.clock, 0)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.origin = f"http://127.0.0.1:{port}"
        server = [sys.executable, ROOT / "bench" / "soak_server.py", self.clock]
        serve = ["serve", self.models, "--port", port, "--cache-dir", self.cache_dir]
        command = [*_without_privileges(), *server, *serve, "--shard-size", _SHARD_SIZE, *options]
        self._command = [str(part) for part in command]
        self._process = self._start()

    @property
    def pid(self) -> int:
        """Number of its process."""
        return self._process.pid

    def _start(self) -> subprocess.Popen[str]:
        with self._log.open("a") as file:
            process = subprocess.Popen(self._command, stdout=file, stderr=file, text=True, cwd=ROOT)
        wait_for(lambda: self.answers("/-/health"), "the server did not start")
        return process

    def answers(self, path: str) -> bool:
        """Whether there is an answer, of whatever kind."""
        with suppress(OSError):
            try:
                urlopen(self.origin + path).close()
            except HTTPError as error:
                error.close()
            return True
        return False

    def kill_and_start_again(self) -> None:
        """End it without a warning, as a crash of the machine would, and start it again."""
        killed = time.monotonic()
        self._process.kill()
        self._process.wait()
        self._process = self._start()
        self.downtimes.append((killed, time.monotonic()))

    def log(self) -> str:
        """Return what all of its processes have printed."""
        return self._log.read_text()

    def close(self) -> None:
        """Ask it to end, and wait until it has."""
        self._process.terminate()
        self._process.wait()


@contextmanager
def serving(workspace: Path, options: Sequence[str]) -> Iterator[Server]:
    """Run the server; `options` are further ones of its command line."""
    server = Server(workspace, options)
    try:
        yield server
    finally:
        server.close()


def _without_privileges() -> tuple[str, ...]:
    """Return the command prefix of a process that permissions hold for, also if we are root."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return ()
    return ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")


class Writer:
    """The program that saves a model all the time."""

    def __init__(self, model: Path, kind: str) -> None:
        command = [sys.executable, ROOT / "bench" / "soak_writer.py", model, kind]
        self._process = subprocess.Popen(
            [str(part) for part in command],
            text=True,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        wait_for(model.exists, "the writer did not start")

    def end(self) -> dict[str, Any]:
        """Let it end after a complete save; return what it did."""
        printed, _ = self._process.communicate()
        done: dict[str, Any] = json.loads(printed.splitlines()[-1])
        return done

    def close(self) -> None:
        """End it in any case."""
        self._process.terminate()
        self._process.wait()
        for stream in filter(None, (self._process.stdin, self._process.stdout)):
            stream.close()


@contextmanager
def writing(model: Path, kind: str) -> Iterator[Writer]:
    """Run the writer."""
    writer = Writer(model, kind)
    try:
        yield writer
    finally:
        writer.close()


def wait_for(condition: Callable[[], object], otherwise: str) -> None:
    """Wait until `condition` holds; the run ends with the message `otherwise` if it never does."""
    deadline = time.monotonic() + _START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(otherwise)
        time.sleep(0.02)
