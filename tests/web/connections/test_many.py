"""Many clients: there are only so many connections, and one that is answered is kept."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import sys

import pytest

from tests.web.asking import ask
from tests.web.connections.clients import (
    HEALTH,
    GatedBuilder,
    Serve,
    connect,
    connect_unread,
    served,
)
from tests.web.raw import until
from tfjs_serve.web import descriptors
from tfjs_serve.web.descriptors import most_connections


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


async def test_nobody_who_is_answered_is_thrown_out(
    serve: Serve, builder: GatedBuilder, caplog: pytest.LogCaptureFixture
) -> None:
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
    gc.collect()  # a task that failed is complained about when it is collected
    assert caplog.messages == ["more than 3 connections: idle ones are closed"]


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
    ("limit", "connections"), [(None, 1000), (100_000, 1000), (1024, 298), (256, 42), (10, 8)]
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
