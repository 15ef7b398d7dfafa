"""Small steps on the file system that happen completely or not at all.

Nothing is synced to the disk: everything in the cache is checked before it is used, and made again
if it is damaged. So a power failure costs at most a conversion, and each conversion is spared the
wait for the disk.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tfjs_serve.errors import store_error
from tfjs_serve.settings import MIB

_BLOCK_BYTES = 1 * MIB
_WINDOWS_RETRIES_SECONDS = (0.05, 0.1, 0.2, 0.4)
"""On Windows a virus scanner or an indexer may hold a new file for a moment."""


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn errors of the system into one that says what to do.

    It does not say where the folder is, because pages are told of it.
    """
    try:
        yield
    except OSError as error:
        raise store_error(
            error,
            f"the cache folder cannot be used: {error.strerror or error}",
            hint="free some space and check its permissions, "
            "or choose another folder with --cache-dir",
        ) from error


def unique_name() -> str:
    """Return a file name that no other thread or process uses; it starts with the process id."""
    return f"{os.getpid()}-{secrets.token_hex(8)}"


def write_new_file(path: Path, data: bytes) -> None:
    """Write a file that does not exist yet. Never follows a link."""
    with path.open("xb") as file:
        file.write(data)


def replace_file(path: Path, data: bytes, *, staged: Path) -> None:
    """Replace the contents of `path`; readers see either the old or the new contents.

    Parameters
    ----------
    staged
        A free name on the same file system; a process that dies may leave a partial file there.
    """
    try:
        write_new_file(staged, data)
        retry_on_windows(lambda: staged.replace(path))
    except BaseException:
        with suppress(OSError):
            staged.unlink()
        raise


def rename_directory(source: Path, target: Path) -> None:
    """Move a directory to a free name; ``OSError`` if the name is taken."""
    # POSIX would replace an empty directory, but no artifact is empty.
    retry_on_windows(lambda: source.rename(target), unless_exists=target)


def retry_on_windows(action: Callable[[], object], *, unless_exists: Path | None = None) -> None:
    """Run `action`; try again after a moment if Windows refuses it because of open files."""
    retries = _WINDOWS_RETRIES_SECONDS if os.name == "nt" else ()
    for seconds in retries:
        try:
            action()
        except PermissionError:
            if unless_exists and unless_exists.exists():
                raise
            time.sleep(seconds)
        else:
            return
    action()


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
