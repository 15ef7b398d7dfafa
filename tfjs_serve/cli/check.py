"""``tfjs-serve check PATH...``: which models a page can load, and why the others cannot."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from tfjs_serve.builder import Builder
from tfjs_serve.catalog.explicit import from_here
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.cli.checked import FORMATS, Checked
from tfjs_serve.cli.console import Terminal, logging_to
from tfjs_serve.cli.deployed import checked_at
from tfjs_serve.cli.exit_codes import FAILURE_EXIT_CODE
from tfjs_serve.cli.help_texts import option
from tfjs_serve.cli.options import (
    absolute_path,
    cache_dir_option,
    custom_layers_option,
    follow_symlinks_option,
    tfjs_url_option,
    timeout_option,
    topology_option,
    worker_memory_option,
)
from tfjs_serve.cli.origins import origin
from tfjs_serve.cli.proven import Prover
from tfjs_serve.cli.running import run
from tfjs_serve.doctor.examination import Thoroughness
from tfjs_serve.doctor.model import Page, is_address
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.exporting.batch import Found, Result, build_newest, for_all, found_at, no_models_in
from tfjs_serve.exporting.building import building
from tfjs_serve.settings import ServerSettings, Variant

_log = logging.getLogger(__name__)

OnResult = Callable[[Checked], None]


def _targets(
    context: click.Context, parameter: click.Parameter, value: Sequence[str]
) -> list[Path | str | None]:
    """Return addresses as they are, and absolute paths of all else."""
    return [
        text if is_address(text) else absolute_path(context, parameter, Path(text))
        for text in value
    ]


@click.command()
@click.argument(
    "targets",
    metavar="PATH|URL...",
    nargs=-1,
    required=True,
    type=click.Path(),  # so that shells complete files
    callback=_targets,
)
@option(
    "--format",
    "format_name",
    type=click.Choice(tuple(FORMATS)),
    default="text",
    show_default=True,
    help="How to print results: github for annotations of a workflow, junit for a report in XML.",
)
@option("--json", "format_name", flag_value="json", help="The same as --format json.")
@option(
    "--origin",
    metavar="ORIGIN",
    default="",
    callback=origin,
    help="The site whose pages load what is at a URL, such as https://example.com; else those of "
    "any other site.",
)
@option(
    "--credentials",
    is_flag=True,
    help="These pages send cookies (requestInit: {credentials: 'include'}).",
)
@option(
    "--run",
    "runs",
    is_flag=True,
    help="Run each model that has a proof (docs/proof.md) in Chromium or in Node.js, and compare.",
)
@tfjs_url_option
@option("--deep", is_flag=True, help="Read all bytes of what is at a URL.")
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
    targets: list[Path | str],
    format_name: str,
    **options: Any,
) -> None:
    """Tell which models a page can load: files, folders, or what is at a URL.

    A file is converted as the server would do it, so models without problems are then served at
    once. For each model that cannot be converted, all reasons are listed. What lies in a folder and
    is no model is listed too, and fails nothing where there are models.

    With --run, models that have a proof predict in TensorFlow.js: one that does not predict what
    Keras predicted is refused, unless a note on it names the backend.

    A URL is that of a model.json or of its folder, whatever has converted it. It is fetched as a
    page would fetch it, and what keeps pages from loading it is listed. So are warnings: about
    caches that keep old models, for example. They fail nothing.

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

    checker = _checker(options, on_result)
    with logging_to(terminal, "warning"):
        run(checker.check(targets))
    for text, style in shown.end(results):
        terminal.lines(text, style=style)
    if any(one.error for one in results):
        context.exit(FAILURE_EXIT_CODE)


def _checker(options: dict[str, Any], on_result: OnResult) -> _Checker:
    return _Checker(
        page=Page(origin=options.pop("origin"), sends_credentials=options.pop("credentials")),
        how=Thoroughness(
            is_deep=options.pop("deep"),
            custom_layers=options["custom_layers"],
            timeout_seconds=options["conversion_deadline_seconds"],
        ),
        topology=options.pop("topology"),
        runs=options.pop("runs"),
        options=options,
        on_result=on_result,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checker:
    """Checks what is at a path or an address, and hands out a result for each model.

    Attributes
    ----------
    page, how
        For what is at an address.
    topology, runs, options
        For what is at a path.
    """

    page: Page
    how: Thoroughness
    topology: Path | None
    runs: bool
    options: dict[str, Any]
    on_result: OnResult

    async def check(self, targets: Sequence[Path | str]) -> None:
        """Check each target; one that has no model is a result, too."""
        for target in targets:
            await (self.path(target) if isinstance(target, Path) else self.address(target))

    async def path(self, path: Path) -> None:
        """Check the file or the folder at `path`."""
        settings = ServerSettings(models_dir=path, **self.options)
        try:
            found = await asyncio.to_thread(
                found_at, path, follow_symlinks=settings.follow_symlinks, topology=self.topology
            )
            for other in found.others:
                self.on_result(Checked(path=from_here(path / other.path), other=other))
            if not found.entries:
                raise no_models_in(path, found)
        except TfjsServeError as error:
            self.on_result(Checked(path=from_here(path), error=error))
        else:
            prover = Prover(settings) if self.runs else None
            await _check_all(found, settings, prover, self.on_result)

    async def address(self, url: str) -> None:
        """Check what is deployed at `url`."""
        self.on_result(await checked_at(url, self.page, self.how))


async def _check_all(
    found: Found, settings: ServerSettings, prover: Prover | None, on_result: OnResult
) -> None:
    for warning in found.warnings:
        _log.warning("%s", warning)
    async with building(settings) as builder:

        def done(result: Result[Checked]) -> None:
            assert result.value is not None
            on_result(result.value)

        await for_all(found.entries, partial(_checked, builder, prover), done)


async def _checked(builder: Builder, prover: Prover | None, entry: CatalogEntry) -> Checked:
    started_seconds = time.monotonic()
    path = from_here(entry.path)
    try:
        build = await build_newest(builder, entry, Variant.FULL)
    except TfjsServeError as error:
        # If an earlier version could be loaded, the error is that this one is not the newest.
        reason = builder.status(entry, Variant.FULL).error or error
        seconds = time.monotonic() - started_seconds
        return Checked(path=path, name=entry.exact_name, error=reason, seconds=seconds)
    artifact = build.artifact
    outcomes, fault = await prover.prove(entry, artifact) if prover else ((), None)
    return Checked(
        path=path,
        name=entry.exact_name,
        error=fault,
        outcomes=outcomes,
        facts=artifact.facts,
        needs_layers=artifact.facts.needs_layers,
        notes=artifact.notes,
        seconds=time.monotonic() - started_seconds,
    )
