"""What is sent, and what becomes of what is no model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.saving.dense import dense_model, export_dense
from tests.stack.saving.asking import (
    TOKEN,
    Parts,
    assert_refused,
    contents,
    names_in,
    post,
    save,
)
from tests.stack.whole import Folder, Stack, running
from tests.web.raw import until
from tests.web.saving.forms import content_type, form
from tfjs_serve.settings import KIB, MIB, SavingLimits, ServerSettings


def without(name: str) -> Parts:
    parts = dense_model()
    del parts[name]
    return parts


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad-upload"),
        (b"nonsense", 400, "bad-upload"),
        (form(dense_model())[:-10], 400, "bad-upload"),
        (form(without("model.json")), 400, "bad-upload"),
        (form(without("model.weights.bin")), 400, "bad-upload"),
        (form({**dense_model(), "../evil.h5": b"x"}), 400, "bad-upload"),
        (form({"/etc/passwd": b"x"}), 400, "bad-upload"),
        (form(dense_model())[:-40] + form(dense_model()), 400, "bad-upload"),
        (form({**dense_model(), "model.json": b"{"}), 422, "bad-tfjs-folder"),
        (form({**dense_model(), "model.json": b"[]"}), 422, "bad-tfjs-folder"),
        (form({**dense_model(), "model.json": b"\xff\xfe"}), 422, "bad-tfjs-folder"),
        (form({**dense_model(), "model.weights.bin": b"1234"}), 422, "bad-tfjs-folder"),
        (form({**dense_model(), "model.weights.bin": bytes(999)}), 422, "bad-tfjs-folder"),
    ],
)
async def test_what_is_no_model_is_refused_and_leaves_nothing(
    stack: Stack, folder: Folder, body: bytes, status: int, code: str
) -> None:
    folder.save("iris.h5")
    before = contents(folder)
    assert_refused(await post(stack, "/iris", body), status, code)
    assert contents(folder) == before
    assert stack.stored("staging") == 0


async def test_other_kinds_of_bodies_are_refused(stack: Stack, folder: Folder) -> None:
    body = form(dense_model())
    for fields in (
        {"Content_Type": "application/json"},
        {"Content_Type": "multipart/form-data"},
        {"Content_Type": content_type("other")},
        {"Content_Encoding": "gzip"},
    ):
        assert_refused(await post(stack, "/new", body, **fields), 400, "bad-upload")
    assert names_in(folder) == []


@pytest.fixture
def small(settings: ServerSettings) -> ServerSettings:
    return replace(
        settings, saving=SavingLimits(weights_bytes=KIB, receive_seconds=0.3, discard_seconds=1.0)
    )


async def in_pieces(body: bytes, piece_bytes: int = 700) -> AsyncIterator[bytes]:
    for start in range(0, len(body), piece_bytes):
        yield body[start : start + piece_bytes]


@pytest.mark.parametrize("is_declared", [True, False])
async def test_too_many_bytes_are_refused(
    folder: Folder, small: ServerSettings, is_declared: bool
) -> None:
    folder.save("iris.h5")
    before = contents(folder)
    body = form({**dense_model(), "model.weights.bin": bytes(1025)})
    async with running(small, export=export_dense) as stack:
        answer = await post(stack, "/iris", body if is_declared else in_pieces(body))
        assert_refused(answer, 413, "upload-too-large")
        assert stack.stored("staging") == 0
    assert contents(folder) == before


async def test_a_size_that_is_declared_is_believed_at_once(
    folder: Folder, small: ServerSettings
) -> None:
    async with running(small, export=export_dense) as stack:
        writer, reader = await begun(stack, b"", "Content-Length: 999999999")
        assert b"upload-too-large" in await asyncio.wait_for(reader.read(), 30)
        writer.close()
    assert names_in(folder) == []


async def begun(
    stack: Stack, body: bytes, *fields: str
) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
    """Begin to save, with no more than `body`."""
    lines = (
        f"POST /new?token={TOKEN} HTTP/1.1",
        f"Host: localhost:{stack.port}",
        f"Content-Type: {content_type()}",
        *fields,
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
    return writer, reader


async def test_a_large_body_that_is_refused_is_read_to_its_end(
    stack: Stack, folder: Folder
) -> None:
    """Otherwise the connection breaks, and the page sees no status."""
    body = bytes(64 * MIB)
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
    head = f"POST /new HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    assert b" 401 " in await asyncio.wait_for(reader.readline(), 60)
    writer.write(b"GET /-/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert b'"status": "ok"' in await asyncio.wait_for(reader.read(), 60)
    writer.close()
    assert names_in(folder) == []


async def test_who_sends_too_slowly_is_told_so(folder: Folder, small: ServerSettings) -> None:
    body = form(dense_model())
    async with running(small, export=export_dense) as stack:
        writer, reader = await begun(stack, body[:100], f"Content-Length: {len(body)}")
        assert b" 408 " in await asyncio.wait_for(reader.readline(), 30)
        writer.close()
        await until(lambda: stack.stored("staging") == 0)
    assert names_in(folder) == []


@pytest.mark.parametrize("fields", ["Content-Length: 5000", "Transfer-Encoding: chunked"])
async def test_who_goes_away_in_the_middle_leaves_nothing(
    stack: Stack, folder: Folder, fields: str
) -> None:
    body = form(dense_model())[:300]
    sent = body if "Length" in fields else b"%x\r\n%b\r\n" % (len(body), body)
    writer, _ = await begun(stack, sent, fields)
    await until(lambda: stack.stored("staging") == 1)
    writer.close()
    await until(lambda: stack.stored("staging") == 0)
    assert names_in(folder) == []
    assert (await save(stack, "/new", dense_model())).status == 201


async def test_a_body_in_malformed_pieces_is_refused(stack: Stack, folder: Folder) -> None:
    writer, reader = await begun(stack, b"nonsense\r\n", "Transfer-Encoding: chunked")
    assert b" 400 " in await asyncio.wait_for(reader.readline(), 30)
    writer.close()
    assert names_in(folder) == []


async def test_who_asks_first_is_told_to_go_on(stack: Stack, folder: Folder) -> None:
    body = form(dense_model())
    fields = (f"Content-Length: {len(body)}", "Expect: 100-continue")
    writer, reader = await begun(stack, b"", *fields)
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30) == (
        b"HTTP/1.1 100 Continue\r\n\r\n"
    )
    writer.write(body)
    assert b" 201 " in await asyncio.wait_for(reader.readline(), 30)
    assert names_in(folder) == ["new.h5"]
    writer.close()
