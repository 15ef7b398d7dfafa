"""Texts in the encodings that browsers accept, made once when the model is written."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Final

import brotli

_BROTLI_QUALITY = 9
"""Slower levels gain a few percent, and take many times as long for documents of megabytes."""


def _gzip(data: bytes) -> bytes:
    # Without the time of day, so that the same document gives the same bytes.
    return gzip.compress(data, compresslevel=9, mtime=0)


def _brotli(data: bytes) -> bytes:
    return bytes(brotli.compress(data, mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY))


COMPRESSED_SUFFIXES: Final[dict[str, Callable[[bytes], bytes]]] = {".gz": _gzip, ".br": _brotli}
"""What is appended to the name of a file, and how those bytes are made."""
