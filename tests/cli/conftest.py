"""The command, run in this process and in processes of its own."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tfjs_serve.cli.group import command_line

DEADLINE_SECONDS = 60.0
SAMPLES = Path(__file__).parents[2] / "sample_models"

Invoke = Callable[..., Result]


class Running:
    """``python -m tfjs_serve`` with its output line by line."""

    def __init__(self, *arguments: str | Path, **environment: str) -> None:
        new_group = (
            {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if os.name == "nt" else {}
        )
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tfjs_serve", *map(str, arguments)],
            stdin=subprocess.DEVNULL,  # nobody presses keys
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", **environment},
            **new_group,
        )
        self.lines: list[str] = []
        self._news: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._news.put(line)
        self._news.put(None)

    def until(self, pattern: str) -> re.Match[str]:
        """Wait for a line that holds `pattern`."""
        while (line := self._news.get(timeout=DEADLINE_SECONDS)) is not None:
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"it ended without {pattern!r}:\n{self.output}")

    @property
    def output(self) -> str:
        """What was read so far."""
        return "".join(self.lines)

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self.process.send_signal(
            signal.CTRL_BREAK_EVENT if os.name == "nt" else signal.SIGINT  # type: ignore[attr-defined]  # Windows only
        )
        return self.wait()

    def wait(self) -> int:
        """Wait for the end; return the exit code."""
        code = self.process.wait(DEADLINE_SECONDS)
        self._reader.join()
        while (line := self._news.get()) is not None:
            self.lines.append(line)
        return code

    def close(self) -> None:
        """End it, however it is."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def invoke() -> Invoke:
    """Run the command in this process."""
    runner = CliRunner()
    return lambda *arguments: runner.invoke(command_line, [str(item) for item in arguments])


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Run the command in its own process, with a cache of its own."""
    started: list[Running] = []

    def start(*arguments: str | Path, **environment: str) -> Running:
        started.append(Running(*arguments, "--cache-dir", tmp_path / "cache", **environment))
        return started[-1]

    yield start
    for running in started:
        running.close()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "models"
    folder.mkdir()
    return folder
