"""``/-/events``: the stream of events, for as long as a client listens."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from contextlib import suppress

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from tfjs_serve.builder import BuildEvent
from tfjs_serve.catalog.catalog import CatalogChange
from tfjs_serve.settings import (
    EVENTS_HEARTBEAT_SECONDS,
    EVENTS_RETRY_SECONDS,
    EVENTS_STREAM_SECONDS,
    Variant,
)
from tfjs_serve.version import __version__
from tfjs_serve.web import problems
from tfjs_serve.web.events.hub import Hub, ModelEvent
from tfjs_serve.web.events.wording import Wording
from tfjs_serve.web.problems import ProblemError
from tfjs_serve.web.protocols import BuilderService, CatalogService
from tfjs_serve.web.representation import MODEL_HEADERS

_AFTER = "after"
"""Query member with the last id, from a client that opens a new stream, which cannot set fields."""


class Events:
    """Collects what happens, and tells it to all who listen. Used on the event loop.

    Nothing is collected before somebody has listened: then a start with ten thousand models does
    not make as many events for nobody.

    Parameters
    ----------
    default
        The variant that is served where none is named.
    most
        How many may listen at the same time: each takes a connection from those who load models.
    """

    def __init__(
        self, catalog: CatalogService, builder: BuilderService, default: Variant, most: int
    ) -> None:
        self._default = default
        self._most = most
        self._catalog = catalog
        self._builder = builder
        self._hub = Hub(secrets.token_hex(8))
        self._wording: Wording | None = None
        self._news = asyncio.Event()
        self._is_closed = False
        self._listening: list[web.BaseRequest] = []

    @property
    def listening(self) -> int:
        """How many clients listen."""
        return sum(request.transport is not None for request in self._listening)

    async def close(self, _app: web.Application) -> None:
        """End all streams: the server stops."""
        self._is_closed = True
        self._wake()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Answer with events until the client goes away.

        Raises
        ------
        ProblemError
            503: too many listen already; pages try again.
        """
        if request.method == "HEAD":
            return web.Response(content_type="text/event-stream", headers=_HEADERS)
        await self._begin()
        if self.listening >= self._most:
            raise ProblemError(problems.from_status(503, f"{self._most} clients listen already."))
        if request.transport is None:  # the client has gone
            return web.Response()
        last_id = request.headers.get("Last-Event-ID") or request.query.get(_AFTER, "")
        known = self._hub.resumed(last_id)
        self._listening.append(request)
        try:
            async with sse_response(request, headers=_HEADERS, sep="\n") as response:
                with suppress(ConnectionResetError, TimeoutError, asyncio.TimeoutError):
                    await self._tell(response, known)
        finally:
            self._listening.remove(request)
        return response

    async def _begin(self) -> None:
        """Collect from now on."""
        if self._wording is not None:
            return
        await self._catalog.refresh()  # what is there already is no news
        if self._wording is None:
            self._wording = Wording((one.name for one in self._catalog.entries), self._default)
            self._catalog.subscribe(self._changed)
            self._builder.subscribe(self._built)

    def _changed(self, change: CatalogChange) -> None:
        if self._wording is not None:
            self._add(self._wording.of_change(change))

    def _built(self, told: BuildEvent) -> None:
        event = self._wording.of_build(told) if self._wording is not None else None
        if event is not None:
            self._add(event)

    def _add(self, event: ModelEvent) -> None:
        self._hub.add(event)
        self._wake()

    async def _tell(self, response: EventSourceResponse, known: int | None) -> None:
        number = self._hub.last if known is None else known
        greeting = {"version": __version__, "resumed": known is not None}
        await self._send(response, "hello", greeting, number, first=True)
        ends_at = time.monotonic() + EVENTS_STREAM_SECONDS
        while not self._is_closed and time.monotonic() < ends_at:
            news = self._news
            for one in self._hub.after(number):
                number = one.number
                await self._send(response, one.event.kind.value, one.event.data, number)
            if self._hub.last == number and not await _within(news, EVENTS_HEARTBEAT_SECONDS):
                await self._send(response, "beat", {}, number)

    async def _send(
        self,
        response: EventSourceResponse,
        kind: str,
        data: object,
        number: int,
        *,
        first: bool = False,
    ) -> None:
        retry = int(1000 * EVENTS_RETRY_SECONDS) if first else None
        text = json.dumps(data)
        await response.send(text, id=self._hub.id_of(number), event=kind, retry=retry)

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


_HEADERS = {"Cache-Control": "no-cache", **dict(MODEL_HEADERS)}


async def _within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
