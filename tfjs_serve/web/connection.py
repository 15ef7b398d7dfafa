"""One connection, with the limits that aiohttp lacks.

A malformed request never reaches the application or its middlewares. Like all other errors it is
answered with a problem, which is done here, as aiohttp would answer with text or HTML.

A server that waits for its clients can be kept busy by them. So there is a time limit for
everything that a client can be slow with: the head of a request, a body, the answer, the next
request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web

from tfjs_serve.settings import MIB, ConnectionLimits
from tfjs_serve.web import problems
from tfjs_serve.web.cors import CorsPolicy
from tfjs_serve.web.responses import add_constant_headers, problem_response

_log = logging.getLogger(__name__)


class Connection(web.RequestHandler):
    """A connection with limits, which answers with problems.

    aiohttp itself closes a connection that has sent no complete head for ``keepalive_timeout``.
    """

    __slots__ = ("_cors", "_head_timer", "_limits", "_send_timer")

    def __init__(
        self, server: web.Server, *, cors: CorsPolicy, limits: ConnectionLimits, **options: Any
    ) -> None:
        super().__init__(
            server,
            keepalive_timeout=limits.idle_seconds,
            lingering_time=limits.body_seconds,
            max_headers=limits.header_fields,
            auto_decompress=False,  # bodies are discarded
            **options,
        )
        self._cors = cors
        self._limits = limits
        self._head_timer = _Timer()
        self._send_timer = _Timer()

    @property
    def is_waiting(self) -> bool:
        """Whether there is no request to answer; part of one may have arrived.

        Before the first request, aiohttp's task may not have started waiting yet.
        """
        waiter = self._waiter
        return self._request_count == 0 or (waiter is not None and not waiter.done())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Request a call of :meth:`pause_writing` for every byte that the system does not take."""
        super().connection_made(transport)
        cast(asyncio.Transport, transport).set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        """Start the timer when a head begins, and stop it when the head is complete."""
        super().data_received(data)
        if not self.is_waiting:
            self._head_timer.stop()
        elif data:
            self._head_timer.start(self._limits.head_seconds, self.force_close)

    def pause_writing(self) -> None:
        """Start the timer when the client reads more slowly than the server sends.

        When the time is over the transport is aborted, not closed: closing would first send the
        rest of the answer, however long that takes.
        """
        super().pause_writing()
        transport = self.transport
        if transport is not None:
            mebibytes = 1 + transport.get_write_buffer_size() // MIB
            self._send_timer.start(self._limits.send_seconds * mebibytes, transport.abort)

    def resume_writing(self) -> None:
        """Stop the timer: everything was sent."""
        self._send_timer.stop()
        super().resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop all timers."""
        self._head_timer.stop()
        self._send_timer.stop()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer with a problem, and close the connection, as the next request cannot be found.

        Raises
        ------
        ConnectionResetError
            An answer has already begun.
        """
        if request.writer.output_size > 0:
            raise ConnectionResetError("an answer has already begun, so no other can be sent")
        level = logging.DEBUG if status < 500 else logging.ERROR
        _log.log(level, "a request could not be handled", exc_info=exc)
        detail = message if status < 500 else None
        problem = problems.from_status(status, (detail or "").partition("\n")[0])
        response = problem_response(problem, instance=None)
        add_constant_headers(request, response, self._cors)
        response.force_close()
        return response


class _Timer:
    """Calls something once, later, unless it is stopped; starting it again changes nothing."""

    __slots__ = ("_handle",)

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    def start(self, seconds: float, action: Callable[[], None]) -> None:
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_later(seconds, action)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
