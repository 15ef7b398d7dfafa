"""Start and end a conversion process: most of what differs between platforms.

On POSIX the process leads a session of its own, so Ctrl-C in the terminal does not reach it and its
whole group can be killed. On Windows it leads a process group, which also keeps Ctrl-C away, but
only the process itself is killed. Processes that it started would go on, but it starts none.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

PROTOCOL_LINE_BYTES = 16 * 1024 * 1024
"""Longest line that is read from a child: a report of about 100,000 files."""
_LAST_WORDS_BYTES = 4096
_READ_BYTES = 64 * 1024
_STDERR_PAUSE_SECONDS = 0.01
_END_SECONDS = 1.0
"""How long to wait for a killed child; another process may have inherited its pipes."""

_FIRST_NTSTATUS_ERROR = 0xC0000000
"""On Windows, exit codes from here on mean that the system ended the process."""

_PASSED_ON = (
    # Where an interpreter from a module system or from conda finds its own libraries.
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    # How file names are spelled in bytes.
    *("LANG", "LC_ALL", "LC_CTYPE"),
)
"""What the interpreter needs. The child gets none of the parent's secrets, and nothing that changes
what programs load or do: ``PYTHON*``, ``LD_PRELOAD``, ``HDF5_PLUGIN_PATH``, temporary folders."""
_PASSED_ON_WINDOWS = (*_PASSED_ON, "SYSTEMROOT", "PATH")
"""On Windows, libraries are found through ``PATH``."""

_BOOTSTRAP = (
    "import sys; from importlib import import_module; sys.path[:] = sys.argv[3:]; "
    "import_module(sys.argv[1]).main(int(sys.argv[2]))"
)
CHILD, FORK_SERVER = "tfjs_serve.worker.child", "tfjs_serve.worker.fork_server"
"""What :func:`child_command` can start."""


def child_command(memory_bytes: int, module: str = CHILD) -> tuple[str, ...]:
    """Return the command that starts `module`.

    It has the parent's interpreter and import path, so the child runs the same code, but isolated
    (``-I``): the environment, the current folder (which may be the folder of models) and the user's
    own packages have no influence. Two settings of the parent are passed on, because both
    processes must agree on them: how text is encoded, and whether bytecode is written.
    """
    options = ("-I", "-X", f"utf8={sys.flags.utf8_mode}", *("-B",) * sys.dont_write_bytecode)
    arguments = (module, str(memory_bytes), *map(os.path.abspath, sys.path))
    return (sys.executable, *options, "-c", _BOOTSTRAP, *arguments)


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of `environment` that a child gets."""
    names = _PASSED_ON_WINDOWS if sys.platform == "win32" else _PASSED_ON
    return {name: environment[name] for name in names if name in environment}


class Process(Protocol):
    """A process and its pipes: started, or forked (:mod:`~tfjs_serve.worker.forks`)."""

    stdin: asyncio.StreamWriter | None
    stdout: asyncio.StreamReader | None
    stderr: asyncio.StreamReader | None

    @property
    def pid(self) -> int:
        """Its number."""

    @property
    def returncode(self) -> int | None:
        """How it has ended, negative for a signal; ``None`` while it runs."""

    async def wait(self) -> int:
        """Return how it has ended, when it has."""

    def kill(self) -> None:
        """Kill it. Raises ``ProcessLookupError`` if it has ended."""


class ChildProcess:
    """A running child with its pipes.

    Parameters
    ----------
    forget
        Called when nothing is left of the process, and its number is not used any more.
    """

    def __init__(self, process: Process, forget: Callable[[], None] = lambda: None) -> None:
        self._process = process
        self._forget = forget
        self._has_work = False
        assert process.stderr is not None
        self._stderr = LastWords(process.stderr)

    @classmethod
    async def start(cls, command: Sequence[str]) -> ChildProcess:
        """Start `command`. Raises ``OSError`` if that is impossible."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=PROTOCOL_LINE_BYTES,
            env=child_environment(os.environ),
            start_new_session=True,
            creationflags=_creation_flags(),
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.returncode is None

    @property
    def last_words(self) -> str:
        """The last lines that the child wrote to stderr, to be shown in a message."""
        return self._stderr.text

    async def send_line(self, line: bytes) -> None:
        """Write `line`. If the child is gone, that is noticed when its answer is read."""
        self._has_work = True
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(line + b"\n")
        with contextlib.suppress(ConnectionError):
            await stdin.drain()

    async def read_line(self) -> bytes:
        """Return the next line, or ``b""`` at the end. Raises ``ValueError`` if it is too long."""
        stdout = self._process.stdout
        assert stdout is not None
        return await stdout.readline()

    async def exit_code(self) -> int:
        """Wait until the child has ended by itself and its stderr is complete.

        Raises
        ------
        ConnectionError
            It ended with the process that it was forked from.
        """
        code = await self._process.wait()
        await self._stderr.complete()
        return code

    def kill(self) -> None:
        """Kill the child and everything that it started, even if the child has already ended.

        A group keeps its number while anyone is in it, and the system reuses a number only after
        all others. A child without work has started nothing, and may have been gone for hours.
        """
        if self.is_running or self._has_work:
            _kill_group(self._process)

    async def end(self) -> None:
        """Kill the child and wait until nothing is left of it: no process, no pipe, no task."""
        self.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(asyncio.TimeoutError, ConnectionError):
            await asyncio.wait_for(self._close_pipes(), _END_SECONDS)
        self._stderr.close()
        self._has_work = False
        self._forget()

    async def _close_pipes(self) -> None:
        """Read the rest and ignore it: a pipe with data in it is never closed."""
        stdout = self._process.stdout
        assert stdout is not None
        while await stdout.read(_READ_BYTES):
            pass
        await self.exit_code()


class LastWords:
    """Reads a process's stderr all the time, and keeps the last of it."""

    def __init__(self, stderr: asyncio.StreamReader) -> None:
        self._kept = b""
        self._task = asyncio.create_task(self._read(stderr))

    @property
    def text(self) -> str:
        """The last lines, to be shown in a message.

        Of a traceback, only what it ends with: where files lie on this machine is nobody's concern.
        """
        lines = self._kept.decode(errors="replace").splitlines()
        return "\n".join(line for line in lines[-3:] if line.strip() and line[0] != " ")

    async def complete(self) -> None:
        """Wait for the end of stderr."""
        await asyncio.shield(self._task)

    def close(self) -> None:
        """Read no more."""
        self._task.cancel()

    async def _read(self, stderr: asyncio.StreamReader) -> None:
        while chunk := await stderr.read(_READ_BYTES):
            self._kept = (self._kept + chunk)[-_LAST_WORDS_BYTES:]
            # A child that writes endlessly is slowed down here, and does not slow down others.
            await asyncio.sleep(_STDERR_PAUSE_SECONDS)


def describe_exit(code: int) -> str:
    """Return how a process ended, as the rest of a sentence."""
    if code >= _FIRST_NTSTATUS_ERROR:
        return f"crashed with status 0x{code:08X}"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _creation_flags() -> int:
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.BELOW_NORMAL_PRIORITY_CLASS
    return 0


def _kill_group(process: Process) -> None:
    """Kill a process and its group, of which it may not be the leader yet if it was forked."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
