"""Clients that behave badly, and what shows that they left nothing behind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.web.fakes import (
    FakeBuilder,
    Site,
    pseudo_random,
    write_artifact,
)
from tfjs_serve.artifacts.model import ArtifactFile
from tfjs_serve.builder import Build
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.settings import KIB, MIB, Variant
from tfjs_serve.sightings import Sightings

HEALTH = b"GET /-/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
NEVER = 3600.0
"""Seconds for the limits that a test is not about."""
SOON = 0.2
HUGE_BYTES = 64 * MIB
"""More than the socket buffers of both sides hold."""


Serve = Callable[..., Any]


class GatedBuilder(FakeBuilder):
    """Builds when it may, as a long conversion does."""

    def hold(self) -> None:
        self.gate = asyncio.Event()
        self.inside = 0

    async def build(
        self, entry: CatalogEntry, variant: Variant, sightings: Sightings | None = None
    ) -> Build:
        self.inside += 1
        await self.gate.wait()
        return await super().build(entry, variant, sightings)


def served() -> int:
    """Return how many connections the server has a task for."""
    names = (task.get_coro().__qualname__ for task in asyncio.all_tasks())
    return sum(name == "RequestHandler.start" for name in names)


def nobody_is_served() -> bool:
    return served() == 0


def descriptors_in_use() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


@dataclass
class Client:
    """A connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def drip(self, byte: bytes) -> None:
        """Send a byte again and again, until nobody takes it."""
        with suppress(ConnectionError):
            while True:
                await self.send(byte)
                await asyncio.sleep(SOON / 10)

    async def answer(self) -> bytes:
        """Read one answer with a small body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(
            line.split(b": ")[1]
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length: ")
        )
        await self.reader.readexactly(int(length))
        return head

    async def ended(self) -> bytes:
        """Wait for the server to end the connection; return what it still sent."""
        try:
            return await asyncio.wait_for(self.reader.read(), timeout=30)
        except ConnectionError:
            return b""

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


async def connect(site: Site) -> Client:
    return Client(*await asyncio.open_connection("127.0.0.1", site.port))


def connect_unread(site: Site, request: bytes) -> socket.socket:
    """Send a request whose answer will not be read; little of it fits into the buffers."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * KIB)
    client.connect(("127.0.0.1", site.port))
    client.sendall(request)
    return client


def add_huge(site: Site) -> str:
    """Give the builder a file that no buffer holds; return its path."""
    body = pseudo_random(MIB, "huge") * (HUGE_BYTES // MIB)
    artifact = write_artifact(site.builder.root / "huge", {"weights.huge.bin": body})
    site.builder.artifacts[("huge.h5", Variant.FULL)] = artifact
    return "/huge/weights.huge.bin"


async def shard(site: Site, size_bytes: int) -> ArtifactFile:
    artifact = await site.built("iris")
    return next(file for file in artifact.files if file.size_bytes == size_bytes)
