"""The URLs of the server and the headers of each, as they go over the wire."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from tests.stack.whole import LOCAL, Folder, Stack
from tests.web.asking import ask
from tfjs_serve import __version__
from tfjs_serve.settings import Variant

IMMUTABLE = "public, max-age=31536000, immutable"


async def header_lines(stack: Stack, target: str) -> tuple[bytes, list[bytes]]:
    """Return status line and header lines as they are sent, sorted, without the date."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
    try:
        writer.write(
            f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{stack.port}\r\n"
            f"Origin: {LOCAL}\r\nConnection: close\r\n\r\n".encode()
        )
        head, _, _ = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
        await writer.wait_closed()
    status_line, *lines = head.split(b"\r\n")
    lines.remove(b"Connection: close")
    (date,) = (line for line in lines if line.startswith(b"Date: "))
    return status_line, sorted(line for line in lines if line != date)


def expected_lines(**fields: str) -> list[bytes]:
    """Return the header lines that all answers have, and those in `fields`; without empty ones."""
    common = {
        "Access-Control-Allow-Origin": LOCAL,
        "Timing-Allow-Origin": LOCAL,
        "Server": f"tfjs-serve/{__version__}",
        "Vary": "Origin",
        "X-Content-Type-Options": "nosniff",
    }
    own = {name.replace("_", "-"): value for name, value in fields.items()}
    lines = ((name, value) for name, value in {**common, **own}.items() if value)
    return sorted(f"{name}: {value}".encode() for name, value in lines)


async def test_the_headers_of_models_byte_by_byte(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    for base in ("/iris", "/iris.h5", *(f"/iris@{variant.value}" for variant in Variant)):
        document, shards = await stack.load(base)
        ((name, body),) = shards.items()
        exposed = document.headers["Access-Control-Expose-Headers"]
        assert {"etag", "content-length", "content-range"} <= set(exposed.lower().split(", "))
        of_models = partial(
            expected_lines,
            Accept_Ranges="bytes",
            Access_Control_Expose_Headers=exposed,
            Cross_Origin_Resource_Policy="cross-origin",
        )
        assert await header_lines(stack, f"{base}/model.json?tfjs=1") == (
            b"HTTP/1.1 200 OK",
            of_models(
                Content_Type="application/json",
                Content_Length=str(len(document.body)),
                Cache_Control="no-cache",
                ETag=document.headers["ETag"],
                Vary="Accept-Encoding, Origin",
                Tfjs_Serve_Generation=document.headers["Tfjs-Serve-Generation"],
                Tfjs_Serve_Root="../",
            ),
        )
        assert await header_lines(stack, f"{base}/{name}?tfjs=1") == (
            b"HTTP/1.1 200 OK",
            of_models(
                Content_Type="application/octet-stream",
                Content_Length=str(len(body)),
                Cache_Control=IMMUTABLE,
                Access_Control_Allow_Origin="*",
                Timing_Allow_Origin="*",
                Vary="",
                ETag=(await ask(stack, f"{base}/{name}")).headers["ETag"],
            ),
        )


@pytest.mark.parametrize(
    ("path", "media_type", "cache_control"),
    [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/iris/", "text/html; charset=utf-8", "no-cache"),
        ("/-/models.json", "application/json", "no-cache"),
        ("/-/health", "application/json", "no-store"),
    ],
)
async def test_the_headers_of_pages_and_lists(
    stack: Stack, folder: Folder, path: str, media_type: str, cache_control: str
) -> None:
    folder.save("iris.h5")
    answer = await ask(stack, path, Origin=LOCAL)
    fields = {"Content_Type": media_type, "Cache_Control": cache_control}
    fields["Content_Length"] = str(len(answer.body))
    fields["Access_Control_Expose_Headers"] = answer.headers["Access-Control-Expose-Headers"]
    if cache_control == "no-cache":
        fields |= {"ETag": answer.headers["ETag"], "Accept_Ranges": "bytes"}
    if path == "/-/models.json" or media_type.startswith("text/html"):
        fields["Vary"] = "Accept-Encoding, Origin"
    if media_type.startswith("text/html"):
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'")
        fields |= {"Content_Security_Policy": policy, "Referrer_Policy": "no-referrer"}
    assert await header_lines(stack, path) == (b"HTTP/1.1 200 OK", expected_lines(**fields))


async def test_what_is_known_already_is_not_sent_again(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    first, shards = await stack.load("/iris")
    for path in ("model.json", *shards):
        etag = (await ask(stack, f"/iris/{path}")).headers["ETag"]
        again = await ask(stack, f"/iris/{path}", If_None_Match=etag)
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", etag)
    packed = await ask(stack, "/iris/model.json", Accept_Encoding="gzip, br")
    assert packed.headers["Content-Encoding"] == "br"
    assert len(packed.body) < len(first.body)
    assert packed.headers["ETag"] != first.headers["ETag"]
