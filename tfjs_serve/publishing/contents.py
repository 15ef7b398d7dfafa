"""The bytes of files that are sent. What was damaged in the cache is not published."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from tfjs_serve.artifacts.atomic import digest_file
from tfjs_serve.publishing.model import PublishError, SiteFile

_BLOCK_BYTES = 1 << 20


class DamagedError(PublishError):
    """The cache does not have the bytes any more that were converted."""


def blocks(file: SiteFile) -> Iterator[bytes]:
    """Yield the bytes of a file; after the last ones, it is known whether they are right.

    Raises
    ------
    DamagedError
        They are not those that the file is to have.
    """
    if isinstance(file.content, bytes):
        yield file.content
        return
    digest = hashlib.sha256()
    with file.content.open("rb") as source:
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
            yield block
    _check(digest.hexdigest(), file, file.content)


def whole(file: SiteFile) -> bytes:
    """Return all bytes of a file, which are in memory once. Raises as :func:`blocks` does."""
    if isinstance(file.content, bytes):
        return file.content
    content = file.content.read_bytes()
    _check(hashlib.sha256(content).hexdigest(), file, file.content)
    return content


def check(file: SiteFile, path: Path) -> None:
    """Read what is at `path`. Raises :class:`DamagedError` unless it is what `file` is to have."""
    _check(digest_file(path), file, path)


def _check(sha256: str, file: SiteFile, path: Path) -> None:
    if sha256 == file.sha256:
        return
    path.unlink()  # so that the model is converted again
    raise DamagedError(
        f"{file.path} was damaged in the cache, and is not published",
        hint="publish again: it is converted anew",
    )
