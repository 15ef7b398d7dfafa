"""Nothing that comes from files or requests becomes a header field, or a second response."""

from __future__ import annotations

import json

import pytest

from tests.web.asking import ask
from tests.web.fakes import Site, make_entry
from tests.web.raw import converse
from tfjs_serve import errors

EVIL = "x\r\nSet-Cookie: evil=1\r\n\r\n<script>"
EXPECTED = {
    "accept-ranges",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cross-origin-resource-policy",
    "date",
    "etag",
    "location",
    "server",
    "tfjs-serve-generation",
    "tfjs-serve-root",
    "tfjs-serve-stale",
    "timing-allow-origin",
    "vary",
    "x-content-type-options",
}


async def fields(site: Site, path: str, method: str = "GET", **more: str) -> dict[str, str]:
    """Ask, and return the header fields, which must all be known ones."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in more.items())
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n"
    answer = await converse(site, head.encode())
    found = dict(line.lower().split(": ", 1) for line in answer.head.split("\r\n")[1:])
    assert set(found) <= EXPECTED
    assert answer.body.count(b"HTTP/1.1") == 0
    return found


async def test_a_stale_reason_is_one_line(site: Site) -> None:
    site.builder.stale["iris.h5"] = EVIL + "é\udcff" + 1000 * "y"
    stale = (await fields(site, "/iris/model.json"))["tfjs-serve-stale"]
    assert stale.startswith("x%0d%0aset-cookie: evil=1%0d%0a%0d%0a<script>%c3%a9?")
    assert len(stale) < 600


async def test_an_error_with_lines_in_it_is_one_document(site: Site) -> None:
    site.builder.errors["iris.h5"] = errors.KerasFileError(EVIL, hint=EVIL)
    await fields(site, "/iris/model.json")
    answer = await ask(site, "/iris/model.json")
    assert (answer.json()["detail"], answer.json()["hint"]) == (EVIL, EVIL)


@pytest.mark.parametrize("name", ['a"b<c>é', "a b", "a%41", "a?b#c", "a;b,c", "a'b", "\u2028"])
async def test_a_redirect_leads_to_the_page_and_nowhere_else(site: Site, name: str) -> None:
    from tfjs_serve.web.urls import page_url

    site.catalog.entries.append(make_entry(f"{name}.h5"))
    found = await fields(site, page_url(name).removesuffix("/"))
    assert found["location"] == page_url(name).lower()
    assert found["location"].isascii()
    assert found["location"].startswith("/")
    assert not found["location"].startswith("//")


@pytest.mark.parametrize(
    "path",
    [
        "/iris%0d%0aSet-Cookie:%20evil=1",
        "/iris%0D%0A%0D%0A%3Cscript%3E/model.json",
        "/iris%0aX:y/",
        "/iris/w%0d%0aX:y.bin",
        "/%e5%98%8a%e5%98%8dSet-Cookie:evil",
        "/iris@uint8%0d%0aX:y/model.json",
        "//evil.example/%2f..",
        "//evil.example",
        "/%09/evil.example",
        "/iris/model.json?%0d%0aX:y",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
async def test_paths_do_not_become_fields(site: Site, path: str, method: str) -> None:
    found = await fields(site, path, method, Origin="http://localhost:1")
    assert "location" not in found


@pytest.mark.parametrize(
    "more",
    [
        {"Origin": "http://localhost:1\tX: y"},
        {"Origin": "http://localhost\x0bX"},
        {"Access_Control_Request_Headers": "range, x y"},
        {"Access_Control_Request_Headers": "a: b"},
        {"If_None_Match": '"x", W/"\x7f"'},
        {"If_Range": '"x"', "Range": "bytes=0-1"},
        {"Accept_Encoding": "br;q=1.0, evil: x"},
    ],
)
async def test_request_fields_do_not_become_fields(site: Site, more: dict[str, str]) -> None:
    for method in ("GET", "OPTIONS"):
        found = await fields(site, "/iris/model.json", method, **more)
        sent = {value.lower() for value in more.values()} - {'"x"', "bytes=0-1"}
        assert sent & set(found.values()) == set()


@pytest.mark.parametrize(
    "smuggled",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"Content-Length: +5\r\n\r\nhello",
        b"Content-Length: 5,5\r\n\r\nhello",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0\n\n",
        b"X: y\r\n Origin: z\r\n\r\n",
        b"X: y\rOrigin: z\r\n\r\n",
        b"X: \x00\r\n\r\n",
    ],
)
async def test_where_one_request_ends_is_never_guessed(site: Site, smuggled: bytes) -> None:
    """Where two readings are possible, what follows is not read as a request (RFC 9112, 6.3)."""
    await site.built("iris")
    hidden = b"GET /iris/model.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = await converse(site, b"POST / HTTP/1.1\r\nHost: localhost\r\n" + smuggled + hidden)
    assert answer.status in (400, 405)
    assert b"layers-model" not in answer.body
    first = answer.body.partition(b"HTTP/1.1")[0]
    assert json.loads(first)["status"] == answer.status
