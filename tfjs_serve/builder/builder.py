"""From a catalogue entry to an artifact: digest, store hit or one conversion, last good version."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from functools import partial
from pathlib import Path

from tfjs_serve.artifacts.key import artifact_key
from tfjs_serve.artifacts.model import Artifact, ArtifactFile, ArtifactKey
from tfjs_serve.artifacts.pruning import RECENT_SECONDS
from tfjs_serve.artifacts.record import bounded_notes
from tfjs_serve.artifacts.store import ArtifactStore
from tfjs_serve.builder.converter_version import converter_version
from tfjs_serve.builder.diagnoser import Diagnoser
from tfjs_serve.builder.job import Job
from tfjs_serve.builder.journal import Journal
from tfjs_serve.builder.model import (
    Build,
    Converted,
    Converter,
    EntryStatus,
    KeptGeneration,
    Listener,
)
from tfjs_serve.builder.pruner import Pruner
from tfjs_serve.builder.shelf import Shelf
from tfjs_serve.builder.single_flight import SingleFlight, Turns
from tfjs_serve.builder.sources import Source, Sources
from tfjs_serve.builder.stamps import ChangedMeanwhileError, Stamps
from tfjs_serve.builder.unchanged import made_of
from tfjs_serve.builder.work import Work
from tfjs_serve.builder.workplace import Workplace
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.settings import (
    SETTLE_DEADLINE_SECONDS,
    SETTLE_PATIENCE_SECONDS,
    ConversionOptions,
    ServerSettings,
    Variant,
)
from tfjs_serve.sightings import Sightings

_ATTEMPTS = 5
"""How many times one request tries a file that changes while it is converted."""


class Builder:
    """Makes the artifacts of entries: the one road from a file to bytes.

    Parameters
    ----------
    store
        Where artifacts are kept; other servers may use it at the same time.
    workers
        Performs the conversions.
    clock, sleep
        The time that file times are compared with, and how to wait for a file to come to rest.
    """

    def __init__(
        self,
        *,
        store: ArtifactStore,
        workers: Converter,
        settings: ServerSettings,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._shelf = Shelf(store, settings)
        self._sources = Sources(clock=clock, sleep=sleep)
        self._journal = Journal()
        self._work = Work(workers, settings, self._sources, self._journal)
        self._builds: Turns[str, Build] = Turns()
        self._conversions: SingleFlight[tuple[str, ArtifactKey], Artifact] = SingleFlight()
        self._pruner = Pruner(self._shelf)
        sources, journal = self._sources, self._journal
        self.diagnoser = Diagnoser(self._work, self._shelf, sources, journal, self._builds)
        """Looks at models that nobody has requested yet, once it is told of any."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` on the event loop with every event; returns a function that ends this.

        Each generation is ``ready`` once, whether it was converted or found in the store, and each
        failure is reported once for each version of the file.
        """
        return self._journal.subscribe(listener)

    def status(self, entry: CatalogEntry, variant: Variant) -> EntryStatus:
        """Return what is known of `entry` from memory, without looking at any file."""
        return self._journal.status(entry, variant)

    def watch(self, watcher: Callable[[str], object]) -> None:
        """Call `watcher` with the exact name of each entry whose status may have changed."""
        self._journal.watch(watcher)

    async def prepare(self) -> None:
        """Do in advance what the first conversion would have to wait for, and tidy up regularly."""
        await asyncio.to_thread(converter_version)
        self._pruner.keep(self._settings.grace_seconds + RECENT_SECONDS)

    async def build(
        self, entry: CatalogEntry, variant: Variant, sightings: Sightings | None = None
    ) -> Build:
        """Return the artifact of `entry`, converting it first if necessary.

        Callers share the work. If the newest version of the file cannot be served, the result is
        the last good one, with the reason.

        Parameters
        ----------
        sightings
            To note what the result depends on besides `entry`. It is in doubt unless the same
            files would give the same result without another look at their bytes.

        Raises
        ------
        TfjsServeError
            The file cannot be converted and there is no earlier version. It is not tried again
            until the file changes.
        SourceChangedError
            The file is being written, and there is no earlier version.
        """
        job = self._shelf.job(entry, variant)
        known = await self._recall(job, entry.stamps, sightings)
        if known is not None:
            return known
        if sightings is not None:
            sightings.doubt()
        return await self._builds.join(job.exact_label, entry.stamps, partial(self._build, job))

    async def convert(
        self, entry: CatalogEntry, options: ConversionOptions, folder: Path
    ) -> Converted:
        """Convert the newest version of `entry` into an empty folder, past the store.

        The options of the settings do not count. Nothing is looked up or kept: to read the source
        for its digest, and to copy what is in the store, takes as long as a conversion. If this
        fails, the folder may hold anything.

        Raises
        ------
        TfjsServeError
            The file cannot be converted.
        SourceChangedError
            The file is being written.
        OSError
            The folder cannot be used.
        """
        job = self._shelf.job(entry, options.variant)
        for attempt in range(_ATTEMPTS):
            async with AsyncExitStack() as copies:
                with suppress(ChangedMeanwhileError):
                    source = await self._whole(
                        job, copies, SETTLE_DEADLINE_SECONDS, changed_before=attempt > 0
                    )
                    place = Workplace(folder=folder)
                    await asyncio.to_thread(place.prepare)
                    return await self._convert_past_store(place, job, source, options)
        raise ChangedMeanwhileError(entry)

    def staged(self) -> AbstractAsyncContextManager[Path]:
        """Provide an empty folder in the cache, which is removed at the end.

        Raises
        ------
        StoreError
            The cache cannot be used.
        """
        return self._shelf.staged()

    async def at_rest(self, entry: CatalogEntry) -> Stamps:
        """Return the identities of the files of `entry`, if nobody is writing them.

        Raises
        ------
        SourceChangedError
            Somebody is, or they are gone.
        """
        return await self._sources.at_rest(entry)

    async def diagnose(self, entry: CatalogEntry) -> None:
        """Find out whether `entry` can be converted, without writing or remembering anything.

        Raises
        ------
        TfjsServeError
            It cannot.
        """
        await self._work.diagnose(entry, entry.stamps)

    async def find_file(
        self,
        entry_name: str,
        variant: Variant,
        file_name: str,
        sightings: Sightings | None = None,
    ) -> tuple[Artifact, ArtifactFile]:
        """Find a file in any kept generation of a model, newest first; never converts.

        Parameters
        ----------
        entry_name
            Name or exact name; the model's file need not exist any more.
        sightings
            To note the file. Which generations had it is not noted, so this is enough only for a
            file whose name stands for its bytes.

        Raises
        ------
        FileGoneError
            A generation had it, but is gone. If the model's file is still the one that this
            generation was made of, building the model brings the file back.
        FileNotInModelError
            No known generation had it.
        """
        return await self._shelf.find_file(entry_name, variant, file_name, sightings)

    async def generations(
        self, entry: CatalogEntry, variant: Variant
    ) -> tuple[KeptGeneration, ...]:
        """Return the latest versions of `entry` whose files still exist, newest first."""
        return await self._shelf.generations(self._shelf.job(entry, variant))

    async def close(self) -> None:
        """Stop all work, and discard what is unfinished."""
        working = (self.diagnoser, self._builds, self._conversions, self._sources)
        await asyncio.gather(*(one.close() for one in working))
        await self._pruner.close()
        self._shelf.close()

    async def _build(self, job: Job) -> Build:
        unchanged = await self._unchanged(job)
        if unchanged is not None:
            return unchanged
        stamps = job.entry.stamps
        reason: TfjsServeError = ChangedMeanwhileError(job.entry)
        for attempt in range(_ATTEMPTS):
            try:
                async with AsyncExitStack() as copies:
                    patience_seconds = await self._patience_seconds(job)
                    source = await self._whole(
                        job, copies, patience_seconds, changed_before=attempt > 0
                    )
                    stamps = source.lasting_stamps
                    return await self._attempt(job, source)
            except ChangedMeanwhileError:
                continue
            except TfjsServeError as error:
                reason = error
                break
        return await self._last_good(job, stamps, reason)

    async def _unchanged(self, job: Job) -> Build | None:
        """Return what an earlier process made of the files, if they have not changed since."""
        found = None
        with suppress(TfjsServeError):  # the other road meets it again, and knows what to do
            found = await self._shelf.unchanged(job, partial(self._key, job))
        if found is None:
            return None
        stamps, artifact = found
        self._journal.ready(job, stamps, artifact, None)
        return _as_build(artifact)

    async def _patience_seconds(self, job: Job) -> float:
        """Return how long a request waits for a file that is being written."""
        if self._journal.served(job) is None and await self._shelf.newest(job) is None:
            return SETTLE_DEADLINE_SECONDS
        return SETTLE_PATIENCE_SECONDS

    async def _whole(
        self, job: Job, copies: AsyncExitStack, patience_seconds: float, *, changed_before: bool
    ) -> Source:
        """Return what to convert; if that is a copy, it exists as long as `copies` is open."""

        async def scratch() -> Path:
            return await copies.enter_async_context(self._shelf.staged())

        return await self._sources.whole(
            job.entry,
            scratch,
            patience_seconds=patience_seconds,
            insist_on_copy=changed_before,
        )

    async def _attempt(self, job: Job, source: Source) -> Build:
        """Return a build of exactly the files that `source` describes."""
        known = await self._recall(job, source.stamps)
        if known is not None:
            return known
        digest = source.copy_digest or await self._sources.digest(job.entry, source.stamps)
        key = await asyncio.to_thread(self._key, job, digest)
        artifact = await self._shelf.get(key)
        if artifact is not None:
            await self._note_ready(job, source, digest, artifact, seconds=None)
            return _as_build(artifact)
        started_seconds = time.monotonic()
        convert = partial(self._convert, job, source, key)
        artifact = await self._conversions.join((job.exact_label, key), convert)
        seconds = time.monotonic() - started_seconds
        await self._note_ready(job, source, digest, artifact, seconds=seconds)
        self._pruner.begin()
        return _as_build(artifact)

    async def _recall(
        self, job: Job, stamps: Stamps, sightings: Sightings | None = None
    ) -> Build | None:
        """Return or raise the known outcome for exactly these files; ``None`` if there is none."""
        outcome = self._journal.settled(job, stamps)
        if outcome is None:
            return None
        if outcome.key is None:
            assert outcome.error is not None
            raise outcome.error.with_traceback(None)
        artifact = await self._shelf.get(outcome.key, sightings)
        return _as_build(artifact, outcome.error) if artifact is not None else None

    def _key(self, job: Job, digest: str) -> ArtifactKey:
        options = self._settings.conversion_options(job.variant)
        return artifact_key(digest, options, converter_version())

    async def _convert(self, job: Job, source: Source, key: ArtifactKey) -> Artifact:
        async with self._work.under_way(job, source), self._shelf.workplace() as place:
            options = self._settings.conversion_options(job.variant)
            report, request = await self._work.convert(place, job, source, options)
            return await self._shelf.publish(key, place, request, report)

    async def _convert_past_store(
        self, place: Workplace, job: Job, source: Source, options: ConversionOptions
    ) -> Converted:
        async with self._work.under_way(job, source):
            report, request = await self._work.convert(place, job, source, options)
            files = await self._shelf.check(place, request, report)
        notes = bounded_notes(report.warnings)
        return Converted(folder=place.folder, files=files, notes=notes)

    async def _note_ready(
        self, job: Job, source: Source, digest: str, artifact: Artifact, *, seconds: float | None
    ) -> None:
        if not self._journal.is_newest(job, artifact):
            await self._shelf.record(job, artifact, made_of(source.lasting_stamps, digest))
        self._journal.ready(job, source.lasting_stamps, artifact, seconds)

    async def _last_good(self, job: Job, stamps: Stamps, error: TfjsServeError) -> Build:
        """Return the last version that could be served.

        Raises
        ------
        TfjsServeError
            `error`, if there is none.
        """
        artifact = await self._shelf.newest(job)
        self._journal.failed(job, stamps, error.with_traceback(None), artifact)
        if artifact is None:
            raise error
        return _as_build(artifact, error)


def _as_build(artifact: Artifact, error: TfjsServeError | None = None) -> Build:
    return Build(artifact=artifact, stale_reason=error.message if error is not None else None)
