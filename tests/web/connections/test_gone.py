"""Clients that vanish, and clients that send what nobody reads."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.web.connections.clients import (
    HEALTH,
    Serve,
    add_huge,
    connect,
    connect_unread,
    nobody_is_served,
    served,
)
from tests.web.raw import converse, until
from tfjs_serve.settings import KIB


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
