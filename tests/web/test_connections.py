"""Clients that are slow, many, or gone: each is bounded, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.web.asking import ask
from tests.web.fakes import (
    FakeBuilder,
    FakeCatalog,
    Site,
    make_entry,
    pseudo_random,
    running,
    write_artifact,
)
from tests.web.raw import converse, until
from tfjs_serve.builder import Build
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.settings import KIB, MIB, ConnectionLimits, ServerSettings, Variant
from tfjs_serve.web import descriptors
from tfjs_serve.web.descriptors import most_connections

HEALTH = b"GET /-/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
NEVER = 3600.0
"""Seconds for the limits that a test is not about."""
SOON = 0.2
HUGE_BYTES = 64 * MIB
"""More than the socket buffers of both sides hold."""


class GatedBuilder(FakeBuilder):
    """Builds when it may, as a long conversion does."""

    def hold(self) -> None:
        self.gate = asyncio.Event()
        self.inside = 0

    async def build(self, entry: CatalogEntry, variant: Variant) -> Build:
        self.inside += 1
        await self.gate.wait()
        return await super().build(entry, variant)


def served() -> int:
    """Return how many connections the server has a task for."""
    names = (task.get_coro().__qualname__ for task in asyncio.all_tasks())
    return sum(name == "RequestHandler.start" for name in names)


def nobody_is_served() -> bool:
    return served() == 0


def descriptors_in_use() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


@pytest.fixture
def builder(tmp_path: Path) -> GatedBuilder:
    made = GatedBuilder(root=tmp_path / "cache" / "artifacts")
    made.hold()
    made.gate.set()
    return made


Serve = Callable[..., Any]


@pytest.fixture
def serve(catalog: FakeCatalog, builder: GatedBuilder, settings: ServerSettings) -> Serve:
    """Run a server with some limits; look, at its end, what its clients left behind."""

    @asynccontextmanager
    async def start(**limits: float) -> AsyncIterator[Site]:
        times = dict.fromkeys(("idle_seconds", "head_seconds", "send_seconds"), NEVER)
        given = ConnectionLimits(**{"body_seconds": SOON, **times, **limits})  # type: ignore[arg-type]
        async with running(catalog, builder, replace(settings, connections=given)) as site:
            open_before = descriptors_in_use()
            yield site
            await site.session.close()
            await until(nobody_is_served)
            await until(lambda: descriptors_in_use() <= open_before)

    return start


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


# --- Slow ------------------------------------------------------------------------------------


@pytest.mark.parametrize("begun", [b"G", b"GET / HTTP/1.1\r\nHost: loc", HEALTH[:-2], b"\r\n"])
@pytest.mark.parametrize("drips", [False, True])
async def test_a_head_that_does_not_end_is_not_waited_for(
    serve: Serve, begun: bytes, drips: bool
) -> None:
    async with serve(head_seconds=SOON) as site:
        slow = await connect(site)
        await slow.send(HEALTH)
        await slow.answer()
        await slow.send(begun)
        if drips:
            await asyncio.wait_for(slow.drip(begun[-1:]), timeout=30)
        assert await slow.ended() == b""
        await slow.close()
        assert (await ask(site, "/-/health")).status == 200


@pytest.mark.parametrize("begun", [b"", HEALTH])
async def test_an_idle_connection_is_ended(serve: Serve, begun: bytes) -> None:
    async with serve(idle_seconds=SOON) as site:
        idle = await connect(site)
        if begun:
            await idle.send(begun)
            await idle.answer()
        assert await idle.ended() == b""
        await idle.close()


async def test_a_long_conversion_is_no_slow_client(serve: Serve, builder: GatedBuilder) -> None:
    builder.gate.clear()
    async with serve(idle_seconds=SOON, head_seconds=SOON, send_seconds=SOON) as site:
        patient = await connect(site)
        await patient.send(b"GET /iris/model.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
        others = await connect(site)
        assert await others.ended() == b""  # so the times are over
        builder.gate.set()
        assert (await patient.answer()).startswith(b"HTTP/1.1 200")
        await patient.close()
        await others.close()


def no_sendfile(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_args: object, **_options: object) -> int:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.get_running_loop(), "sendfile", fail)


@pytest.mark.parametrize("sendfile", [True, False])
async def test_who_does_not_read_a_shard_is_cut_off(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, sendfile: bool
) -> None:
    if not sendfile:
        no_sendfile(monkeypatch)
    async with serve(send_seconds=SOON) as site:
        request = f"GET {add_huge(site)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        client = connect_unread(site, request)
        await until(lambda: served() == 1)
        await until(nobody_is_served)
        assert 0 < await asyncio.to_thread(read_all, client) < HUGE_BYTES


def read_all(client: socket.socket) -> int:
    received = 0
    with client, suppress(ConnectionError):
        while block := client.recv(MIB):
            received += len(block)
    return received


@pytest.mark.parametrize("sendfile", [True, False])
async def test_who_reads_in_time_gets_everything_piece_by_piece(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, sendfile: bool
) -> None:
    if not sendfile:
        no_sendfile(monkeypatch)
    async with serve() as site:
        path = add_huge(site)
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        whole = await converse(site, request)
        assert (
            whole.body
            == site.builder.artifacts["huge.h5", Variant.FULL]
            .directory.joinpath("weights.huge.bin")
            .read_bytes()
        )
        part = await ask(site, path, Range=f"bytes={MIB - 1}-{3 * MIB}")
        assert part.body == whole.body[MIB - 1 : 3 * MIB + 1]


async def test_who_does_not_read_a_long_list_is_cut_off(serve: Serve, catalog: FakeCatalog) -> None:
    catalog.entries += [make_entry(f"{'x' * 200}{number}.h5") for number in range(9000)]
    async with serve(send_seconds=SOON) as site:
        request = b"GET /-/models.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        client = connect_unread(site, request)
        await until(lambda: served() == 1)
        await until(nobody_is_served)
        assert await asyncio.to_thread(read_all, client) > 0


async def test_who_asks_on_and_on_and_reads_nothing_is_cut_off(serve: Serve) -> None:
    async with serve(send_seconds=SOON) as site:
        client = connect_unread(site, HEALTH)
        client.setblocking(False)
        with suppress(ConnectionError):
            while True:
                try:
                    client.send(1000 * HEALTH)
                except BlockingIOError:
                    if nobody_is_served():
                        break
                await asyncio.sleep(0)
        client.close()
        assert (await ask(site, "/-/health")).status == 200


async def test_the_little_that_the_system_does_not_take_is_not_kept_for_ever(serve: Serve) -> None:
    """Less than what asyncio and aiohttp would call a full buffer; nobody writes any more."""
    request = b"GET /-/models.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with serve(send_seconds=SOON) as site:
        client = connect_unread(site, request)
        await until(lambda: served() == 1)
        server = site.runner.server
        (transport,) = (connection.transport for connection in server.connections)
        while not transport.get_write_buffer_size():
            answered = server.requests_count
            client.send(request)
            await until(lambda: server.requests_count > answered)  # noqa: B023 - awaited here
        assert transport.get_write_buffer_size() < 16 * KIB
        await until(nobody_is_served)
        client.close()


# --- Many ------------------------------------------------------------------------------------


async def test_new_connections_take_the_place_of_the_oldest_idle_one(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="tfjs_serve"):
        async with serve(count=5) as site:
            crowd = [await connect(site) for _ in range(5)]
            for client in crowd:
                await client.send(HEALTH)
                await client.answer()
            late = await connect(site)
            assert await crowd[0].ended() == b""
            for client in (*crowd[1:], late):
                await client.send(HEALTH)
                assert (await client.answer()).startswith(b"HTTP/1.1 200")
            for client in (*crowd, late):
                await client.close()
    assert caplog.messages == ["more than 5 connections: idle ones are closed"]


async def test_nobody_who_is_answered_is_thrown_out(serve: Serve, builder: GatedBuilder) -> None:
    builder.gate.clear()
    async with serve(count=3) as site:
        busy = [await connect(site) for _ in range(3)]
        for client in busy:
            await client.send(b"GET /iris/model.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await until(lambda: builder.inside == 3)
        late = await connect(site)
        assert await late.ended() == b""
        builder.gate.set()
        for client in busy:
            assert (await client.answer()).startswith(b"HTTP/1.1 200")
        await late.close()
        for client in busy:
            await client.close()


async def test_thousands_who_come_and_say_nothing_shut_nobody_out(serve: Serve) -> None:
    async with serve(count=50) as site:
        crowd = []
        for _ in range(20):
            crowd += await asyncio.gather(*(connect(site) for _ in range(100)))
            answer = await asyncio.wait_for(ask(site, "/-/health", Connection="close"), timeout=30)
            assert answer.status == 200
        assert served() <= 50
        for client in crowd:
            await client.close()


async def test_who_comes_last_in_a_rush_is_answered(serve: Serve) -> None:
    """All of them are accepted at once, before any of them is waited for."""
    async with serve(count=20) as site:
        for _ in range(3):
            crowd = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(60)]
            last = connect_unread(site, HEALTH)
            last.setblocking(False)
            answer = await asyncio.get_running_loop().sock_recv(last, 100)
            assert answer.startswith(b"HTTP/1.1 200")
            for client in (*crowd, last):
                client.close()


@pytest.mark.parametrize(
    ("limit", "connections"), [(None, 1000), (100_000, 1000), (1024, 448), (256, 64), (10, 8)]
)
def test_there_are_never_more_connections_than_descriptors(
    monkeypatch: pytest.MonkeyPatch, limit: int | None, connections: int
) -> None:
    monkeypatch.setattr(descriptors, "_descriptor_limit", lambda: limit)
    assert most_connections(1000) == connections


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_the_limit_of_descriptors_is_the_systems() -> None:
    import resource

    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert descriptors._descriptor_limit() == (None if soft == resource.RLIM_INFINITY else soft)


# --- Gone, or sending what nobody reads -------------------------------------------------------


async def test_who_vanishes_in_the_middle_leaves_nothing_behind(serve: Serve) -> None:
    async with serve() as site:
        path = add_huge(site)
        requests = [
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() + HEALTH,
            HEALTH[:-3],
            HEALTH + b"GET /iris/model.json HT",
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\nx",
            b"",
        ]
        for reset in (False, True):
            for request in requests:
                client = connect_unread(site, request)
                await until(lambda: served() == 1)
                if reset:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.close()
                await until(nobody_is_served)


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 99999999999999999\r\n\r\n",
        b"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nffffffffffff\r\nx",
        b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"POST"])
async def test_a_body_that_does_not_come_is_not_waited_for(
    serve: Serve, method: bytes, fields: bytes
) -> None:
    async with serve() as site:
        client = await connect(site)
        await client.send(method + b" /-/health HTTP/1.1\r\nHost: localhost\r\n" + fields)
        head = await client.answer()
        assert head.split(b" ")[1] in ((b"200", b"400") if method == b"GET" else (b"405", b"400"))
        assert await client.ended() == b""
        await client.close()


async def test_a_body_that_does_not_end_is_not_read_for_ever(serve: Serve) -> None:
    async with serve() as site:
        client = await connect(site)
        await client.send(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999\r\n\r\n"
        )
        await asyncio.wait_for(client.drip(64 * KIB * b"x"), timeout=30)
        await client.close()


async def test_a_body_that_came_is_thrown_away_as_it_is(serve: Serve) -> None:
    body = b"this cannot be unpacked"
    async with serve() as site:
        client = await connect(site)
        head = b"GET /-/health HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n"
        await client.send(head + b"Content-Length: %d\r\n\r\n" % len(body) + body + HEALTH)
        for _ in range(2):
            assert (await client.answer()).startswith(b"HTTP/1.1 200")
        await client.close()


async def test_a_head_has_so_many_fields_and_no_more(serve: Serve) -> None:
    async with serve() as site:
        for count, status in ((40, 200), (80, 400)):
            fields = b"".join(b"X-%d: y\r\n" % number for number in range(count))
            request = HEALTH[:-2] + fields + b"Connection: close\r\n\r\n"
            assert (await converse(site, request)).status == status
