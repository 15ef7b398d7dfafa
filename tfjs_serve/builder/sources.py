"""Model files as others write them: when are they at rest, and what are their bytes?

Files are looked at with ``stat`` and read with ``open``: no lock and no mapping, nothing that
could get in the way of the program that writes them.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

from tfjs_serve.builder.lanes import Lanes
from tfjs_serve.builder.recent import Recent
from tfjs_serve.builder.single_flight import SingleFlight
from tfjs_serve.catalog.folders import stamp_of
from tfjs_serve.catalog.model import CatalogEntry, FileStamp
from tfjs_serve.errors import KerasFileError, SourceChangedError, TfjsServeError
from tfjs_serve.settings import MIB, MODEL_JSON, SETTLE_DEADLINE_SECONDS, SETTLE_SECONDS

Stamps = tuple[FileStamp, ...]

_COARSE_TICK_NS = 2_000_000_000
"""FAT's clock ticks every two seconds; no file system in use is coarser."""
_SECOND_NS = 1_000_000_000
_DIGESTS_REMEMBERED = 4096


class ChangedMeanwhileError(SourceChangedError):
    """The files of an entry changed under our eyes: what was read of them is worth nothing."""

    def __init__(self, entry: CatalogEntry) -> None:
        super().__init__(
            f"{entry.exact_name} changed while it was read",
            hint="wait until it is saved completely, then load it again",
        )


def read_stamps(entry: CatalogEntry) -> Stamps:
    """Look at the files of `entry` as they are now.

    Raises
    ------
    SourceChangedError
        A file is gone.
    KerasFileError
        A file may not be looked at.
    """
    try:
        return tuple(
            stamp_of(stamp.path, path.stat())
            for stamp, path in zip(entry.stamps, _paths(entry), strict=True)
        )
    except OSError as error:
        raise _unreadable(entry, error) from error


def rest_seconds(stamps: Stamps, now_ns: int) -> float:
    """Return for how long `stamps` must stay the same before the files count as at rest.

    Zero for files that nobody has touched for a while. Times in the future say nothing (another
    machine's clock), and whole seconds may be ticks of a coarse clock, in which two writes can
    share one time.
    """
    recent = [s.mtime_ns for s in stamps if s.mtime_ns > now_ns - _COARSE_TICK_NS]
    if not recent:
        return 0.0
    if any(mtime_ns % _SECOND_NS == 0 for mtime_ns in recent):
        return _COARSE_TICK_NS / _SECOND_NS
    return SETTLE_SECONDS


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

    async def at_rest(self, entry: CatalogEntry) -> Stamps:
        """Wait until nobody writes the files of `entry`, and return what they are then.

        Raises
        ------
        SourceChangedError
            They keep changing, or are gone.
        """
        stamps = await self._look(entry)
        waited_seconds = 0.0
        while self._digests.get(stamps) is None:
            seconds = rest_seconds(stamps, int(self._clock() * _SECOND_NS))
            if not seconds:
                break
            await self._sleep(seconds)
            waited_seconds += seconds
            before, stamps = stamps, await self._look(entry)
            if stamps == before:
                break
            if waited_seconds >= SETTLE_DEADLINE_SECONDS:
                raise SourceChangedError(
                    f"{entry.exact_name} is still being written",
                    hint="wait until it is saved completely, then load it again",
                )
        return stamps

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
        self._lanes.close()

    async def _look(self, entry: CatalogEntry) -> Stamps:
        return await asyncio.to_thread(read_stamps, entry)

    async def _read(self, entry: CatalogEntry, stamps: Stamps) -> str:
        size_bytes = sum(stamp.size_bytes for stamp in stamps)
        digest = await self._lanes.run(size_bytes, self._digest_files, entry)
        await self.require_unchanged(entry, stamps)
        self._digests.put(stamps, digest)
        return digest

    def _digest_files(self, entry: CatalogEntry) -> str:
        try:
            if not entry.kind.is_tfjs:
                return self._digest_file(entry.path)
            files = zip(_names_in_folder(entry), _paths(entry), strict=True)
            lines = sorted(f"{self._digest_file(path)} {name}\n" for name, path in files)
        except OSError as error:
            raise _unreadable(entry, error) from error
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def _digest_file(self, path: Path) -> str:
        digest = hashlib.sha256()
        with path.open("rb", buffering=0) as file:
            while block := file.read(MIB):
                if self._closed.is_set():
                    raise TfjsServeError(f"{path.name} is not read: the server is closing")
                digest.update(block)
        return digest.hexdigest()


def _paths(entry: CatalogEntry) -> Iterator[Path]:
    if not entry.kind.is_tfjs:
        return iter((entry.path,))
    return (entry.path / name for name in _names_in_folder(entry))


def _names_in_folder(entry: CatalogEntry) -> Iterator[str]:
    prefix = entry.exact_name.removesuffix(MODEL_JSON)
    return (stamp.path.removeprefix(prefix) for stamp in entry.stamps)


def _unreadable(entry: CatalogEntry, error: OSError) -> TfjsServeError:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return SourceChangedError(
            f"{entry.exact_name} was removed", hint="save it again, or load another model"
        )
    return KerasFileError(
        f"{entry.exact_name} cannot be read: {error.strerror}",
        hint="check the permissions of the file",
    )
