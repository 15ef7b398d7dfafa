"""``tfjs-serve check PATH...``: which models a page can load, and why the others cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from tfjs_serve.builder import Build
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.cli.batch import Result, build_newest, for_all, models_at
from tfjs_serve.cli.building import building
from tfjs_serve.cli.console import Terminal, logging_to
from tfjs_serve.cli.exit_codes import FAILURE_EXIT_CODE
from tfjs_serve.cli.options import (
    absolute_path,
    cache_dir_option,
    custom_layers_option,
    follow_symlinks_option,
    topology_option,
    worker_memory_option,
)
from tfjs_serve.cli.wording import check_lines, check_summary
from tfjs_serve.settings import ServerSettings, Variant


def _absolute_paths(
    context: click.Context, parameter: click.Parameter, value: Sequence[Path]
) -> list[Path | None]:
    return [absolute_path(context, parameter, path) for path in value]


@click.command()
@click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    callback=_absolute_paths,
)
@cache_dir_option
@custom_layers_option
@worker_memory_option
@follow_symlinks_option
@topology_option
@click.pass_context
def check(
    context: click.Context, /, paths: list[Path], topology: Path | None, **options: Any
) -> None:
    """Tell which models a page can load: files, or folders of them.

    Each is converted as the server would do it, so models without problems are then served at once.
    For each model that cannot be converted, all reasons are listed, and the exit code is 1.
    """
    terminal = Terminal()
    with logging_to(terminal, "warning"):
        results = asyncio.run(_check(paths, topology, options, terminal))
    for result in results:
        for text, style in check_lines(result.entry, result.value, result.error):
            terminal.text(text, style=style)
    terminal.blank()
    terminal.text(check_summary([(one.value, one.error) for one in results]))
    if any(result.error for result in results):
        context.exit(FAILURE_EXIT_CODE)


async def _check(
    paths: Sequence[Path], topology: Path | None, options: dict[str, Any], terminal: Terminal
) -> list[Result[Build]]:
    follow_symlinks = options["follow_symlinks"]
    found = [
        (path, models_at(path, follow_symlinks=follow_symlinks, topology=topology))
        for path in paths
    ]
    total = sum(len(entries) for _, entries in found)
    results: list[Result[Build]] = []
    with terminal.progress() as progress:
        task = progress.add_task("checking", total=total)

        def done(_result: Result[Build]) -> None:
            progress.advance(task)

        for path, entries in found:
            settings = ServerSettings(models_dir=path, **options)
            async with building(settings) as builder:
                build = partial(build_newest, builder, variant=Variant.FULL)
                results += await for_all(_by_name(entries), build, done)
    return results


def _by_name(entries: Sequence[CatalogEntry]) -> list[CatalogEntry]:
    return sorted(entries, key=lambda entry: entry.exact_name)
