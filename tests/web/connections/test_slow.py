"""Clients that are slow to ask, or to read: each gets its time, and no more."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import pytest

from tests.web.asking import ask
from tests.web.connections.clients import (
    HEALTH,
    HUGE_BYTES,
    SOON,
    GatedBuilder,
    Serve,
    add_huge,
    connect,
    connect_unread,
    nobody_is_served,
    served,
)
from tests.web.fakes import (
    FakeCatalog,
    make_entry,
)
from tests.web.raw import converse, until
from tfjs_serve.settings import KIB, MIB, Variant


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


async def test_who_reads_byte_by_byte_is_cut_off(serve: Serve) -> None:
    async with serve(send_seconds=SOON) as site:
        request = f"GET {add_huge(site)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        client = connect_unread(site, request)
        client.setblocking(False)
        await until(lambda: served() == 1)

        async def read_slowly() -> None:
            while not nobody_is_served():
                assert await asyncio.get_running_loop().sock_recv(client, 1)
                await asyncio.sleep(SOON / 20)

        await asyncio.wait_for(read_slowly(), timeout=30)
        client.setblocking(True)
        assert await asyncio.to_thread(read_all, client) < HUGE_BYTES


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
