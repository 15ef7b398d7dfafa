"""Stands between a client and a store, and counts what the client asks for."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_BLOCK_BYTES = 1 << 16


@dataclass(slots=True)
class Tally:
    """What was asked for.

    Attributes
    ----------
    asked
        Methods and paths.
    sent_bytes
        Of the bodies of requests.
    """

    asked: list[tuple[str, str]] = field(default_factory=list)
    sent_bytes: int = 0

    def add(self, method: str, path: str, body_bytes: int) -> None:
        """Count a request."""
        self.asked.append((method, path))
        self.sent_bytes += body_bytes

    @property
    def methods(self) -> Counter[str]:
        """How many requests there were of each method."""
        return Counter(method for method, _ in self.asked)

    def has_put(self, part: str) -> bool:
        """Whether something was put whose path has `part`."""
        return any(method == "PUT" and part in path for method, path in self.asked)


@contextmanager
def relay(endpoint: str, tally: Tally) -> Iterator[str]:
    """Hand everything on to `endpoint`, byte by byte; yield the URL that stands for it."""
    parts = urlsplit(endpoint)
    loop = asyncio.new_event_loop()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(asyncio.CancelledError, EOFError, ConnectionError):
            inner_reader, inner_writer = await asyncio.open_connection(parts.hostname, parts.port)
            with closing(inner_writer):
                down = asyncio.create_task(_copy(inner_reader, writer))
                try:
                    while True:
                        await _hand_on(reader, inner_writer, tally)
                finally:
                    down.cancel()

    server = loop.run_until_complete(asyncio.start_server(handle, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{parts.path}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(_end_all())
        loop.close()


async def _end_all() -> None:
    """End what others left open: a client that was killed does not say goodbye."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _hand_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tally: Tally
) -> None:
    """Hand on one request; all clients here say how long its body is."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().splitlines()
    lengths = [line.partition(":")[2] for line in lines if line.startswith("content-length:")]
    length = int(lengths[0]) if lengths else 0
    method, path, _ = head.decode("latin-1").split(" ", 2)
    tally.add(method, path, length)
    writer.write(head)
    while length:
        block = await reader.read(min(length, _BLOCK_BYTES))
        if not block:
            raise ConnectionResetError
        writer.write(block)
        await writer.drain()
        length -= len(block)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.CancelledError, ConnectionError):
        while block := await reader.read(_BLOCK_BYTES):
            writer.write(block)
            await writer.drain()
    writer.close()
