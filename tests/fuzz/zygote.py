"""Conversion processes that are forked instead of started, for long campaigns on POSIX.

Starting Python and importing numpy and h5py takes longer than converting a small model. Here one
process has all that behind it and forks for each conversion. The server starts a small program in
place of its child, which passes its pipes on and ends as the forked process ends; the code of the
child, its limits and what is said over the pipes are the real ones.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

STUB = """
import os, socket, sys
with socket.socket(socket.AF_UNIX) as zygote:
    zygote.connect(sys.argv[1])
    socket.send_fds(zygote, [b"x"], [0, 1, 2])
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    code = int(zygote.recv(16) or b"1")
if code < 0:
    os.kill(os.getpid(), -code)
os._exit(code)
"""
"""What the server starts: it must be quick, so it imports next to nothing."""


def stub_command(address: Path) -> tuple[str, ...]:
    """Return the command that stands in for :mod:`tfjs_serve.worker.child`."""
    return (sys.executable, "-I", "-S", "-c", STUB, str(address))


def start(address: Path) -> int:
    """Start the process that forks, which ends with its parent; return its id."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(address))
    listening.listen(100)
    alive, kept = os.pipe()
    pid = os.fork()
    if pid:
        listening.close()
        os.close(alive)
        return pid
    os.close(kept)
    _serve(listening, alive)
    os._exit(0)


def _serve(listening: socket.socket, alive: int) -> None:
    from tfjs_serve.worker import convert

    convert.warm_up()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([listening, alive], [], [])
        if alive in ready:
            return
        connection, _ = listening.accept()
        if not os.fork():
            listening.close()
            os.close(alive)
            os.setsid()
            _watch(connection)
            os._exit(0)
        connection.close()


def _watch(connection: socket.socket) -> None:
    """Fork the process that converts; end it with its stub, or tell the stub how it has ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, descriptors, _, _ = socket.recv_fds(connection, 1, 3)
    ended, held = os.pipe()
    pid = os.fork()
    if not pid:
        connection.close()
        os.close(ended)
        _convert(descriptors)
    for descriptor in (held, *descriptors):
        os.close(descriptor)
    # Nobody writes into the pipe: it ends with the process that holds its other end.
    if connection in select.select([connection, ended], [], [])[0]:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    with suppress(OSError):
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())


def _convert(descriptors: list[int]) -> None:
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
        os.close(descriptor)
    # Python's own objects for the pipes are those of the parent.
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    sys.stderr = os.fdopen(2, "w")
    from tfjs_serve.settings import DEFAULT_WORKER_MEMORY_BYTES
    from tfjs_serve.worker.child import main

    code = 1
    try:
        main(DEFAULT_WORKER_MEMORY_BYTES)
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)
