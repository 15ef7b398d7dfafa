"""Names that depend on nothing but the bytes."""

from __future__ import annotations

_NAME_DIGITS = 32
"""Hexadecimal digits of the digest in a name: 128 bits, beyond any accident."""


def shard_name(sha256: str) -> str:
    """Return the file name of a shard whose SHA-256 in hexadecimal is `sha256`.

    Shards with the same bytes have the same name, in one model or in several, so one file serves
    them all, and a browser that has it does not ask again.
    """
    return f"weights.{sha256[:_NAME_DIGITS]}.bin"
