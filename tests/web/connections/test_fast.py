"""The fast road on one connection: what it must leave alone, and how it sends files."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest

from tests.web.connections.clients import (
    HEALTH,
    HUGE_BYTES,
    SOON,
    Serve,
    add_huge,
    connect,
    connect_unread,
    nobody_is_served,
    served,
)
from tests.web.fakes import LARGE_SHARD_BYTES, SMALL_SHARD_BYTES, Site
from tests.web.fast import Hits, Kept, count_hits, request, warm
from tests.web.raw import open_files_below, until
from tfjs_serve.artifacts.model import ArtifactFile
from tfjs_serve.settings import FAST_ROAD_HEAD_BYTES, MIB
from tfjs_serve.web import file_sender

needs_sendfile = pytest.mark.skipif(
    not file_sender.CAN_SEND_FILES, reason="files are sent on the slow road"
)


@pytest.fixture
def hits(monkeypatch: pytest.MonkeyPatch) -> Hits:
    return count_hits(monkeypatch)


@pytest.fixture
async def warmed(serve: Serve, hits: Hits) -> AsyncIterator[tuple[Kept, bytes, bytes]]:
    """A connection, a request that the fast road answers, and its answer."""
    async with serve() as site:
        client = Kept(site)
        head = await small_shard(site)
        yield client, head, await warm(client, hits, head)
        await client.close()


async def shard(site: Site, size_bytes: int) -> ArtifactFile:
    artifact = await site.built("iris")
    return next(file for file in artifact.files if file.size_bytes == size_bytes)


async def small_shard(site: Site) -> bytes:
    return request(f"/iris/{(await shard(site, SMALL_SHARD_BYTES)).name}")


async def huge(site: Site, hits: Hits) -> bytes:
    """Return a request for a file that no buffer holds, which the fast road answers."""
    path = add_huge(site)
    artifact = next(one for (name, _), one in site.builder.artifacts.items() if name == "huge.h5")
    digest = artifact.files[0].sha256[:32]
    named = artifact.directory / f"weights.{digest}.bin"
    (artifact.directory / path.rpartition("/")[2]).rename(named)
    file = ArtifactFile(name=named.name, size_bytes=HUGE_BYTES, sha256=artifact.files[0].sha256)
    object.__setattr__(artifact, "files", (file,))
    artifact.__dict__.pop("by_name", None)
    head = request(f"/huge/{named.name}")
    client = Kept(site)
    await warm(client, hits, head)
    await client.close()
    return head


# --- What is left to aiohttp ----------------------------------------------------------------


Warmed = tuple[Kept, bytes, bytes]


async def send(client: Kept, *pieces: bytes) -> None:
    assert client.writer is not None
    for piece in pieces:
        client.writer.write(piece)
        await client.writer.drain()
        await asyncio.sleep(0.05)  # so that each is a packet of its own


async def test_requests_that_come_together_are_answered_in_order(
    warmed: Warmed, hits: Hits
) -> None:
    client, head, answer = warmed
    await send(client, head + request("/-/health") + head + head)
    assert await client.answer() == answer
    assert b'"status": "ok"' in await client.answer()
    assert [await client.answer(), await client.answer()] == [answer] * 2
    assert hits.take() == 0


async def test_a_request_behind_one_that_is_being_answered_waits(
    serve: Serve, hits: Hits, builder: object
) -> None:
    async with serve() as site:
        client = Kept(site)
        head = await small_shard(site)
        answer = await warm(client, hits, head)
        site.builder.gate.clear()
        await send(client, request("/iris/model.json"), head)
        site.builder.gate.set()
        assert b'"layers-model"' in await client.answer()
        assert await client.answer() == answer
        assert hits.take() == 0
        await client.close()


@pytest.mark.parametrize("cut", [1, 5, 40, -4, -1])
async def test_a_request_in_two_packets_is_put_together(
    warmed: Warmed, hits: Hits, cut: int
) -> None:
    client, head, answer = warmed
    await send(client, head[:cut], head[cut:])
    assert await client.answer() == answer
    assert hits.take() == 0


@pytest.mark.parametrize(
    "before",
    [
        b"GET /-/health HTTP/1.1\r\nX: ",
        HEALTH + b"GET /-/health HTTP/1.1\r\nX: ",
        b"GET /-/health HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n",
        b"GET /-/health HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n\r\n\r\n",
        b"GET /-/health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n",
    ],
)
async def test_what_is_no_request_of_its_own_is_not_answered_like_one(
    warmed: Warmed, hits: Hits, before: bytes
) -> None:
    """Where one request ends and the next one begins is never guessed."""
    client, head, answer = warmed
    length = len(head) + (4 if before.endswith(b"\r\n\r\n\r\n") else 0)
    await send(client, before % length if b"%d" in before else before, head)
    assert client.reader is not None
    received = b""
    with suppress(asyncio.TimeoutError, ConnectionError):
        while block := await asyncio.wait_for(client.reader.read(MIB), timeout=SOON):
            received += block
    assert answer.partition(b"\r\n\r\n")[2] not in received
    assert b'"status": "ok"' in received
    assert hits.take() == 0


@pytest.mark.parametrize("line", ["Connection: close", "X: " + FAST_ROAD_HEAD_BYTES * "y"])
async def test_some_requests_are_never_kept(warmed: Warmed, hits: Hits, line: str) -> None:
    client, head, answer = warmed
    asked = head[:-2] + line.encode() + b"\r\n\r\n"
    for _ in range(3):
        answered = await client.ask(asked)
        assert answered.partition(b"\r\n\r\n")[2] == answer.partition(b"\r\n\r\n")[2]
        assert (b"\r\nConnection: close" in answered) == line.startswith("Connection")
        await asyncio.sleep(0.05)
    assert hits.take() == 0


async def test_http_1_0_is_never_kept(warmed: Warmed, hits: Hits) -> None:
    client, head, _ = warmed
    for _ in range(3):
        answered = await client.ask(head.replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert answered.startswith(b"HTTP/1.0 200 OK")
        await asyncio.sleep(0.05)
    assert hits.take() == 0


# --- Limits ---------------------------------------------------------------------------------


async def test_a_connection_that_was_answered_is_kept_for_its_time_and_then_ended(
    serve: Serve, hits: Hits
) -> None:
    idle_seconds = 5 * SOON
    async with serve(idle_seconds=idle_seconds) as site:
        client, head = Kept(site), await small_shard(site)
        answer = await warm(client, hits, head)
        loop = asyncio.get_running_loop()
        used_until = loop.time() + 2 * idle_seconds
        while loop.time() < used_until:
            assert await client.ask(head) == answer
            await asyncio.sleep(SOON / 4)
        assert client.reader is not None
        assert await asyncio.wait_for(client.reader.read(), timeout=30) == b""
        await client.close()


async def test_who_asks_on_and_on_and_reads_nothing_is_cut_off(serve: Serve, hits: Hits) -> None:
    async with serve(send_seconds=SOON) as site:
        head = await small_shard(site)
        kept = Kept(site)
        await warm(kept, hits, head)
        await kept.close()
        client = connect_unread(site, head)
        client.setblocking(False)
        await until(lambda: served() == 1 and hits.heads)
        while not nobody_is_served():
            with suppress(BlockingIOError, ConnectionError):
                client.send(head)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        client.close()


# --- Files ----------------------------------------------------------------------------------


@needs_sendfile
@pytest.mark.parametrize("slowly", [False, True])
async def test_a_file_is_sent_whole_and_the_connection_goes_on(
    serve: Serve, hits: Hits, slowly: bool
) -> None:
    async with serve() as site:
        head = await huge(site, hits)
        client = connect_unread(site, head)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        for _ in range(2):
            received = bytearray()
            while b"\r\n\r\n" not in received:
                received += await loop.sock_recv(client, 100)
            body = received.partition(b"\r\n\r\n")[2]
            while len(body) < HUGE_BYTES:
                body += await loop.sock_recv(client, MIB)
                if slowly:
                    await asyncio.sleep(0)
            (artifact,) = (a for (n, _), a in site.builder.artifacts.items() if n == "huge.h5")
            assert body == artifact.path(artifact.files[0]).read_bytes()
            await loop.sock_sendall(client, head)
        client.close()
        assert hits.take() == 2


@needs_sendfile
@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files are listed in /proc")  # noqa: PTH112
async def test_who_vanishes_leaves_no_open_file(serve: Serve, hits: Hits, reset: bool) -> None:
    async with serve() as site:
        head = await huge(site, hits)
        client = connect_unread(site, head)
        await until(lambda: hits.heads and open_files_below(site.builder.root))
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        await until(lambda: not open_files_below(site.builder.root))
        await until(nobody_is_served)


def drip(client: socket.socket) -> Callable[[], object]:
    client.setblocking(False)

    def read_a_byte() -> bool:
        with suppress(BlockingIOError, ConnectionError):
            client.recv(1)
        return nobody_is_served()

    return read_a_byte


@needs_sendfile
@pytest.mark.parametrize("drips", [False, True])
async def test_who_does_not_read_a_file_is_cut_off(serve: Serve, hits: Hits, drips: bool) -> None:
    async with serve(send_seconds=SOON) as site:
        client = connect_unread(site, await huge(site, hits))
        await until(lambda: served() == 1 and hits.heads)
        await until(drip(client) if drips else nobody_is_served)
        client.close()


@needs_sendfile
async def test_who_is_sent_a_file_is_neither_idle_nor_thrown_out(serve: Serve, hits: Hits) -> None:
    idle_seconds = 5 * SOON
    async with serve(count=1, idle_seconds=idle_seconds) as site:
        head = await huge(site, hits)
        client = connect_unread(site, head)
        await until(lambda: bool(hits.heads))
        for _ in range(2):
            late = await connect(site)
            assert await late.ended() == b""
            await late.close()
            await asyncio.sleep(idle_seconds)
        client.setblocking(False)
        received, loop = 0, asyncio.get_running_loop()
        while received < HUGE_BYTES:
            block = await loop.sock_recv(client, MIB)
            assert block
            received += len(block)
        client.close()


@needs_sendfile
async def test_a_shutdown_waits_a_moment_for_a_file(serve: Serve, hits: Hits) -> None:
    async with serve() as site:
        head = await huge(site, hits)
        client = connect_unread(site, head)
        await until(lambda: bool(hits.heads))
        site.runner.server.pre_shutdown()
        ending = asyncio.ensure_future(site.runner.server.shutdown(30))
        await asyncio.sleep(SOON)
        assert not ending.done()
        client.setblocking(False)
        received, loop = bytearray(), asyncio.get_running_loop()
        while block := await loop.sock_recv(client, MIB):
            received += block
        await ending
        assert len(received.partition(b"\r\n\r\n")[2]) == HUGE_BYTES
        client.close()


@needs_sendfile
async def test_a_file_that_ends_early_ends_the_connection(
    serve: Serve, hits: Hits, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve() as site:
        file = await shard(site, LARGE_SHARD_BYTES)
        client, head = Kept(site), request(f"/iris/{file.name}")
        await warm(client, hits, head)
        monkeypatch.setattr(os, "sendfile", lambda *_: 0)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.ask(head)
        await client.close()
