"""Connections at their worst: clients that vanish, loops without sendfile, no HTTP at all."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.web.fakes import LARGE_SHARD_BYTES, Site, pseudo_random, write_artifact
from tests.web.raw import converse, open_files_below, until
from tfjs_serve.artifacts.model import Artifact, ArtifactFile
from tfjs_serve.settings import MIB, Variant
from tfjs_serve.web import sending

HUGE_SHARD_BYTES = 64 * MIB
"""More than the socket buffers of both sides hold."""


def large_shard(artifact: Artifact) -> ArtifactFile:
    return next(file for file in artifact.files if file.size_bytes == LARGE_SHARD_BYTES)


@pytest.fixture
async def huge(site: Site) -> tuple[Artifact, ArtifactFile]:
    body = pseudo_random(MIB, "huge") * (HUGE_SHARD_BYTES // MIB)
    artifact = write_artifact(site.builder.root / "huge", {"weights.huge.bin": body})
    site.builder.artifacts[("huge.h5", Variant.FULL)] = artifact
    return artifact, artifact.files[0]


@pytest.mark.skipif(sys.platform != "linux", reason="open files are listed in /proc")
async def test_a_client_that_vanishes_leaves_no_open_file(
    site: Site, huge: tuple[Artifact, ArtifactFile], caplog: pytest.LogCaptureFixture
) -> None:
    artifact, file = huge
    clients = []
    for _ in range(5):
        client = socket.create_connection(("127.0.0.1", site.port))
        client.sendall(f"GET /huge/{file.name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        clients.append(client)
    await until(lambda: len(open_files_below(artifact.directory)) == 5)
    for client in clients:
        assert await asyncio.to_thread(client.recv, 20) == b"HTTP/1.1 200 OK\r\nCon"
        client.close()
    await until(lambda: not open_files_below(artifact.directory))
    async with site.session.get(f"{site.origin}/-/health") as response:
        assert response.status == 200
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("failure", [NotImplementedError, RuntimeError])
async def test_where_there_is_no_sendfile_chunks_are_sent(
    site: Site, monkeypatch: pytest.MonkeyPatch, failure: type[Exception]
) -> None:
    async def no_sendfile(*_args: Any, **_kwargs: Any) -> int:
        raise failure

    monkeypatch.setattr(asyncio.get_running_loop(), "sendfile", no_sendfile)
    artifact = await site.built("iris")
    file = large_shard(artifact)
    whole = artifact.path(file).read_bytes()
    url = f"{site.origin}/iris/{file.name}"
    async with site.session.get(url) as response:
        assert await response.read() == whole
    async with site.session.get(url, headers={"Range": "bytes=5-600000"}) as response:
        assert await response.read() == whole[5:600001]


async def test_a_file_that_ends_early_ends_the_connection(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def too_short(*_args: Any, **_kwargs: Any) -> int:
        return 7

    monkeypatch.setattr(asyncio.get_running_loop(), "sendfile", too_short)
    file = large_shard(await site.built("iris"))
    request = f"GET /iris/{file.name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(request)
    try:
        received = await reader.read()
    except ConnectionResetError:
        received = b""
    writer.close()
    assert f"Content-Length: {file.size_bytes}".encode() in received or received == b""
    assert received.count(b"HTTP/1.1") <= 1


async def test_a_request_that_is_cancelled_closes_the_file_that_is_opened_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[BinaryIO] = []
    proceed = asyncio.Event()
    loop = asyncio.get_running_loop()
    really_open = sending.open_checked

    def slow_open(path: Path, size_bytes: int) -> BinaryIO:
        asyncio.run_coroutine_threadsafe(proceed.wait(), loop).result()
        opened.append(really_open(path, size_bytes))
        return opened[0]

    monkeypatch.setattr(sending, "open_checked", slow_open)
    path = tmp_path / "weights.bin"
    path.write_bytes(b"1234")
    task = asyncio.create_task(sending.opened(path, 4))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    proceed.set()
    await until(lambda: opened and opened[0].closed)


async def test_keep_alive_works_after_every_kind_of_answer(site: Site) -> None:
    file = large_shard(await site.built("iris"))
    requests = [
        ("GET /iris/model.json", ""),
        ("GET /iris/model.json", "If-None-Match: *\r\n"),
        ("HEAD /iris/model.json", ""),
        ("GET /nothing/model.json", ""),
        (f"GET /iris/{file.name}", ""),
        (f"HEAD /iris/{file.name}", ""),
        ("OPTIONS /x", ""),
        ("DELETE /x", ""),
        (f"GET /iris/{file.name}", "Range: bytes=0-99999\r\n"),
        ("GET /-/health", "Connection: close\r\n"),
    ]
    lines = [f"{line} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n" for line, more in requests]
    answer = await converse(site, "".join(lines).encode())
    statuses = [200, 304, 200, 404, 200, 200, 204, 405, 206, 200]
    everything = answer.head.encode() + answer.body
    assert everything.count(b"Vary: ") == len(statuses)
    assert answer.body.endswith(b"}")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"garbage\r\n\r\n",
        b"GET /iris/model.json HTTP/1.1\r\nHost: localhost\r\nBad Name: y\r\n\r\n",
        b"GET /iris/model.json HTTP/1.1\r\nHost: localhost\r\nX: " + 20000 * b"y" + b"\r\n\r\n",
        b"GET /" + 20000 * b"y" + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ],
)
async def test_what_is_no_proper_request_gets_a_problem_too(
    site: Site, request_bytes: bytes
) -> None:
    answer = await converse(site, request_bytes)
    assert 400 <= answer.status < 500
    assert "Content-Type: application/problem+json" in answer.head
    assert "Cache-Control: no-store" in answer.head
    assert "Vary: Origin" in answer.head
    assert json.loads(answer.body)["status"] == answer.status


@pytest.mark.parametrize("version", ["", " HTTP/0.9", " HTTP/1.2", " HTTP/2.0", " HTTP/9.9"])
async def test_other_versions_of_http_are_answered_in_one_that_is_known(
    site: Site, version: str
) -> None:
    line = f"GET /iris/model.json{version}\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = await converse(site, line.encode())
    assert answer.head.startswith(("HTTP/1.0 ", "HTTP/1.1 "))
    assert answer.status in (200, 400)


async def test_what_no_url_can_be_made_of_is_answered(site: Site) -> None:
    for line in (b"GET http://loca\x82host/ HTTP/1.1", b"GET http://xn--a\xff/ HTTP/1.1"):
        answer = await converse(site, line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert answer.status in (400, 403)


async def test_the_server_as_a_whole_can_be_asked_for_its_options(site: Site) -> None:
    request = b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = await converse(site, request)
    assert (answer.status, answer.body) == (204, b"")
    assert "Allow: GET, HEAD, OPTIONS" in answer.head


@pytest.mark.parametrize("path", ["/a%0ab", "*", "/iris%0d%0a/model.json"])
async def test_whatever_the_path_is_models_can_only_be_read(site: Site, path: str) -> None:
    request = f"DELETE {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert (await converse(site, request.encode())).status in (400, 405)


async def test_the_path_is_taken_as_it_was_sent(site: Site) -> None:
    for path in ("/x/../iris/model.json", "/./iris/model.json", "/iris/./model.json"):
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        assert (await converse(site, request.encode())).status == 404
    request = (
        "GET http://any.localhost/iris/model.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    assert (await converse(site, request.encode())).status == 200
    assert site.catalog.looked_up == ["iris"]
    old = await converse(site, b"GET /iris/model.json HTTP/1.0\r\n\r\n")
    assert old.status == 200
    assert "Content-Length: " in old.head
