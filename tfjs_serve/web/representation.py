"""Representations: bytes with all constant header fields of their answers, computed once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType

from tfjs_serve.artifacts.model import Artifact, ArtifactFile
from tfjs_serve.media_types import (
    IMMUTABLE,
    JAVASCRIPT,
    JSON,
    REVALIDATE,
    cache_control,
    media_type,
)
from tfjs_serve.settings import MODEL_JSON

IDENTITY = "identity"
GZIP = "gzip"
ENCODED_SUFFIXES: Mapping[str, str] = MappingProxyType({"br": ".br", GZIP: ".gz"})
"""Content codings in the server's order of preference, with the endings of their files."""


@dataclass(frozen=True, kw_only=True)
class Representation:
    """Something that can be sent.

    Attributes
    ----------
    source
        The bytes, or the immutable file that holds them.
    etag
        Strong entity tag, quotes included.
    cache_control
        Value of that header field.
    content_encoding
        ``identity``, or the content coding of `source`.
    negotiated
        Whether ``Accept-Encoding`` selected this one among several.
    extra_headers
        Further constant header fields.
    """

    source: Path | bytes
    size_bytes: int
    etag: str
    media_type: str
    cache_control: str
    content_encoding: str = IDENTITY
    negotiated: bool = False
    extra_headers: tuple[tuple[str, str], ...] = ()

    @property
    def accepts_ranges(self) -> bool:
        """Whether ranges are offered: not of encoded bytes, which nobody wants in parts."""
        return self.content_encoding == IDENTITY

    @property
    def is_immutable(self) -> bool:
        """Whether its URL will never stand for other bytes."""
        return self.cache_control == IMMUTABLE

    @cached_property
    def validator_headers(self) -> Mapping[str, str]:
        """The header fields that a 304 also has (RFC 9110, section 15.4.5)."""
        headers = {"ETag": self.etag, "Cache-Control": self.cache_control}
        if self.negotiated:
            headers["Vary"] = "Accept-Encoding"
        return MappingProxyType({**headers, **dict(self.extra_headers)})

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The header fields of the whole representation, ``Content-Length`` included."""
        headers = {"Content-Type": self.media_type, "Content-Length": str(self.size_bytes)}
        if self.accepts_ranges:
            headers["Accept-Ranges"] = "bytes"
        else:
            headers["Content-Encoding"] = self.content_encoding
        return MappingProxyType({**headers, **self.validator_headers})


MODEL_HEADERS = (("Cross-Origin-Resource-Policy", "cross-origin"),)
"""So that cross-origin isolated pages (needed for Wasm threads) can load models too."""


def from_bytes(
    body: bytes, media_type: str, *, extra_headers: tuple[tuple[str, str], ...] = ()
) -> Representation:
    """Return a representation of bytes in memory; caches revalidate it."""
    return Representation(
        source=body,
        size_bytes=len(body),
        etag=f'"{hashlib.sha256(body).hexdigest()}"',
        media_type=media_type,
        cache_control=REVALIDATE,
        extra_headers=extra_headers,
    )


@lru_cache(maxsize=1024)
def of_file(directory: Path, file: ArtifactFile, *, asked_as: str = "") -> Representation:
    """Return the representation of a shard, or of another file beside ``model.json``.

    Parameters
    ----------
    asked_as
        The name in the URL, if that is not the file's own.
    """
    return Representation(
        source=directory / file.name,
        size_bytes=file.size_bytes,
        etag=f'"{file.sha256}"',
        media_type=media_type(file.name),
        cache_control=cache_control(asked_as or file.name, file.sha256),
        extra_headers=MODEL_HEADERS,
    )


def codings_of(artifact: Artifact, name: str) -> tuple[str, ...]:
    """Return the content codings in which the artifact contains a file, best first."""
    names = artifact.by_name
    return tuple(coding for coding, suffix in ENCODED_SUFFIXES.items() if name + suffix in names)


def of_model_json(artifact: Artifact, coding: str) -> Representation:
    """Return ``model.json`` in one content coding (``identity``: as it is)."""
    return _of_text(artifact, MODEL_JSON, coding, JSON, REVALIDATE)


def of_script(
    artifact: Artifact, name: str, coding: str, cache_control: str = IMMUTABLE
) -> Representation:
    """Return a script, which is named by its digest, in one content coding."""
    return _of_text(artifact, name, coding, JAVASCRIPT, cache_control)


def _of_text(
    artifact: Artifact, name: str, coding: str, media_type: str, cache_control: str
) -> Representation:
    file = artifact.by_name[name + ENCODED_SUFFIXES.get(coding, "")]
    return _of_document(artifact.directory, file, coding, media_type, cache_control)


@lru_cache(maxsize=1024)
def _of_document(
    directory: Path, file: ArtifactFile, coding: str, media_type: str, cache_control: str
) -> Representation:
    return Representation(
        source=directory / file.name,
        size_bytes=file.size_bytes,
        etag=f'"{file.sha256}"',
        media_type=media_type,
        cache_control=cache_control,
        content_encoding=coding,
        negotiated=True,
        extra_headers=MODEL_HEADERS,
    )
