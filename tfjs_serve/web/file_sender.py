"""Send a file on a connection without a task, a thread or a copy, where the platform can.

``loop.sendfile`` costs two tasks and several calls for each file. Beside a file of 4 MiB, that is
as much work as sending it.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import BinaryIO

from tfjs_serve.settings import MIB

CAN_SEND_FILES = hasattr(os, "sendfile")
"""Not on Windows, where the event loop cannot wait for a socket either."""

_MORE = getattr(socket, "MSG_MORE", 0)
"""Tells Linux that the head does not need a packet of its own."""
_TURN_BYTES = 4 * MIB
"""After so much, other connections have their turn."""


class FileSender:
    """Sends a head and a file to a client whose transport has nothing left to send.

    The bytes go past the transport: it must not write meanwhile, and its reading is paused when the
    client takes less than all at once.

    Parameters
    ----------
    file
        Sent as a whole, and closed at the end.
    seconds_per_mebibyte
        How long the client may take for each MiB.
    on_wait
        Called whenever the client has to be waited for.
    on_end
        Called once, with ``None`` or with what went wrong; but not after :meth:`stop`.

    Raises
    ------
    OSError
        The process has no descriptor left. `file` is then closed.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        head: bytes,
        file: BinaryIO,
        *,
        seconds_per_mebibyte: float,
        on_wait: Callable[[], None],
        on_end: Callable[[OSError | None], None],
    ) -> None:
        self._transport = transport
        self._head = memoryview(head)
        self._file = file
        self._size_bytes = os.fstat(file.fileno()).st_size
        self._seconds_per_mebibyte = seconds_per_mebibyte
        self._on_wait = on_wait
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._sent_bytes = 0
        self._timed_from_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_waiting = False
        # A duplicate, because event loops do not let others wait for the socket of a transport.
        try:
            self._socket: socket.socket = transport.get_extra_info("socket").dup()
        except OSError:
            file.close()
            raise

    def push(self) -> None:
        """Send as much as the system takes, and go on when it takes more."""
        try:
            is_done = self._push()
        except (BlockingIOError, InterruptedError):
            is_done = False
        except OSError as error:
            self._end(error)
            return
        if is_done:
            self._end(None)
        else:
            self._wait()

    def stop(self) -> None:
        """Send no more, and release everything; can be called again."""
        if self._is_waiting:
            self._loop.remove_writer(self._socket)
            self._is_waiting = False
        if self._timer is not None:
            self._timer.cancel()
        self._socket.close()
        self._file.close()

    def _push(self) -> bool:
        """Send for one turn; return whether that was all."""
        while self._head:
            self._head = self._head[self._socket.send(self._head, _MORE) :]
        turn_ends_bytes = min(self._size_bytes, self._sent_bytes + _TURN_BYTES)
        while self._sent_bytes < turn_ends_bytes:
            rest_bytes = turn_ends_bytes - self._sent_bytes
            target, source = self._socket.fileno(), self._file.fileno()
            sent_bytes = os.sendfile(target, source, self._sent_bytes, rest_bytes)
            if not sent_bytes:
                raise OSError("the file is shorter than it was when it was opened")
            self._sent_bytes += sent_bytes
        return self._sent_bytes == self._size_bytes

    def _wait(self) -> None:
        if not self._is_waiting:
            self._is_waiting = True
            self._transport.pause_reading()
            self._loop.add_writer(self._socket, self.push)
        if self._timer is None or self._sent_bytes - self._timed_from_bytes >= MIB:
            self._restart_timer()
        self._on_wait()

    def _restart_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timed_from_bytes = self._sent_bytes
        late = TimeoutError("the client does not read what it asked for")
        self._timer = self._loop.call_later(self._seconds_per_mebibyte, self._end, late)

    def _end(self, error: OSError | None) -> None:
        was_waiting = self._is_waiting
        self.stop()
        if was_waiting and error is None:
            self._transport.resume_reading()
        self._on_end(error)
