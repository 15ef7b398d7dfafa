"""Model files that other programs write: when they are at rest, and what their bytes are.

Files are checked with ``stat`` and read with ``open``, without locks or mappings, so nothing gets
in the way of the program that writes them.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tfjs_serve.builder.between_saves import BetweenSaves, copy_at_rest
from tfjs_serve.builder.lanes import Lanes
from tfjs_serve.builder.recent import Recent
from tfjs_serve.builder.several_files import digest_files, is_between_parts
from tfjs_serve.builder.single_flight import SingleFlight
from tfjs_serve.builder.stamps import (
    ChangedMeanwhileError,
    Stamps,
    is_racy,
    read_stamps,
    rest_seconds,
)
from tfjs_serve.builder.write_locks import is_write_locked
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.errors import SourceChangedError, TfjsServeError
from tfjs_serve.settings import SETTLE_DEADLINE_SECONDS, SETTLE_SECONDS
from tfjs_serve.sightings import SECOND_NS

_DIGESTS_REMEMBERED = 4096
_CATCHES, _CATCH_SECONDS = 20, 0.005
"""How many times, and at which interval, a file that never rests is checked in one attempt."""
_LOCK_BELIEVED_SECONDS = 10.0
"""If a lock is held for this long without a write, someone forgot to close the file."""
_COPY_NAME = "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What to convert: an entry's files in their place, or a copy of its file.

    What lies beside a file is always read in its place.

    Attributes
    ----------
    stamps
        Identities of the files when they were found to be whole.
    path
        Where to read: the entry's own path, or that of the copy.
    copy_digest
        SHA-256 (hexadecimal) of the copy, which never changes, and of the files beside it; ``None``
        if there is no copy.
    is_racy
        Whether the file may have been written again without getting another time, so that equal
        `stamps` do not prove that it is unchanged.
    """

    stamps: Stamps
    path: Path
    copy_digest: str | None = None
    is_racy: bool = False

    @property
    def lasting_stamps(self) -> Stamps:
        """The stamps by which to remember an outcome; empty if they prove nothing."""
        return () if self.is_racy else self.stamps


