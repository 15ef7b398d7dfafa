"""Read and copy files that other programs write: the blocking half of ``sources.py``.

Files are read with plain ``read``, without a lock, and without a mapping, which would crash this
process when the writer truncates the file.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from tfjs_serve.builder.completeness import HEAD_BYTES, TAIL_BYTES, is_complete
from tfjs_serve.errors import StoreError, TfjsServeError, store_error
from tfjs_serve.settings import MIB
from tfjs_serve.source_files import open_source


def digest_file(path: Path, closed: threading.Event) -> str:
    """Return the SHA-256 (hexadecimal) of a file; fails as soon as `closed` is set.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with open_source(path) as file:
        return _read(file, None, closed)


def digest_of_files(digests: Iterable[tuple[str, str]]) -> str:
    """Return one digest for files that belong together, given by their names and digests.

    That of a single file is its own.
    """
    lines = sorted(f"{digest} {name}\n" for name, digest in digests)
    if len(lines) == 1:
        return lines[0].partition(" ")[0]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def copy_file(path: Path, target: Path, closed: threading.Event) -> str:
    """Copy a file to `target` and return the SHA-256 of what was copied.

    Raises
    ------
    OSError
        The file cannot be read.
    StoreError
        The copy cannot be written.
    """
    with open_source(path) as file:
        try:
            copy = target.open("wb", buffering=0)
        except OSError as error:
            raise _not_copied(path, error) from error
        with copy:
            return _read(file, copy, closed)


def looks_complete(path: Path) -> bool:
    """Whether the file is complete by its own table of contents. Raises ``OSError``."""
    with open_source(path) as file:
        size_bytes = os.fstat(file.fileno()).st_size
        head = file.read(HEAD_BYTES)
        file.seek(max(0, size_bytes - TAIL_BYTES))
        return is_complete(head, file.read(TAIL_BYTES), size_bytes)


def _read(file: BinaryIO, copy: BinaryIO | None, closed: threading.Event) -> str:
    """Return the SHA-256 (hexadecimal) of `file`, written to `copy` on the way.

    Raises
    ------
    TfjsServeError
        The server is closing.
    StoreError
        The copy cannot be written.
    """
    digest = hashlib.sha256()
    while block := file.read(MIB):
        if closed.is_set():
            raise TfjsServeError(f"{Path(file.name).name} is not read: the server is closing")
        digest.update(block)
        if copy is not None:
            _write(copy, block, Path(file.name))
    return digest.hexdigest()


def _write(copy: BinaryIO, block: bytes, path: Path) -> None:
    """Append a block of the file at `path` to its copy.

    Raises
    ------
    StoreError
        It cannot be written.
    """
    try:
        rest = memoryview(block)
        while rest:
            rest = rest[copy.write(rest) :]
    except OSError as error:
        raise _not_copied(path, error) from error


def _not_copied(path: Path, error: OSError) -> StoreError:
    return store_error(
        error,
        f"{path.name} keeps changing and cannot be copied into the cache folder: {error.strerror}",
        hint="free some space and check its permissions, or choose another folder with --cache-dir",
    )
