"""The models of one folder as they are now, and the subscribers to their changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tfjs_serve.catalog import names
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.catalog.others import NotAModel, not_a_model, other_called
from tfjs_serve.catalog.places import Place, place_of
from tfjs_serve.catalog.scan import find
from tfjs_serve.catalog.tfjs_folders import TfjsReader
from tfjs_serve.catalog.tree import FolderTree, ScanResult
from tfjs_serve.errors import ModelNotFoundError
from tfjs_serve.sightings import Sightings

_logger = logging.getLogger(__name__)

SMALL_TREE = 1000
"""Up to so many models and folders, everything is looked at for each list: that takes less than ten
milliseconds on a local disk, and depends on no file event."""


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


def by_exact_name(entries: Iterable[CatalogEntry]) -> dict[str, CatalogEntry]:
    """Return entries by their exact names."""
    return {entry.exact_name: entry for entry in entries}


def differences(
    old: Mapping[str, CatalogEntry], new: Mapping[str, CatalogEntry]
) -> Iterator[CatalogChange]:
    """Yield what changed from `old` to `new`: first what is gone, then in the order of `new`."""
    for exact_name, entry in old.items():
        if exact_name not in new:
            yield CatalogChange(kind=ChangeKind.REMOVED, entry=entry)
    for exact_name, entry in new.items():
        if exact_name not in old:
            yield CatalogChange(kind=ChangeKind.ADDED, entry=entry)
        elif old[exact_name] is not entry and old[exact_name] != entry:
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
        self._tree = FolderTree(models_dir, self._reader, follow_symlinks=follow_symlinks)
        self._seen = ScanResult(entries=())
        self._has_looked = False
        self._by_exact_name: dict[str, CatalogEntry] = {}
        self._subscribers: list[Subscriber] = []
        self._running: asyncio.Task[tuple[CatalogEntry, ...]] | None = None
        self._waiting: asyncio.Task[tuple[CatalogEntry, ...]] | None = None
        self._all_may_have_changed = True
        self._changed_folders: set[str] = set()

    @property
    def models_dir(self) -> Path:
        """The watched folder."""
        return self._models_dir

    @property
    def entries(self) -> tuple[CatalogEntry, ...]:
        """What was last found, in the order of exact names."""
        return self._seen.entries

    @property
    def others(self) -> tuple[NotAModel, ...]:
        """What looks like a model and is none, as it was last found."""
        return self._seen.others

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
        known = self.entries if suggest else None
        try:
            entry = await asyncio.to_thread(self._look_up, name, known, sightings)
        except ModelNotFoundError:
            if suggest and (other := other_called(name, self.others)):
                raise not_a_model(other) from None
            raise
        if self._by_exact_name.get(entry.exact_name) != entry:
            self.hint(str(entry.folder))
        return entry

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

    async def place(self, name: str) -> Place:
        """Return the file that a model called `name` is to be saved in, as the folder is now.

        Raises
        ------
        CannotSaveHereError, AmbiguousNameError
            See :func:`tfjs_serve.catalog.places.place_of`.
        """
        return await asyncio.to_thread(
            place_of,
            self._models_dir,
            name,
            self._reader,
            follow_symlinks=self._follow_symlinks,
        )

    def hint(self, folder: str | None) -> None:
        """Have the next `refresh` look at a folder; nothing is looked at now.

        Parameters
        ----------
        folder
            Its path, with all links resolved or as it is below `models_dir`; ``None``: everything
            may have changed.
        """
        if folder is None:
            self._all_may_have_changed = True
        else:
            self._changed_folders.add(folder)

    async def scan(self) -> tuple[CatalogEntry, ...]:
        """Look at the whole folder, tell the subscribers what changed, and return all entries.

        The scan begins after the call. Calls made during a scan share the next one, so changes are
        reported in order, and many clients cost one scan.
        """
        self.hint(None)
        return await self._look()

    async def refresh(self) -> tuple[CatalogEntry, ...]:
        """Return all entries as a list should show them; the same object if nothing has changed.

        Like `scan`, but in large trees only folders are looked at in which a model was added,
        removed or renamed, or for which there was a hint. What is rewritten in its place is found
        by its file event, by a look-up, or by the next regular scan.
        """
        if self._tree.size <= SMALL_TREE:
            self.hint(None)
        return await self._look()

    async def _look(self) -> tuple[CatalogEntry, ...]:
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._look_after(self._running))
        # If one caller is cancelled, the others must still get the answer.
        return await asyncio.shield(self._waiting)

    async def _look_after(
        self, running: asyncio.Task[tuple[CatalogEntry, ...]] | None
    ) -> tuple[CatalogEntry, ...]:
        if running is not None:
            await asyncio.wait([running])
        self._running, self._waiting = self._waiting, None
        changed, self._changed_folders = self._changed_folders, set()
        look_at_all, self._all_may_have_changed = self._all_may_have_changed, False
        try:
            self._accept(await asyncio.to_thread(self._look_now, changed, look_at_all=look_at_all))
        except BaseException:
            self.hint(None)  # what was hinted at has not been seen
            raise
        return self.entries

    def _look_now(self, changed: Collection[str], *, look_at_all: bool) -> ScanResult:
        return self._tree.look_at_all() if look_at_all else self._tree.look_again(changed)

    def _accept(self, now: ScanResult) -> None:
        before, self._seen = self._seen, now
        if now is before:
            return
        told = frozenset(before.warnings)
        for warning in now.warnings:
            if warning not in told:
                _logger.warning("%s", warning)
        known = frozenset(other.path for other in before.others)
        for other in now.others if self._has_looked else ():  # the first ones stand in the banner
            if other.path not in known:
                said = (other.path, other.message, other.hint)
                _logger.warning("%s is no model: it is %s; %s", *said)
        self._has_looked = True
        old, self._by_exact_name = self._by_exact_name, by_exact_name(now.entries)
        if not self._subscribers:
            return
        loop = asyncio.get_running_loop()
        for change in differences(old, self._by_exact_name):
            for subscriber in tuple(self._subscribers):
                # Called by the loop, a subscriber that raises harms neither the scan nor others.
                loop.call_soon(subscriber, change)
