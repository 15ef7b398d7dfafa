"""Texts in the encodings that browsers accept, made once when the model is written."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Final

import brotli

_BROTLI_QUALITY = 6
"""Up to here, a text of 12 KB takes half a millisecond. In a new process, level 9 takes up to ten,
for no byte less, and the highest twelve, for 6 % less."""
_SMALL_WINDOW_BITS, _LARGE_WINDOW_BITS = 16, 22
"""A text that the small window holds needs no larger one, for which brotli prepares megabytes: that
takes several times as long as compressing the text."""


def _gzip(data: bytes) -> bytes:
    # Without the time of day, so that the same document gives the same bytes.
    return gzip.compress(data, compresslevel=9, mtime=0)


def _brotli(data: bytes) -> bytes:
    fits = len(data) < 1 << _SMALL_WINDOW_BITS
    return bytes(
        brotli.compress(
            data,
            mode=brotli.MODE_TEXT,
            quality=_BROTLI_QUALITY,
            lgwin=_SMALL_WINDOW_BITS if fits else _LARGE_WINDOW_BITS,
        )
    )


COMPRESSED_SUFFIXES: Final[dict[str, Callable[[bytes], bytes]]] = {".gz": _gzip, ".br": _brotli}
"""What is appended to the name of a file, and how those bytes are made."""
