"""One conversion: what the worker is asked, who is told, and whether the source stayed the same."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from tfjs_serve.builder.job import Job
from tfjs_serve.builder.journal import Journal
from tfjs_serve.builder.model import Converter
from tfjs_serve.builder.sources import Source, Sources
from tfjs_serve.builder.stamps import ChangedMeanwhileError, Stamps
from tfjs_serve.builder.workplace import Workplace
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.settings import ServerSettings, Variant
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
        limits = self._settings.conversion_limits([stamp.size_bytes for stamp in stamps])
        request = ConversionRequest(
            source=str(entry.path),
            display_name=entry.exact_name,
            output_dir="",
            neighbours={item.name: str(item.path) for item in entry.neighbours},
            options=self._settings.conversion_options(Variant.FULL),
            limits=replace(limits, written_bytes=0, files=0),
        )
        try:
            return await self._workers.diagnose(request)
        finally:
            await self._sources.require_unchanged(entry, stamps)

    async def _require_unchanged(self, job: Job, source: Source) -> None:
        """Raise unless `source` is unchanged; copies never change, but may go with the cache."""
        if source.copy_digest is None:
            await self._sources.require_unchanged(job.entry, source.stamps)
            return
        is_there = await asyncio.to_thread(os.path.exists, source.path)
        if not is_there or not await self._sources.is_unchanged_beside(job.entry, source):
            raise ChangedMeanwhileError(job.entry)
