"""The models of one folder as they are now, and the subscribers to their changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tfjs_serve.catalog import names
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.catalog.scan import ScanResult, find, scan
from tfjs_serve.catalog.tfjs_folders import TfjsReader
from tfjs_serve.sightings import Sightings

_logger = logging.getLogger(__name__)


class ChangeKind(str, Enum):
    """How an entry differs from the previous scan."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogChange:
    """One difference between two scans of the folder; a removed entry is as it was last seen."""

    kind: ChangeKind
    entry: CatalogEntry


Subscriber = Callable[[CatalogChange], None]


def differences(
    before: Iterable[CatalogEntry], after: Iterable[CatalogEntry]
) -> Iterator[CatalogChange]:
    """Yield what changed from `before` to `after`: first what is gone, then in `after`'s order."""
    old = {entry.exact_name: entry for entry in before}
    new = {entry.exact_name: entry for entry in after}
    for exact_name, entry in old.items():
        if exact_name not in new:
            yield CatalogChange(kind=ChangeKind.REMOVED, entry=entry)
    for exact_name, entry in new.items():
        if exact_name not in old:
            yield CatalogChange(kind=ChangeKind.ADDED, entry=entry)
        elif old[exact_name] != entry:
            yield CatalogChange(kind=ChangeKind.CHANGED, entry=entry)


class Catalog:
    """Which models exist, and under which name.

    Used from one event loop; the disk is accessed in threads.

    Parameters
    ----------
    models_dir
        The watched folder. It may vanish and come back; meanwhile there are no models.
    follow_symlinks
        Whether links that lead out of the folder are followed. There are no file events for what
        they lead to, but the regular scans find changes.
    """

    def __init__(self, models_dir: Path, *, follow_symlinks: bool = False) -> None:
        self._models_dir = models_dir
        self._follow_symlinks = follow_symlinks
        self._reader = TfjsReader()
        self._entries: tuple[CatalogEntry, ...] = ()
        self._warnings: tuple[str, ...] = ()
        self._subscribers: list[Subscriber] = []
        self._running: asyncio.Task[tuple[CatalogEntry, ...]] | None = None
        self._waiting: asyncio.Task[tuple[CatalogEntry, ...]] | None = None

    @property
    def models_dir(self) -> Path:
        """The watched folder."""
        return self._models_dir

    @property
    def entries(self) -> tuple[CatalogEntry, ...]:
        """What the last scan of the whole folder found, in the order of exact names."""
        return self._entries

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call `callback` on the event loop for each change; returns a function that ends this."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    async def lookup(
        self, name: str, *, suggest: bool = True, sightings: Sightings | None = None
    ) -> CatalogEntry:
        """Return the model that `name` means, as its file is now.

        Parameters
        ----------
        suggest
            Whether to look for similar names if there is no such model, which takes a while.
        sightings
            To note everything that the result depends on.

        Raises
        ------
        ModelNotFoundError, AmbiguousNameError
            See :func:`tfjs_serve.catalog.names.resolve`.
        """
        known = self._entries if suggest else None
        return await asyncio.to_thread(self._look_up, name, known, sightings)

    def _look_up(
        self, name: str, known: tuple[CatalogEntry, ...] | None, sightings: Sightings | None
    ) -> CatalogEntry:
        found = find(
            self._models_dir,
            name,
            self._reader,
            follow_symlinks=self._follow_symlinks,
            sightings=sightings,
        )
        return names.resolve(found, name, known=known)

    async def scan(self) -> tuple[CatalogEntry, ...]:
        """Scan the whole folder, tell the subscribers what changed, and return all entries.

        The scan begins after the call. Calls made during a scan share the next one, so changes are
        reported in order, and many clients cost one scan.
        """
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._scan_after(self._running))
        # If one caller is cancelled, the others must still get the answer.
        return await asyncio.shield(self._waiting)

    async def _scan_after(
        self, running: asyncio.Task[tuple[CatalogEntry, ...]] | None
    ) -> tuple[CatalogEntry, ...]:
        if running is not None:
            await asyncio.wait([running])
        self._running, self._waiting = self._waiting, None
        result = await asyncio.to_thread(
            scan, self._models_dir, self._reader, follow_symlinks=self._follow_symlinks
        )
        self._accept(result)
        return result.entries

    def _accept(self, result: ScanResult) -> None:
        for warning in result.warnings:
            if warning not in self._warnings:
                _logger.warning("%s", warning)
        before = self._entries
        self._entries, self._warnings = result.entries, result.warnings
        loop = asyncio.get_running_loop()
        for change in differences(before, result.entries):
            for subscriber in tuple(self._subscribers):
                # Called by the loop, a subscriber that raises harms neither the scan nor others.
                loop.call_soon(subscriber, change)
