"""What pages load to follow models: the client, and the frame through which all of them listen."""

from __future__ import annotations

import gzip
from dataclasses import replace
from functools import lru_cache
from importlib import resources

from tfjs_serve.media_types import HTML, JAVASCRIPT, TYPESCRIPT
from tfjs_serve.web.cors import ANY_ORIGIN, CorsPolicy
from tfjs_serve.web.framing import frame_ancestors
from tfjs_serve.web.pages.assets import asset
from tfjs_serve.web.representation import GZIP, MODEL_HEADERS, Representation, from_bytes

SCRIPTS = {"client.js": "client.js", "client-classic.js": "client-classic.js"}
"""The names of the client in URLs, and of the files in ``browser/assets``."""
TYPES_NAME = "client.d.ts"

_RELAY = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>tfjs-serve</title>
<meta name="worker" content=".{worker}">
<script type="module" src=".{script}"></script>
</html>
"""


@lru_cache(maxsize=2 * len(SCRIPTS))
def script(name: str, coding: str) -> Representation:
    """Return the client, which pages of all origins may load, even isolated ones."""
    body = asset(SCRIPTS[name]).text.encode("utf-8")
    if coding == GZIP:
        body = gzip.compress(body, compresslevel=9, mtime=0)
    plain = from_bytes(body, JAVASCRIPT, extra_headers=MODEL_HEADERS)
    return replace(plain, content_encoding=coding, negotiated=True)


@lru_cache(maxsize=1)
def types() -> Representation:
    """Return the declarations for TypeScript."""
    file = resources.files("tfjs_serve.browser") / TYPES_NAME
    return from_bytes(file.read_bytes(), TYPESCRIPT, extra_headers=MODEL_HEADERS)


@lru_cache(maxsize=4)
def relay(cors: CorsPolicy) -> Representation:
    """Return the page for hidden frames, which only pages may have that may read models."""
    worker, frame = asset("relay-worker.js").url, asset("relay.js").url
    body = _RELAY.format(worker=worker.removeprefix("/-"), script=frame.removeprefix("/-"))
    headers = {
        "Content-Security-Policy": _policy(cors),
        "Cross-Origin-Embedder-Policy": "require-corp",  # or isolated pages may not have it
        "Referrer-Policy": "no-referrer",
        **dict(MODEL_HEADERS),
    }
    return from_bytes(body.encode("ascii"), HTML, extra_headers=tuple(headers.items()))


def _policy(cors: CorsPolicy) -> str:
    # A page without an origin cannot be named, and listens without a frame. The frame is as open as
    # the models: it shows nothing that a page could pass off as its own.
    ancestors = "*" if ANY_ORIGIN in cors.origins else " ".join(["'self'", *frame_ancestors(cors)])
    return (
        "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )
