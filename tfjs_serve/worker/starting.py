"""Where children come from: forked where that is possible, and started elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Protocol

from tfjs_serve.worker.forks import ForkServer, can_fork
from tfjs_serve.worker.process import FORK_SERVER, ChildProcess, child_command


class Starter(Protocol):
    """Makes children that wait for a request."""

    async def start(self) -> ChildProcess:
        """Return a new child. Raises ``OSError`` if that is impossible."""

    def crashed(self) -> None:
        """Take notice that a child crashed."""

    async def close(self) -> None:
        """End everything that was kept to start children."""


def default_starter(memory_bytes: int) -> Starter:
    """Return the fastest way to start children on this system."""
    if can_fork():
        return Forking(child_command(memory_bytes, FORK_SERVER))
    return Spawning(child_command(memory_bytes))


class Spawning:
    """Starts an interpreter for each child."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)

    async def start(self) -> ChildProcess:
        return await ChildProcess.start(self._command)

    def crashed(self) -> None:
        pass

    async def close(self) -> None:
        pass


class Forking:
    """Forks each child from a server, which is started when it is needed, and again if it is gone.

    After a crash the next child comes from a new server. Children of one server have the same
    addresses in memory, and a file that guesses at them must not get a second guess.

    Parameters
    ----------
    command
        Starts the fork server.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)
        self._server: asyncio.Task[ForkServer] | None = None
        self._endings: dict[asyncio.Task[None], ForkServer] = {}
        self._is_closed = False

    async def start(self) -> ChildProcess:
        if self._is_closed:  # a server that was started now would never be ended
            raise OSError("no new process is started: the server is closing")
        server = await self._running()
        return await server.fork()

    def crashed(self) -> None:
        task = self._server
        if task is None or not task.done():
            return  # no child can have come from it
        self._server = None
        if not task.exception():
            server = task.result()
            server.retire()
            ending = asyncio.create_task(server.ended())
            self._endings[ending] = server
            ending.add_done_callback(self._endings.pop)

    async def close(self) -> None:
        self._is_closed = True
        if self._server is not None:
            with contextlib.suppress(OSError):
                await self._server
        self.crashed()
        for server in self._endings.values():
            server.end()
        await asyncio.gather(*self._endings)

    async def _running(self) -> ForkServer:
        task = self._server
        if task is not None and task.done() and (task.exception() or task.result().is_gone):
            self.crashed()
            task = None
        if task is None:
            task = self._server = asyncio.create_task(ForkServer.start(self._command))
        return await asyncio.shield(task)
