"""A child process that answers line by line."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress

STOP_DEADLINE_SECONDS = 10.0


class Process:
    """A child whose lines of output can be awaited with a deadline."""

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            encoding="utf-8",
            errors="replace",
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._printed: list[str] = []
        self._readers = [threading.Thread(target=read) for read in (self._read, self._read_errors)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._printed.append(line)
            self._lines.put(line)
        self._lines.put(None)

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        self._printed.extend(self._process.stderr)

    def write_line(self, line: str) -> None:
        """Send one line; a child that is gone shows when its answer is read."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def read_line(self, deadline_seconds: float) -> str | None:
        """Return the next line, or ``None`` at the end. Raises ``queue.Empty`` when it is late."""
        return self._lines.get(timeout=deadline_seconds)

    def printed(self) -> str:
        """Return all that the child has printed so far, to its standard error too."""
        return "".join(self._printed)

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End the child at once."""
        self._process.kill()
        self.close()

    def close(self) -> None:
        """Ask the child to end, wait for that, and free what it held."""
        self._process.terminate()
        try:
            self._process.wait(STOP_DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()
