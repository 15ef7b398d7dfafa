"""Model files as others write them: when are they at rest, and what are their bytes?

Files are looked at with ``stat`` and read with ``open``: no lock and no mapping, nothing that
could get in the way of the program that writes them.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tfjs_serve.builder.recent import Recent
from tfjs_serve.builder.single_flight import SingleFlight
from tfjs_serve.builder.snapshots import copy_file, digest_file, looks_complete
from tfjs_serve.builder.stamps import (
    SECOND_NS,
    ChangedMeanwhileError,
    Stamps,
    names_in_folder,
    paths_of,
    quiet_seconds,
    read_stamps,
    rest_seconds,
    unreadable,
)
from tfjs_serve.builder.write_locks import is_write_locked
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.errors import SourceChangedError, TfjsServeError
from tfjs_serve.settings import SETTLE_DEADLINE_SECONDS

_DIGESTS_REMEMBERED = 4096
_FILES_READ_AT_ONCE = 2
"""More would take the threads that answer the requests for other models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is to be converted: an entry's files where they lie, or a copy of the file.

    Attributes
    ----------
    stamps
        What the files were when they were found to be whole.
    path
        Where to read: the entry's own path, or that of the copy.
    copy_digest
        SHA-256 (hexadecimal) of the copy, which nobody changes; ``None`` if it is no copy.
    """

    stamps: Stamps
    path: Path
    copy_digest: str | None = None


Scratch = Callable[[], Awaitable[Path]]
"""Gives a new empty folder for a copy."""


class Sources:
    """Reads the files of entries.

    Parameters
    ----------
    clock
        Seconds since the epoch.
    sleep
        How to wait for a file to come to rest.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._digests: Recent[Stamps, str] = Recent(_DIGESTS_REMEMBERED)
        self._reading: SingleFlight[Stamps, str] = SingleFlight()
        self._readers = asyncio.Semaphore(_FILES_READ_AT_ONCE)
        self._closed = threading.Event()

    async def whole(
        self,
        entry: CatalogEntry,
        scratch: Scratch,
        *,
        patience_seconds: float = SETTLE_DEADLINE_SECONDS,
        insist_on_copy: bool = False,
    ) -> Source:
        """Wait until the files of `entry` are whole, and return what to convert.

        They are at rest, and used where they lie; or the file never rests, and is copied between
        two saves: see "Beside a trainer" in ``docs/architecture.md``.

        Parameters
        ----------
        insist_on_copy
            Copy a file at rest too, because it does not rest for as long as a conversion takes.

        Raises
        ------
        SourceChangedError
            They keep changing and are never found to be whole, or are gone.
        StoreError
            The copy cannot be written.
        """
        stamps = await self._look(entry)
        waited_seconds = 0.0
        while self._digests.get(stamps) is None or insist_on_copy:
            seconds = rest_seconds(stamps, self._now_ns())
            if seconds:
                await self._sleep(seconds)
                waited_seconds += seconds
            before, stamps = stamps, await self._look(entry)
            at_rest = stamps == before and not (seconds and await _is_write_locked(stamps))
            if at_rest and not insist_on_copy:
                break
            if copy := await self._copied(entry, scratch, at_rest=at_rest):
                return copy
            if at_rest and entry.kind.is_tfjs:
                break
            if waited_seconds >= patience_seconds:
                raise SourceChangedError(
                    f"{entry.exact_name} is still being written",
                    hint="wait until it is saved completely, then load it again",
                )
        return Source(stamps=stamps, path=entry.path)

    async def _copied(
        self, entry: CatalogEntry, scratch: Scratch, *, at_rest: bool
    ) -> Source | None:
        """Return a copy of the file as it is now, if that can be known to be whole."""
        if entry.kind.is_tfjs:
            return None  # several files: what was saved with what, only rest tells
        stamps = await self._look(entry)
        if not at_rest and not await self._is_between_saves(entry, stamps):
            return None
        target = await scratch() / f"source{entry.path.suffix}"
        async with self._readers:
            digest = await asyncio.to_thread(self._copy, entry, stamps, target)
        if digest is None:
            return None
        return Source(stamps=stamps, path=target, copy_digest=digest)

    async def _is_between_saves(self, entry: CatalogEntry, stamps: Stamps) -> bool:
        """Whether the file of `stamps` was written to its end, a moment ago."""
        seconds = quiet_seconds(stamps, self._now_ns())
        if seconds is None:
            return False
        if seconds:
            await self._sleep(seconds)
        return await asyncio.to_thread(_is_finished, entry, stamps)

    def _copy(self, entry: CatalogEntry, stamps: Stamps, target: Path) -> str | None:
        """Copy the file; ``None`` unless it was that of `stamps` before and afterwards."""
        try:
            if read_stamps(entry) != stamps:
                return None
            digest = copy_file(entry.path, target, self._closed)
        except OSError as error:
            raise unreadable(entry, error) from error
        return digest if read_stamps(entry) == stamps else None

    async def digest(self, entry: CatalogEntry, stamps: Stamps) -> str:
        """Return the SHA-256 (hexadecimal) of the bytes that `stamps` stand for.

        Of a tfjs folder it is the digest over its files' names and digests.

        Raises
        ------
        ChangedMeanwhileError
            The files are not, or no longer, those of `stamps`.
        """
        known = self._digests.get(stamps)
        if known is not None:
            return known
        return await self._reading.join(stamps, partial(self._read, entry, stamps))

    async def is_unchanged(self, entry: CatalogEntry, stamps: Stamps) -> bool:
        """Whether the files are still those of `stamps`."""
        try:
            return await self._look(entry) == stamps
        except TfjsServeError:
            return False

    async def require_unchanged(self, entry: CatalogEntry, stamps: Stamps) -> None:
        """Raise :class:`ChangedMeanwhileError` unless the files are still those of `stamps`."""
        if not await self.is_unchanged(entry, stamps):
            raise ChangedMeanwhileError(entry)

    async def close(self) -> None:
        """Stop reading."""
        self._closed.set()
        await self._reading.close()

    def _now_ns(self) -> int:
        return int(self._clock() * SECOND_NS)

    async def _look(self, entry: CatalogEntry) -> Stamps:
        return await asyncio.to_thread(read_stamps, entry)

    async def _read(self, entry: CatalogEntry, stamps: Stamps) -> str:
        async with self._readers:
            digest = await asyncio.to_thread(self._digest_files, entry)
        await self.require_unchanged(entry, stamps)
        self._digests.put(stamps, digest)
        return digest

    def _digest_files(self, entry: CatalogEntry) -> str:
        try:
            if not entry.kind.is_tfjs:
                return digest_file(entry.path, self._closed)
            files = zip(names_in_folder(entry), paths_of(entry), strict=True)
            lines = sorted(f"{digest_file(path, self._closed)} {name}\n" for name, path in files)
        except OSError as error:
            raise unreadable(entry, error) from error
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def _is_finished(entry: CatalogEntry, stamps: Stamps) -> bool:
    try:
        if is_write_locked(stamps[0].inode) or not looks_complete(entry.path):
            return False
    except OSError as error:
        raise unreadable(entry, error) from error
    return read_stamps(entry) == stamps


async def _is_write_locked(stamps: Stamps) -> bool:
    return await asyncio.to_thread(lambda: any(is_write_locked(s.inode) for s in stamps))
