"""Programs that serve on this machine while something is tried with them."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

DEADLINE_SECONDS = 180.0
"""A machine may have a lot else to do."""
_POLL_SECONDS = 0.05


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, all different ones."""
    with ExitStack() as taken:
        return [
            int(taken.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1])
            for _ in range(count)
        ]


@contextmanager
def started(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the context ends; what it prints goes to the file `log`."""
    with log.open("wb") as printed:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            env={**os.environ, **(environment or {})},
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def running(
    command: Sequence[str], port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program as :func:`started` does; it begins when the program listens on `port`.

    Raises
    ------
    AssertionError
        It does not listen.
    """
    with started(command, log, environment) as process:
        wait_for(port, process, log)
        yield process


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a program listens on `port`.

    Raises
    ------
    AssertionError
        It does not.
    """
    until = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with closing(socket.socket()) as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(_POLL_SECONDS)
    raise AssertionError(f"nothing listens on port {port}: {log.read_text()[-2000:]}")
