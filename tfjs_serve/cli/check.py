"""``tfjs-serve check PATH...``: which models a page can load, and why the others cannot."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from tfjs_serve.builder import Builder
from tfjs_serve.catalog.explicit import from_here
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.cli.checked import FORMATS, Checked
from tfjs_serve.cli.console import Terminal, logging_to
from tfjs_serve.cli.exit_codes import FAILURE_EXIT_CODE
from tfjs_serve.cli.options import (
    absolute_paths,
    cache_dir_option,
    custom_layers_option,
    follow_symlinks_option,
    timeout_option,
    topology_option,
    worker_memory_option,
)
from tfjs_serve.cli.running import run
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.exporting.batch import Found, Result, build_newest, for_all, found_at, no_models_in
from tfjs_serve.exporting.building import building
from tfjs_serve.settings import ServerSettings, Variant

_log = logging.getLogger(__name__)

OnResult = Callable[[Checked], None]


@click.command()
@click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    callback=absolute_paths,
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(tuple(FORMATS)),
    default="text",
    show_default=True,
    help="How to print results: github for annotations of a workflow, junit for a report in XML.",
)
@click.option("--json", "format_name", flag_value="json", help="The same as --format json.")
@timeout_option
@cache_dir_option
@custom_layers_option
@worker_memory_option
@follow_symlinks_option
@topology_option
@click.pass_context
def check(
    context: click.Context,
    /,
    paths: list[Path],
    topology: Path | None,
    format_name: str,
    **options: Any,
) -> None:
    """Tell which models a page can load: files, or folders of them.

    Each is converted as the server would do it, so models without problems are then served at once.
    For each model that cannot be converted, all reasons are listed. What lies in a folder and is no
    model is listed too, and fails nothing where there are models.

    \b
    Exit codes:
      0    all models can be loaded
      1    some cannot, or a path has no model
      2    the options make no sense
      130  it was interrupted
    """
    terminal, shown = Terminal(logs_to_stderr=True), FORMATS[format_name]
    results: list[Checked] = []

    def on_result(one: Checked) -> None:
        results.append(one)
        for text, style in shown.each(one):
            terminal.lines(text, style=style)

    with logging_to(terminal, "warning"):
        run(_check(paths, topology, options, on_result))
    for text, style in shown.end(results):
        terminal.lines(text, style=style)
    if any(one.error for one in results):
        context.exit(FAILURE_EXIT_CODE)


async def _check(
    paths: Sequence[Path], topology: Path | None, options: dict[str, Any], on_result: OnResult
) -> None:
    """Check what is at each path; one that has no model is a result, too."""
    settings = [(path, ServerSettings(models_dir=path, **options)) for path in paths]
    for path, of_path in settings:
        try:
            found = await asyncio.to_thread(
                found_at, path, follow_symlinks=of_path.follow_symlinks, topology=topology
            )
            for other in found.others:
                on_result(Checked(path=from_here(path / other.path), other=other))
            if not found.entries:
                raise no_models_in(path, found)
        except TfjsServeError as error:
            on_result(Checked(path=from_here(path), error=error))
        else:
            await _check_all(found, of_path, on_result)


async def _check_all(found: Found, settings: ServerSettings, on_result: OnResult) -> None:
    for warning in found.warnings:
        _log.warning("%s", warning)
    async with building(settings) as builder:

        def done(result: Result[Checked]) -> None:
            assert result.value is not None
            on_result(result.value)

        await for_all(found.entries, partial(_checked, builder), done)


async def _checked(builder: Builder, entry: CatalogEntry) -> Checked:
    started_seconds = time.monotonic()
    path = from_here(entry.path)
    try:
        build = await build_newest(builder, entry, Variant.FULL)
    except TfjsServeError as error:
        seconds = time.monotonic() - started_seconds
        return Checked(path=path, name=entry.exact_name, error=error, seconds=seconds)
    return Checked(path=path, build=build, seconds=time.monotonic() - started_seconds)
