"""Run an application on a limited number of connections of our own class."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.http import RawRequestMessage

from tfjs_serve.settings import SHUTDOWN_SECONDS, ConnectionLimits
from tfjs_serve.web.access_log import AccessLog
from tfjs_serve.web.connection import Connection
from tfjs_serve.web.cors import CorsPolicy
from tfjs_serve.web.descriptors import most_connections
from tfjs_serve.web.fast_road import FastRoad

_log = logging.getLogger(__name__)

_RequestFactory = Callable[..., web.BaseRequest]


class ProblemRunner(web.AppRunner):
    """Runs an application on connections that answer with problems.

    Parameters
    ----------
    limits
        How much of the server clients may use.
    access_log
        Where to log each request; ``None``: nowhere.
    road
        Where answers are kept, to be given again; ``None``: nowhere.
    """

    __slots__ = ("_access_log", "_cors", "_limits", "_road")

    def __init__(
        self,
        app: web.Application,
        *,
        cors: CorsPolicy,
        limits: ConnectionLimits,
        access_log: logging.Logger | None,
        road: FastRoad | None,
    ) -> None:
        super().__init__(app, shutdown_timeout=SHUTDOWN_SECONDS)
        self._cors = cors
        self._limits = limits
        self._access_log = access_log
        self._road = road

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        return _Server(server, self._new_connection, self._limits.count)

    def _new_connection(self, server: web.Server) -> Connection:
        # aiohttp accepts None for no log, although its types do not say so.
        log_options: dict[str, Any] = {
            "access_log": self._access_log,
            "access_log_class": AccessLog,
        }
        return Connection(
            server,
            cors=self._cors,
            limits=self._limits,
            road=self._road,
            loop=asyncio.get_running_loop(),
            **log_options,
        )


class _Server(web.Server):
    """Replaces the server that aiohttp made, and uses connections of our own class."""

    def __init__(
        self,
        server: web.Server,
        new_connection: Callable[[web.Server], Connection],
        count: int,
    ) -> None:
        super().__init__(
            server.request_handler, request_factory=_from_sound_messages(server.request_factory)
        )
        self._new_connection = new_connection
        self._most = most_connections(count)
        self._open: dict[web.RequestHandler, None] = {}
        self._told = False

    def __call__(self) -> web.RequestHandler:
        return self._new_connection(self)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Accept a connection; if there are too many, close the oldest that is waiting."""
        super().connection_made(handler, transport)
        self._open[handler] = None
        if len(self._open) > self._most:
            self._tell_once()
            # The new one is also waiting, so it is the one to close if all others are busy.
            leaving = next(filter(_is_waiting, self._open))
            del self._open[leaving]
            # Not now: aiohttp's task of a new connection has to begin before that has ended.
            asyncio.get_running_loop().call_soon(leaving.force_close)

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        """Stop counting a closed connection."""
        self._open.pop(handler, None)
        super().connection_lost(handler, exc)

    def _tell_once(self) -> None:
        if not self._told:
            self._told = True
            _log.warning("more than %d connections: idle ones are closed", self._most)


def _from_sound_messages(make_request: _RequestFactory) -> _RequestFactory:
    """Correct messages that aiohttp's parser accepts, but that aiohttp cannot handle as requests.

    aiohttp makes a URL of a target that is not a path, which may fail where no error is answered
    any more. The path is read from the raw target anyway. And aiohttp repeats the version of a
    request in its answer, but clients know only 1.0 and 1.1 (RFC 9112, section 2.3).
    """

    def make(message: RawRequestMessage, *others: Any) -> web.BaseRequest:
        if not message.path.startswith("/"):
            message = message._replace(url=type(message.url)("/"))
        if not HttpVersion10 <= message.version <= HttpVersion11:
            version = min(max(message.version, HttpVersion10), HttpVersion11)
            message = message._replace(version=version, should_close=True)
        return make_request(message, *others)

    return make


def _is_waiting(connection: web.RequestHandler) -> bool:
    return isinstance(connection, Connection) and connection.is_waiting
