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
import re
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web

from tfjs_serve.errors import StoreError
from tfjs_serve.settings import MIB, ConnectionLimits
from tfjs_serve.web import problems
from tfjs_serve.web.cors import CorsPolicy
from tfjs_serve.web.fast_road import FastRoad, FileBody, Finished
from tfjs_serve.web.file_sender import FileSender
from tfjs_serve.web.opening import open_checked
from tfjs_serve.web.responses import add_constant_headers, problem_response

_log = logging.getLogger(__name__)

_BODILESS = (b"GET /", b"HEAD /", b"OPTIONS /")
_END_OF_HEAD = b"\r\n\r\n"
_MORE_FOLLOWS = re.compile(rb"\n(?:content-length|transfer-encoding|upgrade)[ \t]*:", re.IGNORECASE)


class Connection(web.RequestHandler):
    """A connection with limits, which answers with problems.

    aiohttp itself closes a connection that has sent no complete head for ``keepalive_timeout``.

    Parameters
    ----------
    road
        Where answers are kept, to be given again; ``None``: nowhere.

    Attributes
    ----------
    whole_head
        The request that is being answered, if it came alone and in one piece.
    """

    __slots__ = (
        "_all_taken",
        "_cors",
        "_head_timer",
        "_is_in_step",
        "_limits",
        "_send_timer",
        "_sender",
        "road",
        "whole_head",
    )

    def __init__(
        self,
        server: web.Server,
        *,
        cors: CorsPolicy,
        limits: ConnectionLimits,
        road: FastRoad | None,
        **options: Any,
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
        self._all_taken: asyncio.Future[None] | None = None
        self._is_in_step = True
        self._sender: FileSender | None = None
        self.road = road
        self.whole_head: bytes | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether there is no request to answer; part of one may have arrived.

        Before the first request, aiohttp's task may not have started waiting yet.
        """
        if self._sender is not None:
            return False
        waiter = self._waiter
        return self._request_count == 0 or (waiter is not None and not waiter.done())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Request a call of :meth:`pause_writing` for every byte that the system does not take."""
        super().connection_made(transport)
        if transport.get_extra_info("sslcontext") is not None:
            self.road = None  # it sends files past the transport, which encrypts
        cast(asyncio.Transport, transport).set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        """Answer at once if the answer is known; otherwise leave it to aiohttp.

        The timer starts when a head begins, and stops when the head is complete.
        """
        is_between_requests = self._is_between_requests()
        if is_between_requests and self._answer_again(data):
            return
        count = self._request_count
        super().data_received(data)
        if data:
            self._is_in_step &= _is_whole_request(data) and self._request_count == count + 1
            self.whole_head = data if is_between_requests and self._is_in_step else None
        if not self.is_waiting:
            self._head_timer.stop()
        elif data:
            self._head_timer.start(self._limits.head_seconds, self.force_close)

    def _is_between_requests(self) -> bool:
        """Whether everything was answered, and the next byte is the first one of a request.

        The second is known only if all that came before were whole requests, each in one piece and
        without a body. After anything else, all requests of this connection take the slow road.
        """
        waiter = self._waiter
        is_idle = waiter is not None and not waiter.done() and self._sender is None
        return is_idle and self._is_in_step and not self.writing_paused

    def _answer_again(self, data: bytes) -> bool:
        """Answer a request on the fast road, if its answer is known; return whether it is."""
        answer = self.road.find(data) if self.road is not None else None
        transport = self.transport
        if answer is None or transport is None or transport.is_closing():
            return False
        if isinstance(answer.body, FileBody):
            return self._send_file(transport, answer, answer.body)
        transport.write(answer.to_bytes())
        self._put_off_the_end(self._limits.idle_seconds)
        return True

    def _send_file(self, transport: asyncio.Transport, answer: Finished, body: FileBody) -> bool:
        """Start to send a file; return whether that was possible."""
        try:
            sender = FileSender(
                transport,
                answer.to_bytes(),
                open_checked(body.path, body.size_bytes),
                seconds_per_mebibyte=self._limits.send_seconds,
                on_wait=self._file_waits,
                on_end=self._file_ended,
            )
        except (OSError, StoreError):
            return False
        self._sender = sender
        self._request_in_progress = True  # so that a shutdown waits for it
        sender.push()
        return True

    def _file_waits(self) -> None:
        self._put_off_the_end(max(self._limits.idle_seconds, self._limits.send_seconds))

    def _file_ended(self, error: OSError | None) -> None:
        self._sender = None
        self._request_in_progress = False
        waiter = self._handler_waiter
        if waiter is not None and not waiter.done():  # a shutdown may just have stopped waiting
            waiter.set_result(None)
        if error is not None and self.transport is not None:
            self.transport.abort()
        self._put_off_the_end(self._limits.idle_seconds)

    def _put_off_the_end(self, seconds: float) -> None:
        """Tell aiohttp, which closes idle connections, that this one was used just now."""
        self._next_keepalive_close_time = self._loop.time() + seconds

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
        self._end_shutdown()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop all timers, and a file that is being sent."""
        self._head_timer.stop()
        self._send_timer.stop()
        if self._sender is not None:
            self._sender.stop()
            self._file_ended(None)
        super().connection_lost(exc)
        self._end_shutdown()

    async def shutdown(self, timeout: float | None = 15.0) -> None:
        """Wait until the client has taken what was written, as aiohttp does for its own answers."""
        if self.writing_paused and not self._request_in_progress:
            self._all_taken = self._loop.create_future()
            await asyncio.wait([self._all_taken], timeout=timeout)
        await super().shutdown(timeout)

    def _end_shutdown(self) -> None:
        if self._all_taken is not None and not self._all_taken.done():
            self._all_taken.set_result(None)

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


def _is_whole_request(data: bytes) -> bool:
    """Whether `data` looks like the head of exactly one request, which has no body."""
    ends = data.find(_END_OF_HEAD) == len(data) - len(_END_OF_HEAD)
    return ends and data.startswith(_BODILESS) and not _MORE_FOLLOWS.search(data)


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
