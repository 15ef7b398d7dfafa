"""Raw requests on a connection that is kept, and whether the fast road answered them."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from tests.web.raw import Listening
from tfjs_serve.web.fast_road import FastRoad, Finished


@dataclass
class Hits:
    """The requests that the fast road answered."""

    heads: list[bytes] = field(default_factory=list)

    def take(self) -> int:
        """Return how many there were since the last time."""
        count = len(self.heads)
        self.heads.clear()
        return count


def count_hits(patch: pytest.MonkeyPatch) -> Hits:
    """Note from now on what the fast road answers."""
    hits = Hits()
    find = FastRoad.find

    def noting(road: FastRoad, head: bytes) -> Finished | None:
        answer = find(road, head)
        if answer is not None:
            hits.heads.append(head)
        return answer

    patch.setattr(FastRoad, "find", noting)
    return hits


@dataclass
class Kept:
    """A connection for one request after the other."""

    site: Listening
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> bytes:
        """Return head and body of the answer without the date; the connection may be a new one."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.site.port)
        self.writer.write(request)
        answer = await self.answer(has_body=not request.startswith(b"HEAD"))
        if b"\r\nConnection: close" in answer or answer.startswith(b"HTTP/1.0"):
            await self.close()
        return answer

    async def answer(self, *, has_body: bool = True) -> bytes:
        """Read one answer; return it without the date."""
        assert self.reader is not None
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        body = b""
        if has_body and length is not None:
            body = await self.reader.readexactly(int(length[1]))
        return re.sub(rb"\r\nDate: [^\r]+ GMT(?=\r\n)", b"", head) + body

    async def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            with suppress(ConnectionError):
                await self.writer.wait_closed()
        self.reader = self.writer = None


def request(target: str, *lines: str, method: str = "GET", host: str = "localhost") -> bytes:
    fields = "".join(f"{line}\r\n" for line in (f"Host: {host}", *lines))
    return f"{method} {target} HTTP/1.1\r\n{fields}\r\n".encode()


async def warm(client: Kept, hits: Hits, head: bytes) -> bytes:
    """Ask until the fast road answers; return the answer, which was always the same."""
    first = await client.ask(head)
    hits.take()
    for _ in range(500):
        assert await client.ask(head) == first
        if hits.take():
            return first
        await asyncio.sleep(0.01)  # times that are too young prove nothing
    raise AssertionError("the fast road never answers")
