"""What is said of a file that is handed to pages, by the server or by wherever it is published."""

from __future__ import annotations

REVALIDATE = "no-cache"
IMMUTABLE = "public, max-age=31536000, immutable"

JSON = "application/json"
HTML = "text/html; charset=utf-8"
CSS = "text/css; charset=utf-8"
JAVASCRIPT = "text/javascript; charset=utf-8"
TYPESCRIPT = "text/plain; charset=utf-8"
"""``video/mp2t`` is what some take ``.ts`` for, and there is no registered type."""
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
_BY_ENDING = {
    "css": CSS,
    "html": HTML,
    "js": JAVASCRIPT,
    "json": JSON,
    "mjs": JAVASCRIPT,
    "ts": TYPESCRIPT,
    "txt": TEXT,
    "wasm": "application/wasm",
}

_DIGITS_THAT_NAME = 16
"""A name that contains this many leading digits of the digest changes with the contents."""


def media_type(name: str) -> str:
    """Return the media type of a file for pages, by its ending."""
    return _BY_ENDING.get(name.rpartition(".")[2], BYTES)


def cache_control(path: str, sha256: str) -> str:
    """Return how long a file may be used without asking.

    Only a path with the digest of the bytes in it may be cached forever: any other may stand for
    other bytes tomorrow.
    """
    return IMMUTABLE if sha256[:_DIGITS_THAT_NAME] in path else REVALIDATE
