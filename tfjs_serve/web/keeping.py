"""Which answers of the slow road are kept for the fast one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from aiohttp import HttpVersion11, hdrs, web

from tfjs_serve.sightings import Sightings
from tfjs_serve.web.connection import Connection
from tfjs_serve.web.fast_road import FileBody, Finished
from tfjs_serve.web.file_sender import CAN_SEND_FILES
from tfjs_serve.web.representation import Representation


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offer:
    representation: Representation
    sightings: Sightings


_OFFER: web.RequestKey[_Offer] = web.RequestKey("offer", _Offer)


def offer(request: web.Request, representation: Representation, sightings: Sightings) -> None:
    """Offer the answer to `request` to the fast road.

    Parameters
    ----------
    representation
        What is going to be answered with.
    sightings
        All that this depends on, apart from the request and the settings.
    """
    request[_OFFER] = _Offer(representation=representation, sightings=sightings)


async def keep_answer(request: web.Request, response: web.StreamResponse) -> None:
    """Keep an answer that is about to be sent, if it was offered; forget an earlier one if not."""
    connection = request.protocol
    if not isinstance(connection, Connection) or connection.road is None:
        return
    head, offered = connection.whole_head, request.get(_OFFER)
    if head is None:
        return
    answer = None
    if offered is not None and connection.road.takes(head, offered.sightings):
        answer = _finished(request, response, offered)
    if answer is None:
        connection.road.forget(head)
    else:
        connection.road.keep(head, answer)


def _finished(
    request: web.Request, response: web.StreamResponse, offered: _Offer
) -> Finished | None:
    """Return the answer as it will be sent; ``None`` if it is not to be given again."""
    is_plain = request.method == hdrs.METH_GET and request.version == HttpVersion11
    if not is_plain or not response.keep_alive:
        return None
    body = _body(response, offered.representation)
    if body is None:
        return None
    line = f"HTTP/1.1 {response.status} {response.reason}"
    fields = [f"{name}: {value}" for name, value in response.headers.items()]
    date = response.headers[hdrs.DATE]
    before, after = "\r\n".join([line, *fields, "", ""]).split(f"\r\nDate: {date}\r\n")
    return Finished(
        before_date=f"{before}\r\nDate: ".encode(),
        after_date=f"\r\n{after}".encode(),
        body=body,
        sightings=offered.sightings,
    )


def _body(response: web.StreamResponse, representation: Representation) -> bytes | FileBody | None:
    """Return what follows the head: nothing, all bytes, or the whole file."""
    if response.status == 304:
        return b""
    if response.status != 200:
        return None
    if isinstance(response, web.Response):
        body = response.body
        is_right = isinstance(body, bytes) and representation.etag == _etag(body)
        return body if isinstance(body, bytes) and is_right else None
    if CAN_SEND_FILES and not isinstance(representation.source, bytes):
        return FileBody(path=representation.source, size_bytes=representation.size_bytes)
    return None


def _etag(body: bytes) -> str:
    """Return the digest as it stands in ``ETag``: what is kept in memory is not checked again."""
    return f'"{hashlib.sha256(body).hexdigest()}"'
