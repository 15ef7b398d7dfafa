"""Clients that load a model as a browser does, at little cost of their own."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from builds import Served

_CONNECTIONS_OF_A_BROWSER = 6
"""To one host, over HTTP/1.1."""
_BUFFER = memoryview(bytearray(1 << 20))
"""All connections receive into it: what they receive is only counted."""
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """One load of a model: ``model.json``, and then all that it names."""

    seconds: float
    size_bytes: int


class _Connection(asyncio.BufferedProtocol):
    """Asks for one thing at a time; the answers must have a Content-Length."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[bytes] | None = None
        self._start()

    def _start(self) -> None:
        self._head = b""
        self._left_bytes = 0
        self._kept = bytearray()
        self._keep = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    async def get(self, path: str, *, keep: bool = False) -> bytes:
        """Return the body if it is to be kept, else nothing."""
        assert self._transport is not None
        self._start()
        self._keep = keep
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return await self._answered

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 -- asyncio calls it so
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        data = _BUFFER[:nbytes]
        if self._left_bytes:
            self._receive(data)
            return
        self._head += bytes(data)
        head, end, body = self._head.partition(_HEAD_END)
        if end:
            self._begin(head)
            self._receive(memoryview(body))

    def _begin(self, head: bytes) -> None:
        length = _LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200") or length is None:
            self._fail(RuntimeError(f"not a whole answer: {head!r}"))
            return
        self._left_bytes = int(length[1])

    def _receive(self, data: memoryview) -> None:
        self._left_bytes -= len(data)
        if self._keep:
            self._kept += data
        if self._left_bytes == 0 and self._answered and not self._answered.done():
            self._answered.set_result(bytes(self._kept))

    def _fail(self, error: Exception) -> None:
        if self._answered and not self._answered.done():
            self._answered.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionError("the server closed the connection"))

    @property
    def received_bytes(self) -> int:
        length = _LENGTH.search(self._head)
        return int(length[1]) if length else 0

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


async def _connect(served: Served) -> _Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(_Connection, "127.0.0.1", served.port)
    return connection


async def _load(served: Served, base: str) -> Loaded:
    start = time.monotonic()
    first = await _connect(served)
    document = await first.get(f"{base}/model.json", keep=True)
    groups = json.loads(document)["weightsManifest"]
    left = [f"{base}/{path}" for group in groups for path in group["paths"]][::-1]
    others = min(len(left), _CONNECTIONS_OF_A_BROWSER) - 1
    sizes_bytes = [len(document)]

    async def work(connection: _Connection) -> None:
        while left:
            await connection.get(left.pop())
            sizes_bytes.append(connection.received_bytes)
        connection.close()

    async def work_on_a_new_one() -> None:
        await work(await _connect(served))

    await asyncio.gather(work(first), *(work_on_a_new_one() for _ in range(others)))
    return Loaded(seconds=time.monotonic() - start, size_bytes=sum(sizes_bytes))


def load_model(served: Served, base: str) -> Loaded:
    """Load the model at `base` once."""
    return asyncio.run(_load(served, base))


def load_at_once(served: Served, bases: Sequence[str]) -> Loaded:
    """Load the models at `bases`, each by a client of its own; the seconds are those of all."""

    async def all_of_them() -> list[Loaded]:
        return await asyncio.gather(*(_load(served, base) for base in bases))

    start = time.monotonic()
    loads = asyncio.run(all_of_them())
    size_bytes = sum(one.size_bytes for one in loads)
    return Loaded(seconds=time.monotonic() - start, size_bytes=size_bytes)


def ask_at_once(served: Served, paths: Sequence[str]) -> float:
    """Ask for each of `paths` over a connection of its own; return the seconds that all took."""

    async def one(path: str) -> None:
        connection = await _connect(served)
        await connection.get(path)
        connection.close()

    async def all_of_them() -> None:
        await asyncio.gather(*map(one, paths))

    start = time.monotonic()
    asyncio.run(all_of_them())
    return time.monotonic() - start
