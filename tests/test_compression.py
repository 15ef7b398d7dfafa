"""Texts in the encodings of browsers."""

from __future__ import annotations

import gzip

import brotli
import pytest

from tfjs_serve.compression import COMPRESSED_SUFFIXES


@pytest.mark.parametrize("size", [0, 1, 10_000, 65_535, 65_536, 3_000_000])
def test_texts_come_back(size: int) -> None:
    text = (b"weights of a layer, " * (size // 20 + 1))[:size]
    assert gzip.decompress(COMPRESSED_SUFFIXES[".gz"](text)) == text
    assert brotli.decompress(COMPRESSED_SUFFIXES[".br"](text)) == text


@pytest.mark.parametrize(("size", "is_small"), [(0, True), (65_535, True), (65_536, False)])
def test_brotli_prepares_a_large_window_for_large_texts_only(size: int, is_small: bool) -> None:
    """A stream begins with a bit 0 if its window is the one of 16 bits (RFC 7932, section 9.1)."""
    compressed = COMPRESSED_SUFFIXES[".br"](b"x" * size)
    assert (compressed[0] & 1 == 0) == is_small
