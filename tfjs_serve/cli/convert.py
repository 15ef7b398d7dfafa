"""``tfjs-serve convert FILE OUT``: one model into a folder, on the road of those served."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import click

from tfjs_serve.artifacts.store import ArtifactStore
from tfjs_serve.builder import Build, Builder, BuildEvent, BuildEventKind
from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.catalog.scan import entry_for_path
from tfjs_serve.cli.console import Terminal, logging_to
from tfjs_serve.cli.export import Exported, check_target, export
from tfjs_serve.cli.options import (
    absolute_path,
    cache_dir_option,
    quantize_option,
    shard_size_option,
)
from tfjs_serve.cli.wording import subject_of
from tfjs_serve.companion import MODULE_NAME, SCRIPT_NAME
from tfjs_serve.errors import SourceChangedError
from tfjs_serve.settings import MODEL_JSON, ServerSettings, Variant
from tfjs_serve.web.pages import readable_size
from tfjs_serve.worker.client import WorkerPool


@click.command()
@click.argument("file", type=click.Path(path_type=Path), callback=absolute_path)
@click.argument("out", type=click.Path(path_type=Path), callback=absolute_path)
@shard_size_option
@quantize_option("Store the weights quantized.")
@cache_dir_option
@click.option(
    "--force", is_flag=True, help="Write into OUT even if it is not empty; other files stay."
)
def convert(file: Path, out: Path, *, force: bool, variant: Variant, **options: Any) -> None:
    """Convert the model FILE into the folder OUT, for any web server.

    FILE may also be a folder that was made for TensorFlow.js before: it is checked and split anew.
    """
    terminal = Terminal()
    entry = entry_for_path(file)
    check_target(out, source=entry.path, force=force)
    settings = ServerSettings(
        # No folder is watched: the cache may well lie in the folder that the model is in.
        models_dir=entry.path,
        **options,
    )
    with logging_to(terminal, "warning"):
        build, exported = asyncio.run(_convert(entry, variant, settings, out, terminal))
    _print_result(terminal, entry, build, exported)


async def _convert(
    entry: CatalogEntry, variant: Variant, settings: ServerSettings, out: Path, terminal: Terminal
) -> tuple[Build, Exported]:
    store = await asyncio.to_thread(
        ArtifactStore,
        settings.cache_dir,
        limit_bytes=settings.cache_size_bytes,
        grace_seconds=settings.grace_seconds,
    )
    workers = WorkerPool(deadline_seconds=settings.conversion_deadline_seconds, max_processes=1)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(workers.close)
        builder = Builder(store=store, workers=workers, settings=settings)
        stack.push_async_callback(builder.close)
        progress = stack.enter_context(terminal.progress())
        task = progress.add_task(subject_of(entry), total=1.0)

        def show(event: BuildEvent) -> None:
            if event.kind is BuildEventKind.PROGRESS:
                progress.update(task, completed=event.progress)

        builder.subscribe(show)
        build = await builder.build(entry, variant)
        _require_newest(entry, build)
        return build, await asyncio.to_thread(export, build.artifact, out)


def _require_newest(entry: CatalogEntry, build: Build) -> None:
    """Refuse what a server would rather serve than nothing: the version before."""
    if build.stale_reason is not None:
        raise SourceChangedError(
            f"{subject_of(entry)} was not converted: {build.stale_reason}",
            hint="wait until it is saved completely, then convert it again",
        )


def _print_result(
    terminal: Terminal, entry: CatalogEntry, build: Build, exported: Exported
) -> None:
    for note in build.artifact.notes:
        terminal.text(f"note: {note}", style="yellow")
    shards = "1 shard" if exported.shards == 1 else f"{exported.shards} shards"
    size = readable_size(exported.size_bytes)
    terminal.text(f"{exported.folder}: {MODEL_JSON} and {shards}, {size}", style="green")
    if exported.needs_layers:
        terminal.text(
            f"It needs the layers beside it: load {SCRIPT_NAME} with a script tag after "
            f"TensorFlow.js, or import {MODULE_NAME} and call register(tf).",
            style="yellow",
        )
    loader = "loadGraphModel" if entry.kind is EntryKind.TFJS_GRAPH else "loadLayersModel"
    terminal.text(f"Load it with tf.{loader}('.../{MODEL_JSON}') from wherever you serve it.")
