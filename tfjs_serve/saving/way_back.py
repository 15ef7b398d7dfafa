"""Save as files of Keras: what a server does with what pages send."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from tfjs_serve.builder import Builder
from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.catalog.explicit import entry_for_path
from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.errors import StoreError, TfjsFolderError, TfjsServeError, store_error
from tfjs_serve.exporting.export import ExportError
from tfjs_serve.exporting.keras_file import export_keras
from tfjs_serve.saving.saver import Export, Saver
from tfjs_serve.settings import MODEL_JSON, ServerSettings, Variant

_LONG_AGO_SECONDS = 1_000_000_000


def new_saver(catalog: Catalog, builder: Builder, settings: ServerSettings) -> Saver:
    """Return what saves models into the folder of `catalog`."""
    return Saver(
        catalog=catalog,
        builder=builder,
        export=_to_keras(builder, settings),
        limits=settings.saving,
    )


def _to_keras(builder: Builder, settings: ServerSettings) -> Export:
    options = settings.conversion_options(Variant.FULL)

    async def export(folder: Path, out: Path) -> Sequence[str]:
        sent = await asyncio.to_thread(_entry_in, folder)
        if sent.kind is not EntryKind.TFJS_LAYERS:
            raise TfjsFolderError(
                f"{sent.exact_name} is a graph model, which Keras has no layers for",
                hint="save a layers model",
            )
        try:
            exported = await export_keras(builder, sent, out, options)
        except ExportError as error:
            raise _of_the_cache(error) from error
        return exported.notes

    return export


def _entry_in(folder: Path) -> CatalogEntry:
    """Return the entry of what was sent, which is whole: nobody has to wait until it rests.

    Raises
    ------
    TfjsServeError
        It is no model of TensorFlow.js.
    """
    for path in folder.iterdir():
        os.utime(path, (_LONG_AGO_SECONDS, _LONG_AGO_SECONDS))
    try:
        return entry_for_path(folder)
    except TfjsFolderError as error:  # which names a folder of the cache
        raise TfjsFolderError(
            f"what was sent is no model: its {MODEL_JSON} is not one that TensorFlow.js writes",
            hint="let TensorFlow.js send it: await model.save(url)",
        ) from error


def _of_the_cache(error: ExportError) -> TfjsServeError:
    """Return an error that does not say where the cache is, because pages are told of it."""
    cause = error.__cause__
    if isinstance(cause, StoreError):
        return cause
    reason = cause if isinstance(cause, OSError) else OSError(error.message)
    return store_error(
        reason,
        f"the model cannot be stored: {reason.strerror or 'it cannot be written'}",
        hint="free some space for the cache, or choose another folder with --cache-dir",
    )
