"""One conversion: what the worker is asked, who is told, and whether the source stayed the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from tfjs_serve.builder.job import Job
from tfjs_serve.builder.journal import Journal
from tfjs_serve.builder.model import Converter
from tfjs_serve.builder.sources import Source, Sources
from tfjs_serve.builder.stamps import ChangedMeanwhileError, Stamps, paths_of, read_stamps
from tfjs_serve.builder.workplace import Workplace
from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.settings import ConversionOptions, ServerSettings, Variant
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
        self, place: Workplace, job: Job, source: Source, options: ConversionOptions
    ) -> tuple[ConversionReport, ConversionRequest]:
        """Convert `source` in the folders of `place`; return what the worker did and was asked for.

        Raises
        ------
        TfjsServeError
            It cannot be converted.
        ChangedMeanwhileError
            The files have changed since `source` was found.
        """
        request = replace(
            self._request(job.entry, source.stamps, options),
            source=str(source.path),
            output_dir=str(place.work),
            copies_dir=str(place.copies),
        )
        report = await self._workers.convert(request, partial(self._journal.progressed, job))
        await self._require_unchanged(job, source)
        return report, request

    def listed_variant(self, entry: CatalogEntry) -> Variant:
        """Return the variant that is served where none is asked for."""
        return Variant.FULL if entry.kind.is_tfjs else self._settings.default_variant

    async def diagnose(self, entry: CatalogEntry, stamps: Stamps) -> ConversionReport:
        """Return what a conversion of `entry`, which has these `stamps`, would report.

        Raises
        ------
        TfjsServeError
            It cannot be converted.
        ChangedMeanwhileError
            The files have changed.
        """
        options = self._settings.conversion_options(Variant.FULL)
        request = self._request(entry, stamps, options)
        request = replace(request, limits=replace(request.limits, written_bytes=0, files=0))
        try:
            return await self._workers.diagnose(request)
        finally:
            await self._sources.require_unchanged(entry, stamps)

    def _request(
        self, entry: CatalogEntry, stamps: Stamps, options: ConversionOptions
    ) -> ConversionRequest:
        """Return the request to read the files of `entry` in their place, and to write nothing."""
        return ConversionRequest(
            source=str(entry.path),
            beside=_beside(entry, stamps),
            weights_only=entry.kind is EntryKind.KERAS_WEIGHTS,
            display_name=entry.exact_name,
            output_dir="",
            neighbours={item.name: str(item.path) for item in entry.neighbours},
            options=options,
            limits=self._settings.conversion_limits([s.size_bytes for s in stamps], options),
        )

    async def _require_unchanged(self, job: Job, source: Source) -> None:
        """Raise unless `source` is unchanged; copies never change, but may go with the cache."""
        if source.copy_digest is None:
            await self._sources.require_unchanged(job.entry, source.stamps)
        elif not await asyncio.to_thread(_copy_is_good, job, source):
            raise ChangedMeanwhileError(job.entry)


def _beside(entry: CatalogEntry, stamps: Stamps) -> tuple[str, ...]:
    """Return the paths of the files that are read besides the one that makes it a model."""
    if entry.kind.is_tfjs:
        return ()
    own = len(stamps) - len(entry.neighbours)
    return tuple(map(str, paths_of(entry, stamps)[1:own]))


def _copy_is_good(job: Job, source: Source) -> bool:
    """Whether the copy is still there, and the files beside the original are unchanged."""
    try:
        beside = read_stamps(job.entry)[1:] if len(source.stamps) > 1 else ()
    except TfjsServeError:
        return False
    return beside == source.stamps[1:] and source.path.exists()
