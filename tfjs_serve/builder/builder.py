"""From a catalogue entry to an artifact: digest, store hit or one conversion, last good version."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from tfjs_serve.artifacts.key import artifact_key
from tfjs_serve.artifacts.model import Artifact, ArtifactFile, ArtifactKey
from tfjs_serve.artifacts.store import ArtifactStore
from tfjs_serve.builder.converter_version import converter_version
from tfjs_serve.builder.journal import Journal
from tfjs_serve.builder.model import Build, Converter, EntryStatus, Listener
from tfjs_serve.builder.shelf import Job, Shelf
from tfjs_serve.builder.single_flight import SingleFlight, Turns
from tfjs_serve.builder.sources import Source, Sources
from tfjs_serve.builder.stamps import ChangedMeanwhileError, Stamps
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.settings import (
    SETTLE_DEADLINE_SECONDS,
    SETTLE_PATIENCE_SECONDS,
    ServerSettings,
    Variant,
)
from tfjs_serve.worker.protocol import ConversionRequest

_ATTEMPTS = 5
"""How many times one request tries a file that changes while it is converted."""
_PRUNING_PAUSE = 9
"""The pause after pruning, as a multiple of the time that pruning took."""


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
        self._workers = workers
        self._settings = settings
        self._shelf = Shelf(store, settings)
        self._sources = Sources(clock=clock, sleep=sleep)
        self._journal = Journal()
        self._builds: Turns[str, Build] = Turns()
        self._conversions: SingleFlight[tuple[str, ArtifactKey], Artifact] = SingleFlight()
        self._pruning: SingleFlight[None, None] = SingleFlight()
        self._wants_pruning = False

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` on the event loop with every event; returns a function that ends this.

        Each generation is ``ready`` once, whether it was converted or found in the store. Each
        failure is reported once for each version of the file.
        """
        return self._journal.subscribe(listener)

    def status(self, entry: CatalogEntry, variant: Variant) -> EntryStatus:
        """Return what is known of `entry` from memory, without looking at any file.

        An entry that nobody has requested yet is ``found``, even if the store could serve it.
        """
        return self._journal.status(self._shelf.job(entry, variant))

    async def build(self, entry: CatalogEntry, variant: Variant) -> Build:
        """Return the artifact of `entry`, converting it first if necessary.

        Callers share the work. If the newest version of the file cannot be served, the result is
        the last good one, with the reason.

        Raises
        ------
        TfjsServeError
            The file cannot be converted and there is no earlier version. It is not tried again
            until the file changes.
        SourceChangedError
            The file is being written, and there is no earlier version.
        """
        job = self._shelf.job(entry, variant)
        known = await self._recall(job, entry.stamps)
        if known is not None:
            return known
        return await self._builds.join(job.exact_label, entry.stamps, partial(self._build, job))

    async def find_file(
        self, entry_name: str, variant: Variant, file_name: str
    ) -> tuple[Artifact, ArtifactFile]:
        """Find a file in any kept generation of a model, newest first; never converts.

        Parameters
        ----------
        entry_name
            Name or exact name; the model's file need not exist any more.

        Raises
        ------
        FileGoneError
            A generation had it, but is gone. If the model's file is still the one that this
            generation was made of, building the model brings the file back.
        FileNotInModelError
            No known generation had it.
        """
        return await self._shelf.find_file(entry_name, variant, file_name)

    async def close(self) -> None:
        """Stop all work, and discard what is unfinished."""
        await asyncio.gather(
            self._builds.close(),
            self._conversions.close(),
            self._pruning.close(),
            self._sources.close(),
        )
        self._shelf.close()

    async def _build(self, job: Job) -> Build:
        stamps = job.entry.stamps
        reason: TfjsServeError = ChangedMeanwhileError(job.entry)
        for attempt in range(_ATTEMPTS):
            try:
                async with AsyncExitStack() as copies:
                    source = await self._whole(job, copies, changed_before=attempt > 0)
                    stamps = source.lasting_stamps
                    return await self._attempt(job, source)
            except ChangedMeanwhileError:
                continue
            except TfjsServeError as error:
                reason = error
                break
        return await self._last_good(job, stamps, reason)

    async def _whole(self, job: Job, copies: AsyncExitStack, *, changed_before: bool) -> Source:
        """Return what to convert; if that is a copy, it exists as long as `copies` is open."""

        async def scratch() -> Path:
            return await copies.enter_async_context(self._shelf.staged())

        can_wait = self._journal.served(job) is None and await self._shelf.newest(job) is None
        return await self._sources.whole(
            job.entry,
            scratch,
            patience_seconds=SETTLE_DEADLINE_SECONDS if can_wait else SETTLE_PATIENCE_SECONDS,
            insist_on_copy=changed_before,
        )

    async def _attempt(self, job: Job, source: Source) -> Build:
        """Return a build of exactly the files that `source` describes."""
        known = await self._recall(job, source.stamps)
        if known is not None:
            return known
        key = await self._key(job, source)
        artifact = await self._shelf.get(key)
        if artifact is not None:
            await self._note_ready(job, source, artifact, seconds=None)
            return _as_build(artifact)
        started_seconds = time.monotonic()
        convert = partial(self._convert, job, source, key)
        artifact = await self._conversions.join((job.exact_label, key), convert)
        seconds = time.monotonic() - started_seconds
        await self._note_ready(job, source, artifact, seconds=seconds)
        self._wants_pruning = True
        self._pruning.begin(None, self._prune)
        return _as_build(artifact)

    async def _recall(self, job: Job, stamps: Stamps) -> Build | None:
        """Return or raise the known outcome for exactly these files; ``None`` if there is none."""
        outcome = self._journal.settled(job, stamps)
        if outcome is None:
            return None
        if outcome.key is None:
            assert outcome.error is not None
            raise outcome.error.with_traceback(None)
        artifact = await self._shelf.get(outcome.key)
        return _as_build(artifact, outcome.error) if artifact is not None else None

    async def _key(self, job: Job, source: Source) -> ArtifactKey:
        digest = source.copy_digest or await self._sources.digest(job.entry, source.stamps)
        version = await asyncio.to_thread(converter_version)
        return artifact_key(digest, self._settings.conversion_options(job.variant), version)

    async def _convert(self, job: Job, source: Source, key: ArtifactKey) -> Artifact:
        self._journal.started(job)
        try:
            async with self._shelf.staged() as directory:
                return await self._convert_into(directory, job, source, key)
        except TfjsServeError:
            # A torn or missing file fails in many ways: the change is the real reason.
            await self._require_unchanged(job, source)
            raise
        finally:
            self._journal.ended(job)

    async def _convert_into(
        self, directory: Path, job: Job, source: Source, key: ArtifactKey
    ) -> Artifact:
        request = ConversionRequest(
            source=str(source.path),
            display_name=job.entry.exact_name,
            output_dir=str(directory),
            options=self._settings.conversion_options(job.variant),
            limits=self._settings.conversion_limits([stamp.size_bytes for stamp in source.stamps]),
        )
        report = await self._workers.convert(request, partial(self._journal.progressed, job))
        await self._require_unchanged(job, source)
        return await self._shelf.publish(key, request, report)

    async def _require_unchanged(self, job: Job, source: Source) -> None:
        """Raise unless `source` is unchanged; copies never change, but may go with the cache."""
        if source.copy_digest is None:
            await self._sources.require_unchanged(job.entry, source.stamps)
        elif not await asyncio.to_thread(os.path.exists, source.path):
            raise ChangedMeanwhileError(job.entry)

    async def _prune(self) -> None:
        """Prune after something was published, but for at most a tenth of the time.

        With a training that saves all the time, a cache holds thousands of generations.
        """
        while self._wants_pruning:
            self._wants_pruning = False
            started_seconds = time.monotonic()
            await self._shelf.prune()
            await asyncio.sleep(_PRUNING_PAUSE * (time.monotonic() - started_seconds))

    async def _note_ready(
        self, job: Job, source: Source, artifact: Artifact, *, seconds: float | None
    ) -> None:
        if not self._journal.is_newest(job, artifact):
            await self._shelf.record(job, artifact)
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
