"""Put together what makes artifacts of entries: store, workers and builder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tfjs_serve.artifacts.store import ArtifactStore
from tfjs_serve.builder import Builder
from tfjs_serve.errors import StoreError
from tfjs_serve.settings import ServerSettings
from tfjs_serve.worker.client import WorkerPool


async def new_builder(
    settings: ServerSettings, processes: int | None = None
) -> tuple[Builder, WorkerPool]:
    """Open the store and return a builder with its workers; close both, the builder first.

    Parameters
    ----------
    processes
        How many conversions run at the same time; the default follows the number of processors.

    Raises
    ------
    StoreError
        The cache folder cannot be used.
    """
    store = await asyncio.to_thread(open_store, settings)
    return builder_with(store, settings, processes)


def open_store(settings: ServerSettings) -> ArtifactStore:
    """Open the folder in which artifacts are kept.

    Raises
    ------
    StoreError
        It cannot be used.
    """
    try:
        return ArtifactStore(
            settings.cache_dir,
            limit_bytes=settings.cache_size_bytes,
            grace_seconds=settings.grace_seconds,
        )
    except StoreError as error:
        raise type(error)(f"{settings.cache_dir}: {error.message}", hint=error.hint) from error


def builder_with(
    store: ArtifactStore, settings: ServerSettings, processes: int | None = None
) -> tuple[Builder, WorkerPool]:
    """Return a builder with its workers, for which no event loop has to run yet."""
    workers = WorkerPool(
        deadline_seconds=settings.conversion_deadline_seconds,
        memory_bytes=settings.worker_memory_bytes,
        max_processes=processes,
    )
    return Builder(store=store, workers=workers, settings=settings), workers


@asynccontextmanager
async def building(
    settings: ServerSettings, processes: int | None = None
) -> AsyncIterator[Builder]:
    """Hand out a builder, and close it and its workers at the end; see :func:`new_builder`."""
    builder, workers = await new_builder(settings, processes)
    try:
        yield builder
    finally:
        await builder.close()
        await workers.close()
