"""One conversion: what the worker is asked, who is told, and whether the source stayed the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from tfjs_serve.builder.job import Job
from tfjs_serve.builder.journal import Journal
from tfjs_serve.builder.model import Converter
from tfjs_serve.builder.sources import Source, Sources
from tfjs_serve.builder.stamps import ChangedMeanwhileError, paths_of, read_stamps
from tfjs_serve.builder.workplace import Workplace
from tfjs_serve.catalog.model import EntryKind
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.settings import ServerSettings
from tfjs_serve.worker.protocol import ConversionReport, ConversionRequest


class Work:
    """Has sources converted by `workers`."""

    def __init__(
        self, workers: Converter, settings: ServerSettings, sources: Sources, journal: Journal
    ) -> None:
        self._workers = workers
        self._settings = settings
        self._sources = sources
        self._journal = journal

    @asynccontextmanager
    async def under_way(self, job: Job, source: Source) -> AsyncIterator[None]:
        """Tell listeners of a conversion while it lasts; explain its failure if `source` did."""
        self._journal.started(job)
        try:
            yield
        except TfjsServeError:
            # A torn or missing file fails in many ways: the change is the real reason.
            await self._require_unchanged(job, source)
            raise
        finally:
            self._journal.ended(job)

    async def convert(
        self, place: Workplace, job: Job, source: Source
    ) -> tuple[ConversionReport, ConversionRequest]:
        """Convert `source` in the folders of `place`; return what the worker did and was asked for.

        Raises
        ------
        TfjsServeError
            It cannot be converted.
        ChangedMeanwhileError
            The files have changed since `source` was found.
        """
        request = ConversionRequest(
            source=str(source.path),
            beside=_beside(job, source),
            weights_only=job.entry.kind is EntryKind.KERAS_WEIGHTS,
            display_name=job.entry.exact_name,
            output_dir=str(place.work),
            copies_dir=str(place.copies),
            neighbours={item.name: str(item.path) for item in job.entry.neighbours},
            options=self._settings.conversion_options(job.variant),
            limits=self._settings.conversion_limits([stamp.size_bytes for stamp in source.stamps]),
        )
        report = await self._workers.convert(request, partial(self._journal.progressed, job))
        await self._require_unchanged(job, source)
        return report, request

    async def _require_unchanged(self, job: Job, source: Source) -> None:
        """Raise unless `source` is unchanged; copies never change, but may go with the cache."""
        if source.copy_digest is None:
            await self._sources.require_unchanged(job.entry, source.stamps)
        elif not await asyncio.to_thread(_copy_is_good, job, source):
            raise ChangedMeanwhileError(job.entry)


def _beside(job: Job, source: Source) -> tuple[str, ...]:
    """Return the paths of the files that are read besides the one at the path of `source`."""
    if job.entry.kind.is_tfjs:
        return ()
    own = len(source.stamps) - len(job.entry.neighbours)
    return tuple(map(str, paths_of(job.entry, source.stamps)[1:own]))


def _copy_is_good(job: Job, source: Source) -> bool:
    """Whether the copy is still there, and the files beside the original are unchanged."""
    try:
        beside = read_stamps(job.entry)[1:] if len(source.stamps) > 1 else ()
    except TfjsServeError:
        return False
    return beside == source.stamps[1:] and source.path.exists()
