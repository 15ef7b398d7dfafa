"""The nouns of publishing."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from tfjs_serve.errors import TfjsServeError

IsMine = Callable[[str], bool]
"""Whether a folder of a destination is of a model that is published now, or of one that is gone.

Files of other models stay as they are.
"""


class PublishError(TfjsServeError):
    """The destination cannot be used, or refused a file."""

    code = "cannot-publish"


class Stage(IntEnum):
    """When a file is sent: nothing that a page may ask for next is missing at any moment."""

    WEIGHTS = 0
    """Named by their bytes, so that old and new ones lie side by side."""
    BESIDE = 1
    """Scripts, labels, metadata: what a page may load before the model."""
    MODEL_JSON = 2
    SITE = 3
    """What is about several models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFile:
    """A file as it is to be at the destination.

    Attributes
    ----------
    path
        Below the destination, with ``/``; not percent-encoded.
    content
        Its bytes, or where they are.
    sha256
        Of the bytes, in hexadecimal.
    media_type, cache_control, content_encoding
        What is to be sent with it.
    """

    path: str
    stage: Stage
    content: bytes | Path
    size_bytes: int
    sha256: str
    media_type: str
    cache_control: str
    content_encoding: str = ""


def note(path: str, content: bytes) -> SiteFile:
    """Return a file that publishes write for each other, not for pages."""
    return SiteFile(
        path=path,
        stage=Stage.SITE,
        content=content,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        media_type="application/json",
        cache_control="no-store",
    )


class Destination(Protocol):
    """Where files are put; a path is always below it.

    Everything raises :class:`PublishError` if it cannot be done.
    """

    keeps_headers: bool
    """Whether files keep their media type, cache control and content encoding there."""
    keeps_locks: bool
    """Whether :meth:`create` tells two publishes apart."""

    def sizes(self) -> AsyncIterator[Mapping[str, int]]:
        """Yield the sizes in bytes of all files by their paths, some at a time."""
        ...

    async def read(self, path: str) -> bytes | None:
        """Return a small file; ``None`` if there is none."""
        ...

    async def put(self, file: SiteFile) -> None:
        """Put a file there, whole or not at all, in place of what was there."""
        ...

    async def create(self, path: str, content: bytes) -> bool:
        """Put a small file there, unless there is one; return whether it was put."""
        ...

    async def delete(self, paths: Sequence[str]) -> None:
        """Remove files; those that are not there are passed over."""
        ...
