"""A folder as a destination, for a web server on this machine or one that files are copied to."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from tfjs_serve.exporting.export import umask
from tfjs_serve.publishing.manifest import HALF_WRITTEN
from tfjs_serve.publishing.model import PublishError, SiteFile

_BLOCK_BYTES = 1 << 20


class Folder:
    """Puts files into a folder; each appears whole.

    Weights are copied and not linked: an edit of what was published would otherwise change what the
    cache has. File systems that can share the blocks of copies do so.
    """

    keeps_headers = False
    keeps_locks = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def sizes(self) -> AsyncIterator[Mapping[str, int]]:
        """Yield the sizes in bytes of all files by their paths, some at a time."""
        with _publish_errors(self._folder):
            yield await asyncio.to_thread(dict, _sizes(self._folder))

    async def read(self, path: str) -> bytes | None:
        """Return a small file; ``None`` if there is none."""
        with _publish_errors(self._folder):
            try:
                return await asyncio.to_thread((self._folder / path).read_bytes)
            except FileNotFoundError:
                return None

    async def put(self, file: SiteFile) -> None:
        """Put a file there, whole or not at all, in place of what was there."""
        with _publish_errors(self._folder):
            await asyncio.to_thread(self._put, file)

    def _put(self, file: SiteFile) -> None:
        target = self._folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            prefix=HALF_WRITTEN, dir=target.parent, delete=False
        ) as staged:
            try:
                _write(file, staged)
                # Only their owner can read files of tempfile.
                Path(staged.name).chmod(0o666 & ~umask())
                staged.close()  # Windows renames no open file
                Path(staged.name).replace(target)
            except BaseException:
                Path(staged.name).unlink(missing_ok=True)
                raise

    async def create(self, path: str, content: bytes) -> bool:
        """Put a small file there, unless there is one; return whether it was put."""
        with _publish_errors(self._folder):
            return await asyncio.to_thread(self._create, path, content)

    def _create(self, path: str, content: bytes) -> bool:
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with target.open("xb") as file:
                file.write(content)
        except FileExistsError:
            return False
        return True

    async def delete(self, paths: Sequence[str]) -> None:
        """Remove files, and folders that they leave empty."""
        with _publish_errors(self._folder):
            await asyncio.to_thread(self._delete, paths)

    def _delete(self, paths: Sequence[str]) -> None:
        for path in paths:
            target = self._folder / path
            target.unlink(missing_ok=True)
            for folder in target.parents:
                if folder == self._folder or any(folder.iterdir()):
                    break
                folder.rmdir()


def _write(file: SiteFile, staged: IO[bytes]) -> None:
    if isinstance(file.content, bytes):
        staged.write(file.content)
    else:
        with file.content.open("rb") as source:
            shutil.copyfileobj(source, staged, _BLOCK_BYTES)
    staged.flush()
    os.fsync(staged.fileno())


def _sizes(folder: Path) -> Iterator[tuple[str, int]]:
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(folder).as_posix(), path.stat().st_size


@contextmanager
def _publish_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PublishError(
            f"cannot write to {str(folder)!r}: {error.strerror or error}",
            hint="check its permissions and the free space, and publish again: what is there stays",
        ) from error
