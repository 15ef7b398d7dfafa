"""A folder as a destination, for a web server on this machine or one that files are copied to."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tfjs_serve.artifacts.atomic import unique_name
from tfjs_serve.artifacts.sharing import share
from tfjs_serve.publishing.contents import blocks, check
from tfjs_serve.publishing.manifest import HALF_WRITTEN
from tfjs_serve.publishing.model import PublishError, SiteFile, Stage


class Folder:
    """Puts files into a folder; each appears whole.

    Weights share their bytes with the cache where the file system can do that. Should somebody edit
    what was published, the cache notices when it next uses its file.
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
                return await asyncio.to_thread(self._read, path)
            except FileNotFoundError:
                return None

    def _read(self, path: str) -> bytes | None:
        target = self._folder / path
        return None if target.is_dir() else target.read_bytes()  # a model may have any name

    async def put(self, file: SiteFile) -> None:
        """Put a file there, whole or not at all, in place of what was there."""
        with _publish_errors(self._folder):
            await asyncio.to_thread(self._put, file)

    def _put(self, file: SiteFile) -> None:
        target = self._folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = target.parent / f"{HALF_WRITTEN}{unique_name()}"
        try:
            if not _is_shared(file, staged):
                _write(file, staged)
            staged.replace(target)
        finally:
            staged.unlink(missing_ok=True)  # if both are names of one file, it is still there

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
        except OSError:
            target.unlink(missing_ok=True)  # without its text, nobody would know whose it was
            raise
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


def _is_shared(file: SiteFile, staged: Path) -> bool:
    """Whether a file could be put there without a copy: weights, whose names nobody else uses."""
    if file.stage is not Stage.WEIGHTS or isinstance(file.content, bytes):
        return False
    check(file, file.content)
    return share(file.content, staged)


def _write(file: SiteFile, staged: Path) -> None:
    with staged.open("xb") as target:
        target.writelines(blocks(file))
        target.flush()
        os.fsync(target.fileno())


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
