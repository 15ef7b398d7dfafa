"""``tfjs-serve convert PATH OUT``: convert models into folders, in the same way as the server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from tfjs_serve import training_script
from tfjs_serve.builder import BuildEvent, BuildEventKind
from tfjs_serve.catalog.explicit import is_folder_of_models
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.catalog.names import url_name
from tfjs_serve.cli.checked import Checked, paragraphs
from tfjs_serve.cli.console import Terminal, logging_to
from tfjs_serve.cli.exit_codes import FAILURE_EXIT_CODE
from tfjs_serve.cli.options import (
    absolute_path,
    cache_dir_option,
    custom_layers_option,
    follow_symlinks_option,
    metadata_option,
    no_training_option,
    quantize_option,
    shard_size_option,
    topology_option,
    worker_memory_option,
)
from tfjs_serve.cli.running import run
from tfjs_serve.cli.wording import subject_of
from tfjs_serve.companion import MODULE_NAME, SCRIPT_NAME
from tfjs_serve.exporting.batch import for_all, models_at
from tfjs_serve.exporting.building import building
from tfjs_serve.exporting.export import Exported, check_target, export
from tfjs_serve.exporting.options import ExportOptions
from tfjs_serve.facts import counted
from tfjs_serve.settings import MODEL_JSON, ServerSettings, Variant
from tfjs_serve.web.listing import loader_of
from tfjs_serve.web.pages import readable_size


@click.command()
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path), callback=absolute_path)
@click.argument("out", type=click.Path(path_type=Path), callback=absolute_path)
@shard_size_option
@quantize_option("Store the weights quantized.")
@click.option(
    "--training",
    "to_train",
    is_flag=True,
    help="Write Keras's compile settings and the optimizer's state, for pages with training.js.",
)
@no_training_option
@custom_layers_option
@metadata_option
@worker_memory_option
@follow_symlinks_option
@topology_option
@cache_dir_option
@click.option(
    "--force", is_flag=True, help="Write into OUT even if it is not empty; other files stay."
)
@click.pass_context
def convert(
    context: click.Context,
    /,
    path: Path,
    out: Path,
    *,
    force: bool,
    variant: Variant,
    topology: Path | None,
    **options: Any,
) -> None:
    """Convert the model PATH into the folder OUT, for any web server.

    PATH may also be a folder of models, each of which gets a folder of its name in OUT, a folder
    that Keras wrote, or one that was made for TensorFlow.js before, which is checked and split
    again.
    """
    if options.pop("to_train"):
        variant = _to_train(variant, is_allowed=options["training"])
    terminal = Terminal()
    # No folder is watched, so the cache may be in the folder of the model.
    settings = ServerSettings(models_dir=path / MODEL_JSON, **options)
    with logging_to(terminal, "warning"):
        if is_folder_of_models(path):
            if settings.metadata:
                raise click.UsageError("--metadata is for one model: give its file as PATH")
            check_target(out, source=path, force=force)
            entries = models_at(path, follow_symlinks=settings.follow_symlinks, topology=topology)
            well = run(_convert_all(entries, variant, settings, out, terminal))
            context.exit(0 if well else FAILURE_EXIT_CODE)
        (entry,) = models_at(path, topology=topology)
        source = entry.folder if entry.kind.is_folder else entry.path
        check_target(out, source=source, force=force)
        exported = run(_convert(entry, variant, settings, out, terminal))
    _print_result(terminal, entry, exported)


def _to_train(variant: Variant, *, is_allowed: bool) -> Variant:
    """Return the variant with all that there is to train on.

    Raises
    ------
    click.UsageError
        Other options exclude it.
    """
    if variant.is_quantized:
        raise click.UsageError("--training needs the weights as they are: leave out --quantize")
    if not is_allowed:
        raise click.UsageError("give --training or --no-training, not both")
    return Variant.TRAIN


async def _convert(
    entry: CatalogEntry, variant: Variant, settings: ServerSettings, out: Path, terminal: Terminal
) -> Exported:
    async with building(settings, processes=1) as builder:
        with terminal.progress() as progress:
            task = progress.add_task(subject_of(entry), total=1.0)

            def show(event: BuildEvent) -> None:
                if event.kind is BuildEventKind.PROGRESS:
                    progress.update(task, completed=event.progress)

            builder.subscribe(show)
            return await export(builder, entry, _options(settings, variant), out)


async def _convert_all(
    entries: Sequence[CatalogEntry],
    variant: Variant,
    settings: ServerSettings,
    out: Path,
    terminal: Terminal,
) -> bool:
    """Convert each model into its own folder; return whether all could be converted."""

    async def convert_one(entry: CatalogEntry) -> Exported:
        namesakes = [other for other in entries if other.name == entry.name]
        target = out / url_name(entry, namesakes)
        return await export(builder, entry, _options(settings, variant), target)

    async with building(settings) as builder:
        with terminal.progress() as progress:
            task = progress.add_task("converting", total=len(entries))
            results = await for_all(entries, convert_one, lambda _: progress.advance(task))
    failed = [result for result in results if result.error is not None]
    for result in failed:
        name = result.entry.exact_name
        for text, style in paragraphs(Checked(path=name, error=result.error)):
            terminal.text(text, style=style)
    done = len(results) - len(failed)
    more = f", {len(failed)} refused" if failed else ""
    terminal.text(f"{out}: {counted(done, 'model')}{more}", style="yellow" if failed else "green")
    return not failed


def _options(settings: ServerSettings, variant: Variant) -> ExportOptions:
    return ExportOptions(conversion=settings.conversion_options(variant))


def _print_result(terminal: Terminal, entry: CatalogEntry, exported: Exported) -> None:
    for note in exported.notes:
        terminal.text(f"note: {note}", style="yellow")
    shards = counted(exported.shards, "shard")
    size = readable_size(exported.size_bytes)
    beside = f", with {', '.join(exported.beside)}" if exported.beside else ""
    terminal.text(f"{exported.folder}: {MODEL_JSON} and {shards}, {size}{beside}", style="green")
    if exported.needs_layers:
        terminal.text(
            f"It needs the layers beside it: load {SCRIPT_NAME} with a script tag after "
            f"TensorFlow.js, or import {MODULE_NAME} and call register(tf).",
            style="yellow",
        )
    if exported.trains_with_script:
        terminal.text(
            f"It trains with {training_script.SCRIPT_NAME} beside it: load that after "
            f"TensorFlow.js, or import {training_script.MODULE_NAME} and call register(tf).",
            style="yellow",
        )
    terminal.text(
        f"Load it with tf.{loader_of(entry)}('.../{MODEL_JSON}') from wherever you serve it."
    )
