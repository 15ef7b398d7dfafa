"""A process that has imported everything a conversion needs, and forks a child for each model.

Importing h5py, numpy and the converter takes longer than converting a small model. So one process
does it once, reads no model ever, and forks: the child is a copy that can begin at once, confines
itself to its request, and ends after it. Whatever a file does to its child, the next model gets a
copy of a process that has never seen that file.

It is told what to do over a socket, its standard input, in datagrams of a few words:

- ``fork TOKEN``, with the descriptors of the child's stdin, stdout and stderr. The answer is
  ``forked TOKEN PID``, or ``failed TOKEN ERRNO``.
- ``forget PID``. A process that has ended is reported, ``ended PID CODE``, but keeps its number
  until this is said: so its number is never that of another process when it is killed.

It has a single thread, as a copy of a process with several of them would not work. It ends when
the socket is closed, and its children with it (:func:`~tfjs_serve.worker.limits.end_with`). For
Linux: on macOS, libraries of the system do not survive a fork.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn, TextIO

from tfjs_serve.settings import WORKER_OPEN_FILES
from tfjs_serve.worker import child, convert, limits
from tfjs_serve.worker.protocol import FORK_DATAGRAM_BYTES
from tfjs_serve.worker.rehearsal import rehearse

_DESCRIPTORS = 3
_IDLE_SECONDS = 0.05
"""A process that has had nothing to do for this long has time to rehearse."""


def main(memory_bytes: int) -> None:
    """Import everything, then fork whenever it is asked for; `memory_bytes` limits each child."""
    limits.apply(memory_bytes)
    gc.disable()  # what is imported stays
    convert.warm_up()
    limits.libraries()
    gc.freeze()  # the collector would write into memory that is shared with the children
    gc.enable()
    ForkServer(socket.socket(fileno=0)).serve()


class ForkServer:
    """Forks children and watches them."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._running: set[int] = set()
        self._ended: set[int] = set()
        self._to_forget: set[int] = set()

    def serve(self) -> None:
        """Do what is asked for until the socket is closed."""
        woken, waker = os.pipe()
        for descriptor in (woken, waker):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        sources: list[socket.socket | int] = [self._control, woken]
        _rehearse_if_idle(self._control)
        while True:
            ready, _, _ = select.select(sources, [], [])
            if woken in ready:
                os.read(woken, 1024)
            if self._control in ready and not self._obey():
                return
            self._look_after_children()

    def _obey(self) -> bool:
        """Do one thing that is asked for; return whether more may come."""
        words, descriptors, _, _ = socket.recv_fds(self._control, FORK_DATAGRAM_BYTES, _DESCRIPTORS)
        match words.decode().split():
            case ["fork", token]:
                self._fork(token, descriptors)
            case ["forget", pid]:
                self._to_forget.add(int(pid))
            case _:
                return False
        return True

    def _fork(self, token: str, descriptors: Sequence[int]) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._say(f"failed {token} {error.errno}")
        else:
            if not pid:
                _be_child(parent, descriptors)
            self._running.add(pid)
            self._say(f"forked {token} {pid}")
        for descriptor in descriptors:
            os.close(descriptor)

    def _look_after_children(self) -> None:
        """Report the children that have ended, and forget those that nobody asks for any more."""
        for pid in tuple(self._running):
            result = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if result is not None:
                self._running.discard(pid)
                self._ended.add(pid)
                is_code = result.si_code == os.CLD_EXITED
                self._say(f"ended {pid} {result.si_status if is_code else -result.si_status}")
        for pid in self._ended & self._to_forget:
            os.waitpid(pid, 0)
            self._ended.discard(pid)
            self._to_forget.discard(pid)

    def _say(self, words: str) -> None:
        self._control.send(words.encode())


def _rehearse_if_idle(orders: socket.socket | TextIO) -> None:
    """Get ready while nothing is asked for; what the server has rehearsed, its children know.

    A process that cannot rehearse does its work all the same.
    """
    if not select.select([orders], [], [], _IDLE_SECONDS)[0]:
        try:
            rehearse()
        except Exception:  # noqa: BLE001 -- a file that an update is replacing, or too little memory
            traceback.print_exc()


def _be_child(parent: int, pipes: Sequence[int]) -> NoReturn:
    """Go on as the child: with its own pipes, and with no other descriptors."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        for target, descriptor in enumerate(pipes):
            os.dup2(descriptor, target)
        os.closerange(3, WORKER_OPEN_FILES)
        limits.end_with(parent)
        _rehearse_if_idle(sys.stdin)
        child.answer_one()
        code = 0
    except BaseException:  # noqa: BLE001 -- whatever it is, this copy must not go on as the server
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stderr.flush()
        os._exit(code)
