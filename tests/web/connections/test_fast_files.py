"""Files on the fast road: whole, with limits, and without anything left behind."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.web.connections.clients import (
    HUGE_BYTES,
    SOON,
    Serve,
    add_huge,
    connect,
    connect_unread,
    nobody_is_served,
    served,
    shard,
)
from tests.web.fakes import LARGE_SHARD_BYTES, Site
from tests.web.fast import Hits, Kept, request, warm
from tests.web.raw import open_files_below, until
from tfjs_serve.artifacts.model import ArtifactFile
from tfjs_serve.settings import MIB
from tfjs_serve.web import file_sender

needs_sendfile = pytest.mark.skipif(
    not file_sender.CAN_SEND_FILES, reason="files are sent on the slow road"
)


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
async def test_a_client_may_go_just_when_a_shutdown_stops_waiting_for_it(
    serve: Serve, hits: Hits
) -> None:
    async with serve() as site:
        client = connect_unread(site, await huge(site, hits))
        await until(lambda: bool(hits.heads))
        (connection,) = site.runner.server.connections
        ending = asyncio.ensure_future(connection.shutdown(30))
        await until(lambda: connection._handler_waiter is not None)
        connection._handler_waiter.cancel()  # as aiohttp does when the time is over
        connection.connection_lost(None)
        await ending
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
