"""Looks at models before anybody requests them, whenever there is nothing else to do."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable

from tfjs_serve.artifacts.record import bounded_notes
from tfjs_serve.builder.journal import Journal
from tfjs_serve.builder.model import Build, EntryState, EntryStatus
from tfjs_serve.builder.outcomes import Diagnosis, is_passing
from tfjs_serve.builder.shelf import Shelf
from tfjs_serve.builder.single_flight import Turns
from tfjs_serve.builder.sources import Sources
from tfjs_serve.builder.stamps import Stamps
from tfjs_serve.builder.work import Work
from tfjs_serve.catalog.catalog import CatalogChange, ChangeKind
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.errors import TfjsServeError, WorkerCrashedError, WorkerTimeoutError
from tfjs_serve.settings import SHUTDOWN_SECONDS, Variant

_log = logging.getLogger(__name__)

_AT_ONCE = 32
"""How many models wait at once until their files are at rest; only one is looked at."""
_PUBLISH_SECONDS = 1.0
"""How long findings are collected: a list of ten thousand models is made again for each change."""
_AFTER_CRASH_SECONDS = 2.0
"""After a crash, everything that is kept for the next conversion is prepared anew; meanwhile a
request would have to wait. So one crash must not follow another at once."""
_AGAIN_SECONDS = 2.0
"""When a model that was being written is tried again."""


class Diagnoser:
    """Diagnoses entries, one after the other: read and translated, but nothing is written.

    Parameters
    ----------
    builds
        What somebody waits for: as long as there is any, no look begins.
    """

    def __init__(
        self,
        work: Work,
        shelf: Shelf,
        sources: Sources,
        journal: Journal,
        builds: Turns[str, Build],
    ) -> None:
        self._work = work
        self._shelf = shelf
        self._sources = sources
        self._journal = journal
        self._builds = builds
        self._present: set[str] = set()
        self._waiting: OrderedDict[str, CatalogEntry] = OrderedDict()
        self._tasks: dict[asyncio.Task[None], CatalogEntry] = {}
        self._turn = asyncio.Lock()
        self._found: dict[str, tuple[CatalogEntry, Diagnosis]] = {}
        self._published_seconds = 0.0
        self._is_closed = False
        self._ended = asyncio.Event()

    def add(self, entries: Iterable[CatalogEntry]) -> None:
        """Look at `entries` when there is time for it, in this order and before earlier ones."""
        for entry in reversed(tuple(entries)):
            self._present.add(entry.exact_name)
            self._waiting[entry.exact_name] = entry
            self._waiting.move_to_end(entry.exact_name, last=False)
        self._begin()

    def changed(self, change: CatalogChange) -> None:
        """Look at what is new or has changed, and forget what is gone."""
        if change.kind is not ChangeKind.REMOVED:
            self.add([change.entry])
            return
        exact_name = change.entry.exact_name
        self._present.discard(exact_name)
        self._found.pop(exact_name, None)
        self._waiting.pop(exact_name, None)
        self._journal.forget_diagnosis(exact_name)
        self._ended.set()

    async def finish(self, entries: Iterable[CatalogEntry] | None = None) -> None:
        """Wait until there is nothing to look at; until `entries` have been, if they are given."""
        wanted = None if entries is None else {entry.exact_name for entry in entries}
        while self._has(wanted):
            self._ended.clear()
            await self._ended.wait()
        self._publish()

    async def close(self) -> None:
        """Look at nothing any more."""
        self._is_closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=SHUTDOWN_SECONDS)

    def _has(self, names: Collection[str] | None) -> bool:
        """Whether any of these models, or any at all, has still to be looked at."""
        if names is None:
            return bool(self._waiting or self._tasks)
        return any(entry.exact_name in names for entry in self._tasks.values()) or any(
            name in self._waiting for name in names
        )

    def _begin(self) -> None:
        while self._waiting and len(self._tasks) < _AT_ONCE and not self._is_closed:
            _, entry = self._waiting.popitem(last=False)
            task = asyncio.create_task(self._look_at(entry))
            self._tasks[task] = entry
            task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        is_over = not (self._tasks or self._waiting)
        if is_over or time.monotonic() - self._published_seconds > _PUBLISH_SECONDS:
            self._publish()
        self._ended.set()
        if not task.cancelled() and task.exception() is not None:
            _log.error("a model could not be looked at", exc_info=task.exception())
        self._begin()

    async def _look_at(self, entry: CatalogEntry) -> None:
        try:
            stamps = await self._sources.at_rest(entry)
            async with self._turn:
                status = await self._diagnosed(entry, stamps)
        except TfjsServeError as error:
            if is_passing(error) and not self._is_closed:
                loop = asyncio.get_running_loop()
                loop.call_later(_AGAIN_SECONDS, self._add_again, entry)
            return
        if status is not None and entry.exact_name in self._present:
            self._found[entry.exact_name] = entry, Diagnosis(stamps=stamps, status=status)

    def _publish(self) -> None:
        found, self._found = self._found, {}
        self._published_seconds = time.monotonic()
        for entry, diagnosis in found.values():
            self._journal.diagnosed(entry, diagnosis)

    def _add_again(self, entry: CatalogEntry) -> None:
        if entry.exact_name in self._present and not self._has((entry.exact_name,)):
            self.add([entry])

    async def _diagnosed(self, entry: CatalogEntry, stamps: Stamps) -> EntryStatus | None:
        """Return what is found; ``None`` if it is known, or takes too long to find out.

        Raises
        ------
        TfjsServeError
            The file is not to blame, and may be looked at again.
        """
        await self._builds.until_idle()
        if self._journal.status(entry, Variant.FULL).state is not EntryState.FOUND:
            return None
        try:
            report = await self._work.diagnose(entry, stamps)
        except WorkerTimeoutError:
            return None
        except TfjsServeError as error:
            if is_passing(error):
                raise
            if isinstance(error, WorkerCrashedError):
                await asyncio.sleep(_AFTER_CRASH_SECONDS)
            return await self._failed(entry, error.with_traceback(None))
        notes = bounded_notes(report.warnings)
        return EntryStatus(state=EntryState.CHECKED, notes=notes, facts=report.facts)

    async def _failed(self, entry: CatalogEntry, error: TfjsServeError) -> EntryStatus:
        """Return the status of a model that cannot be converted; an earlier version may be served.

        Raises
        ------
        StoreError
            The cache cannot be used.
        """
        job = self._shelf.job(entry, self._work.listed_variant(entry))
        served = await self._shelf.newest(job)
        if served is None:
            return EntryStatus(state=EntryState.FAILED, error=error)
        return EntryStatus(
            state=EntryState.STALE, error=error, notes=served.notes, facts=served.facts
        )
