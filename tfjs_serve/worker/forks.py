"""The parent's side of the fork server: it is asked for children, and says how they ended."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import sys
from collections.abc import Sequence

from tfjs_serve.worker.pipes import Pipes
from tfjs_serve.worker.process import (
    ChildProcess,
    LastWords,
    child_environment,
    describe_exit,
)
from tfjs_serve.worker.protocol import FORK_DATAGRAM_BYTES

_START_SECONDS = 60.0
"""How long the fork server may take to import everything, on a machine that is busy."""
_END_SECONDS = 2.0


def can_fork() -> bool:
    """Whether a process that has loaded libraries can be copied here."""
    return sys.platform == "linux"


class ForkServer:
    """A running fork server. If it ends unexpectedly, the system ends its children.

    Parameters
    ----------
    control
        The socket over which it is told what to do.
    """

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        self._process = process
        self._control = control
        assert process.stderr is not None
        self._stderr = LastWords(process.stderr)
        self._tokens = map(str, itertools.count())
        self._forking: dict[str, asyncio.Future[int]] = {}
        self._endings: dict[int, asyncio.Future[int]] = {}
        self._is_retired = False
        self.is_gone = False
        asyncio.get_running_loop().add_reader(control, self._hear)

    @classmethod
    async def start(cls, command: Sequence[str]) -> ForkServer:
        """Start `command`, which can be asked for children at once. Raises ``OSError``."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=theirs.fileno(),
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.PIPE,
                    env=child_environment(os.environ),
                    start_new_session=True,
                )
        except BaseException:
            ours.close()
            raise
        return cls(process, ours)

    async def fork(self) -> ChildProcess:
        """Return a new child. Raises ``OSError`` if that is impossible."""
        pipes = await Pipes.open()
        try:
            pid = await self._fork([pipe.fileno() for pipe in pipes.others])
        except BaseException:
            pipes.close()
            raise
        pipes.close_others()

        def forget() -> None:
            pipes.close()
            self._forget(pid)

        return ChildProcess(ForkedProcess(pid, pipes, self._endings[pid]), forget)

    def retire(self) -> None:
        """Let it end when the last of its children has."""
        self._is_retired = True
        self._end_if_done()

    def end(self) -> None:
        """End it with all of its children."""
        self._let_go()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()  # the system ends its children with it

    def _let_go(self) -> None:
        """Close the socket; when it has done what it was told, it ends."""
        if self.is_gone:
            return
        self.is_gone = True
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        for future in (*self._forking.values(), *self._endings.values()):
            if not future.done():
                future.set_exception(ConnectionResetError("the process that forked it has ended"))
                future.exception()  # retrieved, even if nobody waits for it

    async def ended(self) -> None:
        """Wait until it is gone."""
        await self._process.wait()
        await self._stderr.complete()

    async def _fork(self, its_pipes: Sequence[int]) -> int:
        """Return the number of a new child that has these ends of pipes."""
        if self.is_gone:
            raise await self._reason()
        token = next(self._tokens)
        forked = self._forking[token] = asyncio.get_running_loop().create_future()
        try:
            socket.send_fds(self._control, [f"fork {token}".encode()], its_pipes)
            return await asyncio.wait_for(asyncio.shield(forked), _START_SECONDS)
        except asyncio.TimeoutError:
            self.end()  # so that the next child comes from another one
            raise OSError("the process that forks does not answer") from None
        except ConnectionError:
            raise await self._reason() from None
        except asyncio.CancelledError:
            if forked.done() and not forked.exception():
                self._abandon(forked.result())
            raise
        finally:
            self._forking.pop(token, None)
            self._end_if_done()

    async def _reason(self) -> OSError:
        """Return why it is gone, as far as that is known."""
        code: int | None = None
        with contextlib.suppress(asyncio.TimeoutError):
            code = await asyncio.wait_for(asyncio.shield(self._process.wait()), _END_SECONDS)
            await asyncio.wait_for(self._stderr.complete(), _END_SECONDS)
        how = "is gone" if code is None else describe_exit(code)
        return ConnectionResetError(f"the process that forks {how}; {self._stderr.text}")

    def _hear(self) -> None:
        """Read what the fork server says, and note its end."""
        try:
            while words := self._control.recv(FORK_DATAGRAM_BYTES):
                self._heed(words.decode().split())
        except BlockingIOError:
            return
        except (OSError, ValueError, LookupError):  # it talks nonsense: it is of no use any more
            pass
        self.end()

    def _heed(self, words: Sequence[str]) -> None:
        what, of_what, number = words[0], words[1], int(words[2])
        if what == "forked":
            self._endings[number] = asyncio.get_running_loop().create_future()
            forked = self._forking.get(of_what)
            if forked is not None and not forked.done():
                forked.set_result(number)
            else:
                self._abandon(number)
        elif what == "failed" and of_what in self._forking:
            self._forking[of_what].set_exception(OSError(number, os.strerror(number)))
        elif what == "ended" and int(of_what) in self._endings:
            self._endings[int(of_what)].set_result(number)

    def _abandon(self, pid: int) -> None:
        """End a child that nobody waits for any more."""
        os.kill(pid, signal.SIGKILL)
        self._forget(pid)

    def _forget(self, pid: int) -> None:
        """Give up a child; its number may be used again after this."""
        self._endings.pop(pid, None)
        with contextlib.suppress(OSError):
            self._control.send(f"forget {pid}".encode())
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self._is_retired and not (self._forking or self._endings):
            self._let_go()  # not killed: it still has to collect its last child


class ForkedProcess:
    """A child of the fork server, as :class:`~tfjs_serve.worker.process.Process` describes it."""

    def __init__(self, pid: int, pipes: Pipes, ending: asyncio.Future[int]) -> None:
        self.pid = pid
        self.stdin: asyncio.StreamWriter | None = pipes.stdin
        self.stdout: asyncio.StreamReader | None = pipes.stdout
        self.stderr: asyncio.StreamReader | None = pipes.stderr
        self._ending = ending

    @property
    def returncode(self) -> int | None:
        if not self._ending.done():
            return None
        return -signal.SIGKILL if self._ending.exception() else self._ending.result()

    async def wait(self) -> int:
        return await asyncio.shield(self._ending)

    def kill(self) -> None:
        if not self._ending.done():
            os.kill(self.pid, signal.SIGKILL)
