"""What bytes are that should be a ``model.json`` or a shard. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_CONVERT = "Convert it: tfjs-serve convert MODEL OUT."


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Something that a file turned out to be, and what to do about it."""

    code: str
    message: str
    hint: str


_HTML = Kind(
    code="html",
    message="is a page in HTML",
    hint="The server answers with a page for what it does not have: put the file there, and "
    "exclude models from rewrites to index.html.",
)
_KINDS: Sequence[tuple[bytes, Kind]] = (
    (b"<!doctype html", _HTML),
    (b"<html", _HTML),
    (b"<head", _HTML),
    (b"<!--", _HTML),
    (
        b"version https://git-lfs",
        Kind(
            code="lfs-pointer",
            message="is a pointer of Git LFS, not the file itself",
            hint="Deploy after: git lfs pull. GitHub Pages does not serve files of LFS.",
        ),
    ),
    (
        b"<?xml",
        Kind(
            code="xml",
            message="is XML, as object stores answer with for errors",
            hint="Read the answer: it names what is missing or not allowed.",
        ),
    ),
    (
        b"\x89hdf\r\n",
        Kind(code="keras-file", message="is a Keras file in HDF5", hint=_CONVERT),
    ),
    (
        b"pk\x03\x04",
        Kind(code="keras-file", message="is an archive, such as a .keras file", hint=_CONVERT),
    ),
    (
        b"\x1f\x8b\x08",  # with the method, as two bytes alone may begin weights
        Kind(
            code="undeclared-gzip",
            message="is compressed with gzip, and does not say so",
            hint="Store it with Content-Encoding: gzip, or not compressed.",
        ),
    ),
)


def kind_of(body: bytes) -> Kind | None:
    """Return what well-known thing a body is that is neither JSON nor weights, by its start."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:32].lower()
    return next((kind for signature, kind in _KINDS if start.startswith(signature)), None)
