"""Bodies as TensorFlow.js sends them, and damaged ones."""

from __future__ import annotations

from collections.abc import Mapping

BOUNDARY = "----formdata-undici-012345678901"


def part(name: str, data: bytes, *, kind: str = "application/octet-stream") -> bytes:
    """Return one part as ``FormData`` of Node writes it."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    return head.encode() + data + b"\r\n"


def form(parts: Mapping[str, bytes]) -> bytes:
    """Return a whole body."""
    return b"".join(part(*one) for one in parts.items()) + f"--{BOUNDARY}--\r\n".encode()


def content_type(boundary: str = BOUNDARY) -> str:
    return f"multipart/form-data; boundary={boundary}"
