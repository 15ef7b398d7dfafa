"""Fetches as a page would, and records what happens on the way. Decides nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from tfjs_serve.doctor.access import MOST_REDIRECTS
from tfjs_serve.doctor.delivery import encodings
from tfjs_serve.doctor.model import Answer, Hop, Page, is_loopback, is_trustworthy, origin_of

_CONNECTIONS = 6
"""As browsers have to one host."""
_HEAD_BYTES = 512
_BLOCK_BYTES = 1 << 18
_SECURE, _PLAIN = ("gzip", "deflate", "br"), ("gzip", "deflate")
"""What browsers ask for over https and on this machine, and elsewhere. They ask for zstd too, but
not all of them."""
_ANY_PAGE = "https://page.example"
_ANY_PAGE_HERE = "http://localhost:3000"
"""Pages that stand for those of any other site, and of this machine."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TOTAL_BYTES = re.compile(r"bytes (?:[0-9]+-[0-9]+|\*)/([0-9]+)")


@asynccontextmanager
async def browsing(page: Page, timeout_seconds: float) -> AsyncIterator[Browser]:
    """Hand out a browser for one page."""
    timeout = aiohttp.ClientTimeout(
        total=None, sock_connect=timeout_seconds, sock_read=timeout_seconds
    )
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=_CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield Browser(session=session, page=page)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What is asked for, and how much of the body is kept and read."""

    headers: dict[str, str]
    accepted: tuple[str, ...]
    keep_bytes: int
    is_whole: bool


@dataclass(slots=True)
class _Body:
    """The bytes that came, so far."""

    keep_bytes: int
    kept: bytearray = field(default_factory=bytearray)
    size_bytes: int = 0
    sha256: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, block: bytes) -> None:
        self.kept += block[: self.keep_bytes - len(self.kept)]
        self.size_bytes += len(block)
        self.sha256.update(block)


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """Asks for URLs as a page does, without a cache."""

    session: aiohttp.ClientSession
    page: Page

    async def whole(self, url: str, *, keep_bytes: int = _HEAD_BYTES) -> Answer:
        """Fetch all of a file; keep its first bytes."""
        accepted = _SECURE if is_trustworthy(url) else _PLAIN
        return await self._fetch(
            url, _Request(headers={}, accepted=accepted, keep_bytes=keep_bytes, is_whole=True)
        )

    async def plain(self, url: str) -> Answer:
        """Fetch the beginning of a file as a client that can decode nothing."""
        return await self._fetch(
            url,
            _Request(headers={}, accepted=("identity",), keep_bytes=_HEAD_BYTES, is_whole=False),
        )

    async def beginning(self, url: str) -> Answer:
        """Fetch the first bytes of a file, and its size; all of it where only that tells."""
        accepted = _SECURE if is_trustworthy(url) else _PLAIN
        ranged = {"Range": f"bytes=0-{_HEAD_BYTES - 1}"}
        answer = await self._fetch(
            url, _Request(headers=ranged, accepted=accepted, keep_bytes=_HEAD_BYTES, is_whole=False)
        )
        # TensorFlow.js asks for no ranges, so a server that refuses them does it no harm.
        is_refused = answer.last is not None and answer.last.status >= HTTPStatus.BAD_REQUEST
        is_told = answer.size_bytes is not None or answer.failure
        return answer if is_told and not is_refused else await self.whole(url)

    async def _fetch(self, url: str, request: _Request) -> Answer:
        hops: list[Hop] = []
        body = _Body(request.keep_bytes)
        answer = Answer(url=url, accepted=request.accepted)
        try:
            return await self._follow(answer, request, hops, body)
        except aiohttp.ClientError as error:
            failure = _reason(error)
        except TimeoutError:
            failure = "no answer in time"
        except ValueError as error:
            failure = f"it is no address: {error}"
        return Answer(
            url=url,
            hops=tuple(hops),
            body=bytes(body.kept),
            accepted=request.accepted,
            failure=failure,
        )

    async def _follow(
        self, answer: Answer, request: _Request, hops: list[Hop], body: _Body
    ) -> Answer:
        """Follow redirects as in WHATWG's Fetch, and read what they lead to."""
        url, tainted = answer.url, False
        while True:
            origin = self._origin(url, tainted=tainted)
            async with self._get(url, origin, request) as response:
                hops.append(_hop(url, origin, response))
                target = response.headers.get("Location")
                is_redirect = response.status in _REDIRECTS and target
                if not is_redirect or len(hops) > MOST_REDIRECTS:
                    return await _read(answer.url, request, hops, response, body)
                assert target is not None
                new = urljoin(url, target)
                crosses = origin_of(new) != origin_of(url)
                tainted = tainted or (crosses and not self.page.is_same(url))
                url = new

    def _origin(self, url: str, *, tainted: bool) -> str:
        if tainted:
            return "null"
        any_page = _ANY_PAGE_HERE if is_loopback(url) else _ANY_PAGE
        return "" if self.page.is_same(url) else self.page.origin or any_page

    def _get(
        self, url: str, origin: str, request: _Request
    ) -> aiohttp.client._RequestContextManager:
        headers = {
            "Accept": "*/*",
            "Accept-Encoding": ", ".join(request.accepted),
            **request.headers,
        }
        if origin:
            headers["Origin"] = origin
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"{url} begins with neither http:// nor https://")
        return self.session.get(
            URL(url, encoded=url.isascii() and " " not in url),
            headers=headers,
            allow_redirects=False,
        )


def _hop(url: str, origin: str, response: aiohttp.ClientResponse) -> Hop:
    headers = tuple((name.lower(), value) for name, value in response.headers.items())
    return Hop(url=url, origin=origin, status=response.status, headers=headers)


async def _read(
    url: str, request: _Request, hops: list[Hop], response: aiohttp.ClientResponse, body: _Body
) -> Answer:
    last = hops[-1]
    if last.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and _told_bytes(last) == 0:
        # An empty file has no first bytes.
        hops[-1] = Hop(url=last.url, origin=last.origin, status=HTTPStatus.OK, headers=last.headers)
        return Answer(url=url, hops=tuple(hops), size_bytes=0, accepted=request.accepted)
    async for block in response.content.iter_chunked(_BLOCK_BYTES):
        body.add(block)
        if not request.is_whole and body.size_bytes >= request.keep_bytes:
            break
    is_partial = last.status == HTTPStatus.PARTIAL_CONTENT
    is_complete = response.content.at_eof() and not is_partial
    return Answer(
        url=url,
        hops=tuple(hops),
        body=bytes(body.kept),
        size_bytes=body.size_bytes if is_complete else _told_bytes(last),
        sha256=body.sha256.hexdigest() if is_complete else "",
        accepted=request.accepted,
    )


def _told_bytes(hop: Hop) -> int | None:
    """Return the size of the whole body that headers tell; of an encoded one they do not."""
    if encodings(hop):
        return None
    if found := _TOTAL_BYTES.fullmatch(hop.header("content-range")):
        return int(found[1])
    length = hop.header("content-length")
    is_partial = hop.status == HTTPStatus.PARTIAL_CONTENT
    return int(length) if length.isascii() and length.isdigit() and not is_partial else None


def _reason(error: aiohttp.ClientError) -> str:
    """Say why nothing answers; aiohttp names its settings for https, too, which mislead."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the name of its host is not known"
    refused = isinstance(error, aiohttp.ClientConnectorError) and isinstance(
        error.os_error, ConnectionRefusedError
    )
    return "nothing listens there" if refused else str(error) or type(error).__name__
