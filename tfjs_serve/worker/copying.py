"""Files that are made of pieces of a source: read, hashed and written on the way, in threads.

Weights that lie in a model file as they will be served take this road past the conversion process.
Nothing is parsed here, and pieces that do not lie in the file are refused. The files are written
where the conversion process cannot reach them, so their digests are sure to be theirs.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from io import FileIO, RawIOBase
from pathlib import Path

from tfjs_serve.errors import KerasFileError, TfjsServeError, store_error
from tfjs_serve.settings import MIB
from tfjs_serve.worker.protocol import ConversionRequest, CopyRequest, Pieces

_BLOCK_BYTES = 1 * MIB
_AT_ONCE = 2
"""How many files of one model are made at once, so that a large one leaves threads to others."""


class Copier:
    """Makes files of pieces of sources."""

    def __init__(self) -> None:
        threads = max(_AT_ONCE, os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="tfjs-serve-copies")

    async def copy(
        self, request: ConversionRequest, wanted: CopyRequest, on_bytes: Callable[[int], None]
    ) -> tuple[str, ...]:
        """Make the `wanted` files in ``copies_dir``, named by their digests, which are returned.

        Parameters
        ----------
        on_bytes
            Called on the event loop with the size of each file that is done.

        Raises
        ------
        KerasFileError
            A piece does not lie in the source, or the source cannot be read.
        StoreError
            A file cannot be written.
        """
        cancelled = threading.Event()
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(number: int, pieces: Pieces) -> str:
            async with places:
                call = partial(_copy, request, number, pieces, cancelled)
                digest = await asyncio.get_running_loop().run_in_executor(self._threads, call)
            on_bytes(sum(size_bytes for _, size_bytes in pieces))
            return digest

        tasks = [asyncio.create_task(one(*item)) for item in enumerate(wanted.files)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            return tuple([await task for task in tasks])
        finally:
            # Whoever removes the folder must not be disturbed by a thread that still writes.
            cancelled.set()
            await asyncio.gather(*tasks, return_exceptions=True)

    def close(self) -> None:
        """Start nothing new."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _copy(
    request: ConversionRequest, number: int, pieces: Pieces, cancelled: threading.Event
) -> str:
    """Make one file, and return its digest."""
    folder, digest = Path(request.copies_dir), hashlib.sha256()
    unfinished = folder / f"{number}.partial"
    try:
        with unfinished.open("wb", buffering=0) as copy:
            for block in _blocks(request, pieces, cancelled):
                digest.update(block)
                _write(copy, block)
        unfinished.replace(folder / digest.hexdigest())
    except OSError as error:
        raise store_error(
            error,
            f"cannot write to {folder}: {error.strerror or error}",
            hint="free some space there, or choose another folder with --cache-dir",
        ) from error
    return digest.hexdigest()


def _write(copy: RawIOBase, block: memoryview) -> None:
    while block:
        block = block[copy.write(block) :]


def _blocks(
    request: ConversionRequest, pieces: Pieces, cancelled: threading.Event
) -> Iterator[memoryview]:
    """Yield the bytes of all `pieces`; each block is overwritten by the next one.

    Raises
    ------
    KerasFileError
        They cannot be read.
    TfjsServeError
        Nobody needs them any more.
    """
    buffer = memoryview(bytearray(_BLOCK_BYTES))
    try:
        with ExitStack() as opened:
            source = _OneAfterTheOther(request.files, opened)
            for offset, size_bytes in pieces:
                left_bytes = size_bytes
                while left_bytes:
                    at = offset + size_bytes - left_bytes
                    count = source.read_into(buffer[:left_bytes], at)
                    if cancelled.is_set():
                        raise TfjsServeError(f"{request.display_name} is not needed any more")
                    if not count:
                        raise _damaged(request, "it ends within a weight")
                    left_bytes -= count
                    yield buffer[:count]
    except OSError as error:
        raise _damaged(request, error.strerror or str(error)) from error


class _OneAfterTheOther:
    """Files whose bytes count as those of one; each is opened when it is needed."""

    def __init__(self, paths: Iterable[str], opened: ExitStack) -> None:
        self._places: list[tuple[int, int, str]] = []
        self._files: dict[str, FileIO] = {}
        self._opened = opened
        start = 0
        for path in paths:
            end = start + os.stat(path).st_size  # noqa: PTH116 - a text, as `open` gets it
            self._places.append((start, end, path))
            start = end

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Read bytes of one file from `offset` on, and return how many; 0 behind the last file."""
        for start, end, path in self._places:
            if start <= offset < end:
                file = self._file(path)
                file.seek(offset - start)
                return file.readinto(buffer[: end - offset])
        return 0

    def _file(self, path: str) -> FileIO:
        if path not in self._files:
            file = open(path, "rb", buffering=0, opener=_without_waiting)  # noqa: SIM115
            self._files[path] = self._opened.enter_context(file)
        return self._files[path]


def _without_waiting(path: str, flags: int) -> int:
    """Open what may have become a pipe meanwhile; no deadline ends a thread that waits for one."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _damaged(request: ConversionRequest, problem: str) -> KerasFileError:
    return KerasFileError(
        f"{request.display_name} is damaged or not completely written ({problem})",
        hint="save the model again, or wait until it is written",
    )
