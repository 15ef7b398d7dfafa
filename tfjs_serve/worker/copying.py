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
from contextlib import ExitStack
from io import FileIO, RawIOBase
from pathlib import Path
from queue import Empty, SimpleQueue

from tfjs_serve.errors import KerasFileError, TfjsServeError, store_error
from tfjs_serve.settings import MIB, SHUTDOWN_SECONDS
from tfjs_serve.source_files import open_source
from tfjs_serve.threads import in_thread
from tfjs_serve.worker.protocol import ConversionRequest, CopyRequest, Pieces

_BLOCK_BYTES = 1 * MIB
_AT_ONCE = 2
"""How many files of one model are made at once, so that a large one leaves the disk to others."""


async def copy(
    request: ConversionRequest, wanted: CopyRequest, on_bytes: Callable[[int], None]
) -> tuple[str, ...]:
    """Make the `wanted` files in ``copies_dir``, named by their digests, which are returned.

    Whoever stops waiting finds that nobody writes there any more, unless the source does not answer
    within ``SHUTDOWN_SECONDS``. Then its threads are left alone; they write nothing when it does.

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
    copies = _Copies(request, wanted, on_bytes)
    count = min(_AT_ONCE, len(wanted.files))
    threads: list[asyncio.Future[None]] = []
    try:
        threads.extend(in_thread(copies.make, "tfjs-serve-copy") for _ in range(count))
        done, _ = await asyncio.wait(threads, return_when=asyncio.FIRST_EXCEPTION)
        for thread in done:
            thread.result()
        return tuple(copies.digests)
    finally:
        copies.cancelled.set()
        if threads:  # fewer than wanted, if the system gives no more
            await asyncio.wait(threads, timeout=SHUTDOWN_SECONDS)


class _Copies:
    """The files of one request, made by several threads."""

    def __init__(
        self, request: ConversionRequest, wanted: CopyRequest, on_bytes: Callable[[int], None]
    ) -> None:
        self.cancelled = threading.Event()
        self.digests = [""] * len(wanted.files)
        self._request = request
        self._on_bytes = on_bytes
        self._loop = asyncio.get_running_loop()
        self._waiting: SimpleQueue[tuple[int, Pieces]] = SimpleQueue()
        for item in enumerate(wanted.files):
            self._waiting.put(item)

    def make(self) -> None:
        """Make one file after the other, until there are no more or nobody needs them."""
        while not self.cancelled.is_set():
            try:
                number, pieces = self._waiting.get_nowait()
            except Empty:
                return
            self.digests[number] = _copy(self._request, number, pieces, self.cancelled)
            size_bytes = sum(size_bytes for _, size_bytes in pieces)
            self._loop.call_soon_threadsafe(self._tell, size_bytes)

    def _tell(self, size_bytes: int) -> None:
        if not self.cancelled.is_set():
            self._on_bytes(size_bytes)


def _copy(
    request: ConversionRequest, number: int, pieces: Pieces, cancelled: threading.Event
) -> str:
    """Make one file, and return its digest."""
    folder, digest = Path(request.copies_dir), hashlib.sha256()
    unfinished = folder / f"{number}.partial"
    try:
        with unfinished.open("wb", buffering=0) as file:
            for block in _blocks(request, pieces, cancelled):
                digest.update(block)
                _write(file, block)
        unfinished.replace(folder / digest.hexdigest())
    except OSError as error:
        raise store_error(
            error,
            f"cannot write the weights of {request.display_name}: {error.strerror or error}",
            hint="free some space there, or choose another folder with --cache-dir",
        ) from error
    return digest.hexdigest()


def _write(file: RawIOBase, block: memoryview) -> None:
    while block:
        block = block[file.write(block) :]


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
            self._files[path] = self._opened.enter_context(open_source(path))
        return self._files[path]


def _damaged(request: ConversionRequest, problem: str) -> KerasFileError:
    return KerasFileError(
        f"{request.display_name} is damaged or not completely written ({problem})",
        hint="save or copy the model again, or wait until it is written",
    )
