"""Convert what is at a path into a folder, from the look at it to the last file."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tfjs_serve.catalog.explicit import entry_for_path
from tfjs_serve.exporting.building import building
from tfjs_serve.exporting.export import Exported, check_target, export
from tfjs_serve.exporting.options import ExportOptions
from tfjs_serve.settings import ServerSettings


async def convert(
    source: Path,
    out: Path,
    options: ExportOptions,
    settings: ServerSettings,
    *,
    topology: Path | None = None,
    force: bool = False,
) -> Exported:
    """Convert one model into the folder `out`.

    Parameters
    ----------
    source
        A model file, a folder that is a model, or a ``model.json``; absolute.
    settings
        Where to work, and within which limits; what they say about models does not count.
    topology
        The architecture of the weights in `source`, as ``model.to_json()`` gives it.
    force
        Whether `out` may have files in it. Those that do not belong to a model stay.

    Raises
    ------
    TfjsServeError
        It is no model, or cannot be converted.
    ExportError
        `out` cannot be written to.
    """
    entry = await asyncio.to_thread(entry_for_path, source, topology)
    check_target(out, source=entry.folder if entry.kind.is_folder else entry.path, force=force)
    async with building(settings, processes=1) as builder:
        return await export(builder, entry, options, out)
