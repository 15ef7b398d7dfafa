"""The fast road on one connection: what it must leave alone, and how it sends files."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from tests.web.connections.clients import (
    HEALTH,
    NEVER,
    SOON,
    Serve,
    connect_unread,
    nobody_is_served,
    served,
    shard,
)
from tests.web.fakes import SMALL_SHARD_BYTES, Site, pseudo_random, write_artifact
from tests.web.fast import Hits, Kept, request, warm
from tests.web.raw import until
from tfjs_serve.settings import FAST_ROAD_HEAD_BYTES, INLINE_BYTES, MIB, Variant
from tfjs_serve.web import keeping


@pytest.fixture
async def warmed(serve: Serve, hits: Hits) -> AsyncIterator[tuple[Kept, bytes, bytes]]:
    """A connection, a request that the fast road answers, and its answer."""
    async with serve() as site:
        client = Kept(site)
        head = await small_shard(site)
        yield client, head, await warm(client, hits, head)
        await client.close()


async def small_shard(site: Site) -> bytes:
    return request(f"/iris/{(await shard(site, SMALL_SHARD_BYTES)).name}")


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


async def test_the_work_for_an_answer_that_is_not_kept_is_saved(
    serve: Serve, hits: Hits, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = 0

    def count(body: bytes) -> str:
        nonlocal hashed
        hashed += 1
        return f'"{hashlib.sha256(body).hexdigest()}"'

    monkeypatch.setattr(keeping, "_etag", count)
    async with serve() as site:
        client = Kept(site)
        await warm(client, hits, await small_shard(site))
        assert hashed > 0
        hashed = 0
        # The entries of this catalogue change without any file, so this is in doubt.
        for _ in range(3):
            assert b"weightsManifest" in await client.ask(request("/iris/model.json"))
        assert hashed == 0
        await client.close()


DATE_BYTES = len("\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT")


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


def add_inline(site: Site) -> bytes:
    """Give the builder a file that is sent from memory; return a request for it."""
    body = pseudo_random(INLINE_BYTES, "inline")
    name = f"weights.{hashlib.sha256(body).hexdigest()[:32]}.bin"
    artifact = write_artifact(site.builder.root / "inline", {name: body})
    site.builder.artifacts["inline.h5", Variant.FULL] = artifact
    return request(f"/inline/{name}")


@asynccontextmanager
async def unread(serve: Serve, hits: Hits) -> AsyncIterator[tuple[Site, socket.socket, int]]:
    """A client that does not read its answers, so that the server cannot write all of them."""
    async with serve() as site:
        kept, head = Kept(site), add_inline(site)
        answer = await warm(kept, hits, head)
        await kept.close()
        client = connect_unread(site, head)
        client.setblocking(False)
        await until(lambda: served() == 1 and hits.heads)
        (connection,) = site.runner.server.connections
        while not connection.writing_paused:
            answered = len(hits.heads)
            client.send(head)
            await until(lambda count=answered: len(hits.heads) > count)
        yield site, client, len(hits.heads) * (len(answer) + DATE_BYTES)
        client.close()


async def test_a_shutdown_waits_a_moment_for_small_answers(serve: Serve, hits: Hits) -> None:
    async with unread(serve, hits) as (site, client, size_bytes):
        site.runner.server.pre_shutdown()
        ending = asyncio.ensure_future(site.runner.server.shutdown(30))
        await asyncio.sleep(SOON)
        assert not ending.done()
        received, loop = 0, asyncio.get_running_loop()
        while block := await loop.sock_recv(client, MIB):
            received += len(block)
        await ending
        assert received == size_bytes


@pytest.mark.parametrize("is_gone", [True, False])
async def test_a_shutdown_waits_for_small_answers_only_for_a_moment(
    serve: Serve, hits: Hits, is_gone: bool
) -> None:
    async with unread(serve, hits) as (site, client, _):
        if is_gone:
            asyncio.get_running_loop().call_later(SOON, client.close)
        ending = site.runner.server.shutdown(NEVER if is_gone else SOON)
        await asyncio.wait_for(ending, timeout=30)
