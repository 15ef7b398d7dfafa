"""How a conversion process is started and ended: all that differs between platforms.

POSIX: the process leads a session of its own, so Ctrl-C in the terminal does not reach it and its
whole group can be killed. Windows: it leads a process group, which keeps Ctrl-C away, and is killed
alone; processes that it might have started would go on there, and it starts none.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

PROTOCOL_LINE_BYTES = 16 * 1024 * 1024
"""Longest line that is read from a child: a report of about 100,000 files."""
_LAST_WORDS_BYTES = 4096
_READ_BYTES = 64 * 1024
_STDERR_PAUSE_SECONDS = 0.01
_END_SECONDS = 1.0
"""How long a killed child is waited for; a stranger may have inherited its pipes."""

_FIRST_NTSTATUS_ERROR = 0xC0000000
"""Windows: exit codes from here on mean that the system ended the process."""

_PASSED_ON = (
    # Where an interpreter of a module system or of conda finds its own libraries.
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    # How file names are spelled in bytes.
    *("LANG", "LC_ALL", "LC_CTYPE"),
)
"""What the interpreter needs; secrets of the parent stay with it, and so does what changes what
programs load or do: ``PYTHON*``, ``LD_PRELOAD``, ``HDF5_PLUGIN_PATH``, folders for temporary files.
"""
_PASSED_ON_WINDOWS = (*_PASSED_ON, "SYSTEMROOT", "PATH")
"""There ``PATH`` is also where libraries are found."""

_BOOTSTRAP = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from tfjs_serve.worker.child import main; main(int(sys.argv[1]))"
)


def child_command(memory_bytes: int) -> tuple[str, ...]:
    """Return the command that starts :mod:`tfjs_serve.worker.child`.

    It has the parent's interpreter and import path, so that the child runs the same code, but is
    isolated (``-I``): neither the environment nor the current
    folder, which may well be the folder of models, nor the user's own packages have a say. What
    the parent took from its environment is handed on where it must agree: how text is encoded, and
    whether bytecode is written.
    """
    options = ("-I", "-X", f"utf8={sys.flags.utf8_mode}", *("-B",) * sys.dont_write_bytecode)
    arguments = (str(memory_bytes), *map(os.path.abspath, sys.path))
    return (sys.executable, *options, "-c", _BOOTSTRAP, *arguments)


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of `environment` that a child gets to see."""
    names = _PASSED_ON_WINDOWS if sys.platform == "win32" else _PASSED_ON
    return {name: environment[name] for name in names if name in environment}


class ChildProcess:
    """A running child with its pipes; stderr is read all the time, its end is kept."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._last_words = b""
        self._has_work = False
        self._stderr_task = asyncio.create_task(self._read_stderr())

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
    def is_running(self) -> bool:
        return self._process.returncode is None

    @property
    def last_words(self) -> str:
        """The last lines that the child wrote to stderr, for a message."""
        lines = self._last_words.decode(errors="replace").splitlines()
        return "\n".join(line for line in lines[-3:] if line.strip())

    async def send_line(self, line: bytes) -> None:
        """Write `line`; a child that is gone is noticed when its answer is read."""
        self._has_work = True
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(line + b"\n")
        with contextlib.suppress(ConnectionError):
            await stdin.drain()

    async def read_line(self) -> bytes:
        """Return the next line, ``b""`` at the end. Raises ``ValueError`` if it is too long."""
        stdout = self._process.stdout
        assert stdout is not None
        return await stdout.readline()

    async def exit_code(self) -> int:
        """Wait until the child has ended by itself; its stderr is complete then."""
        code = await self._process.wait()
        await asyncio.shield(self._stderr_task)
        return code

    def kill(self) -> None:
        """End the child at once, and all that it started, also if it has ended before them.

        A group keeps its number as long as someone is in it, and the system hands out all other
        numbers before one that was just given back. A child without work started nothing, and may
        have been gone for hours.
        """
        if self.is_running or self._has_work:
            _kill_group(self._process)

    async def end(self) -> None:
        """Kill the child and wait until nothing of it is left: no process, no pipe, no task."""
        self.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._close_pipes(), _END_SECONDS)
        self._stderr_task.cancel()

    async def _close_pipes(self) -> None:
        """Read to the end what nobody wants: a pipe with data in it is never closed."""
        stdout = self._process.stdout
        assert stdout is not None
        while await stdout.read(_READ_BYTES):
            pass
        await self.exit_code()

    async def _read_stderr(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        while chunk := await stderr.read(_READ_BYTES):
            self._last_words = (self._last_words + chunk)[-_LAST_WORDS_BYTES:]
            # Who writes without end is slowed down here, and does not slow down others.
            await asyncio.sleep(_STDERR_PAUSE_SECONDS)


def describe_exit(code: int) -> str:
    """Return how a process ended, as the second half of a sentence."""
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


def _kill_group(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()  # does nothing if it has ended
        else:
            os.killpg(process.pid, signal.SIGKILL)