Scratch = Callable[[], Awaitable[Path]]
"""Creates an empty folder for a copy."""


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
        self._lanes = Lanes("tfjs-serve-sources")
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

        Files at rest are used in their place. A file that never rests is copied between two saves;
        see "Beside a trainer" in ``docs/architecture.md``.

        Parameters
        ----------
        scratch
            Creates the folder for a copy.
        patience_seconds
            How long to wait.
        insist_on_copy
            Also copy a file at rest, because it does not rest for as long as a conversion takes.

        Raises
        ------
        SourceChangedError
            The files keep changing and are never found to be whole, or are gone.
        StoreError
            The copy cannot be written.
        """
        stamps = await self._look(entry)
        folder = _Once(scratch)
        between_saves = BetweenSaves(entry)
        waited_seconds = 0.0
        while self._digests.get(stamps) is None or insist_on_copy:
            seconds = rest_seconds(stamps, self._now_ns())
            if not seconds and await self._is_held(entry, stamps):
                seconds = SETTLE_SECONDS
            if seconds:
                await self._sleep(seconds)
                waited_seconds += seconds
            before, stamps = stamps, await self._look(entry)
            if stamps == before and not await self._is_held(entry, stamps):
                if not insist_on_copy or not entry.kind.is_one_file:
                    break
                if copy := await self._copy_at_rest(entry, stamps, folder):
                    return copy
            elif entry.kind.is_one_file:  # only rest tells which of several files belong together
                between_saves.notice(before)
                if copy := await self._catch(entry, between_saves, folder):
                    return copy
            waited_seconds += _CATCHES * _CATCH_SECONDS
            if waited_seconds >= patience_seconds:
                raise SourceChangedError(
                    f"{entry.exact_name} is still being written",
                    hint="wait until it is saved completely, then load it again",
                )
        return Source(stamps=stamps, path=entry.path)

    async def at_rest(self, entry: CatalogEntry) -> Stamps:
        """Return the identities of files at rest; waits no longer than it takes to see that.

        Raises
        ------
        SourceChangedError
            The files are being written, or are gone.
        """
        stamps = await self._look(entry)
        if seconds := rest_seconds(stamps, self._now_ns()):
            await self._sleep(seconds)
        if await self._is_held(entry, stamps):
            raise ChangedMeanwhileError(entry)
        await self.require_unchanged(entry, stamps)
        return stamps

    async def _is_held(self, entry: CatalogEntry, stamps: Stamps) -> bool:
        """Whether a program that wrote the files recently is still working on them."""
        age_seconds = (self._now_ns() - max(stamp.mtime_ns for stamp in stamps)) / SECOND_NS
        if age_seconds > _LOCK_BELIEVED_SECONDS:
            return False
        if await asyncio.to_thread(lambda: any(is_write_locked(s.inode) for s in stamps)):
            return True
        return await asyncio.to_thread(is_between_parts, entry, stamps, age_seconds)

    async def _copy_at_rest(
        self, entry: CatalogEntry, stamps: Stamps, folder: _Once
    ) -> Source | None:
        target = await folder.get() / _COPY_NAME
        size_bytes = sum(stamp.size_bytes for stamp in stamps)
        digest = await self._lanes.run(
            size_bytes, copy_at_rest, entry, stamps, target, self._closed
        )
        return Source(stamps=stamps, path=target, copy_digest=digest) if digest else None

    async def _catch(
        self, entry: CatalogEntry, between_saves: BetweenSaves, folder: _Once
    ) -> Source | None:
        """Return a copy of a file that never rests, if one can be made between two saves."""
        for _ in range(_CATCHES):
            if await asyncio.to_thread(between_saves.is_whole):
                target = await folder.get() / _COPY_NAME
                now_ns = self._now_ns()
                size_bytes = sum(stamp.size_bytes for stamp in entry.stamps)
                copied = await self._lanes.run(size_bytes, between_saves.copy, target, self._closed)
                # What lies beside the file is not copied, and has to be at rest.
                if copied is not None and not rest_seconds(copied[0][1:], now_ns):
                    stamps, digest = copied
                    racy = is_racy(stamps, now_ns)
                    return Source(stamps=stamps, path=target, copy_digest=digest, is_racy=racy)
            await self._sleep(_CATCH_SECONDS)
        return None

    async def digest(self, entry: CatalogEntry, stamps: Stamps) -> str:
        """Return the SHA-256 (hexadecimal) of the files with these `stamps`.

        For several files, this is the digest of their names and digests.

        Raises
        ------
        ChangedMeanwhileError
            The files no longer have these `stamps`.
        """
        known = self._digests.get(stamps)
        if known is not None:
            return known
        return await self._reading.join(stamps, partial(self._read, entry, stamps))

    async def is_unchanged(self, entry: CatalogEntry, stamps: Stamps) -> bool:
        """Whether the files still have these `stamps`."""
        try:
            return await self._look(entry) == stamps
        except TfjsServeError:
            return False

    async def require_unchanged(self, entry: CatalogEntry, stamps: Stamps) -> None:
        """Raise :class:`ChangedMeanwhileError` unless the files still have these `stamps`."""
        if not await self.is_unchanged(entry, stamps):
            raise ChangedMeanwhileError(entry)

    async def close(self) -> None:
        """Stop reading."""
        self._closed.set()
        await self._reading.close()
        self._lanes.close()

    def _now_ns(self) -> int:
        return int(self._clock() * SECOND_NS)

    async def _look(self, entry: CatalogEntry) -> Stamps:
        return await asyncio.to_thread(read_stamps, entry)

    async def _read(self, entry: CatalogEntry, stamps: Stamps) -> str:
        size_bytes = sum(stamp.size_bytes for stamp in stamps)
        digest = await self._lanes.run(size_bytes, digest_files, entry, stamps, self._closed)
        await self.require_unchanged(entry, stamps)
        self._digests.put(stamps, digest)
        return digest


class _Once:
    """Creates a scratch folder when the first copy needs it, and reuses it for later copies."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._folder: Path | None = None

    async def get(self) -> Path:
        if self._folder is None:
            self._folder = await self._scratch()
        return self._folder
