"""``tfjs-serve convert PATH... OUT``: convert models into folders as the server would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from tfjs_serve.builder import Builder, BuildEvent, BuildEventKind
from tfjs_serve.catalog.explicit import is_folder_of_models
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.cli.checked import Checked, paragraphs
from tfjs_serve.cli.console import Terminal, logging_to
from tfjs_serve.cli.converted import print_result
from tfjs_serve.cli.exit_codes import FAILURE_EXIT_CODE
from tfjs_serve.cli.formats import check_input_format, check_kind, keras_ending, refuse_urls
from tfjs_serve.cli.help_texts import option
from tfjs_serve.cli.official import (
    OfficialCommand,
    is_in_official_way,
    missing_out,
    official_options,
    take_graph_flags,
    take_quantization,
)
from tfjs_serve.cli.options import (
    absolute_paths,
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
from tfjs_serve.exporting.batch import for_all, models_at, targets
from tfjs_serve.exporting.building import building
from tfjs_serve.exporting.export import Exported, check_target, export
from tfjs_serve.exporting.keras_file import ExportedKeras, export_keras
from tfjs_serve.exporting.options import ExportOptions, ShardNames
from tfjs_serve.facts.wording import counted
from tfjs_serve.settings import MODEL_JSON, ConversionOptions, ServerSettings, Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a line asks for.

    Attributes
    ----------
    ending
        Of the Keras files to write; empty if folders for pages are to be written.
    """

    paths: Sequence[Path]
    out: Path
    force: bool
    ending: str
    options: ExportOptions
    settings: ServerSettings

    @property
    def is_one(self) -> bool:
        """Whether one model is to be written as OUT, and not several into it."""
        return is_one_model(self.paths)


def is_one_model(paths: Sequence[Path]) -> bool:
    """Whether there is one path, and one model at it."""
    return len(paths) == 1 and not is_folder_of_models(paths[0])


@click.command(cls=OfficialCommand)
@click.argument(
    "paths",
    metavar="PATH... OUT",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    callback=absolute_paths,
)
@shard_size_option("--weight-shard-size-bytes")
@quantize_option("Store all weights quantized.")
@option(
    "--shard-names",
    type=click.Choice([one.value for one in ShardNames]),
    default=ShardNames.DIGEST.value,
    show_default=True,
    help="Name the files of weights by their bytes, so that caches keep those that did not change, "
    "or as the official converter does: group1-shard1of1.bin.",
)
@option(
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
@option(
    "--force",
    "-f",
    is_flag=True,
    help="Write into OUT even if it is not empty; other files stay. The flags of the official "
    "converter mean this, too.",
)
@official_options
@click.pass_context
def convert(context: click.Context, /, paths: list[Path], **options: Any) -> None:
    """Convert the model PATH into the folder OUT, for any web server.

    PATH may also be a folder of models, and there may be several: each model gets a folder of its
    name in OUT. A folder that Keras wrote is one model, and so is one that was made for
    TensorFlow.js before: it is copied, or its weights are split and quantized anew if an option
    says how. If OUT ends in .h5 or .keras, the model for TensorFlow.js becomes a Keras file.

    The flags of tensorflowjs_converter are taken, with underscores or hyphens.

    \b
    Examples:
      tfjs-serve convert mnist.h5 public/mnist
      tfjs-serve convert --quantize float16 models public
      tfjs-serve convert public/mnist/model.json mnist.keras
    """
    if len(paths) == 1:
        raise click.UsageError(missing_out(options))
    refuse_urls(paths)
    terminal = Terminal()
    for note in take_graph_flags(options):
        terminal.text(f"note: {note}", style="yellow")
    with logging_to(terminal, "warning"):
        entries = _entries(paths[:-1], paths[-1], options)
        asked = _asked(context, paths[:-1], paths[-1], options)
        _check_targets(entries, asked)
        if asked.is_one:
            print_result(terminal, entries[0], run(_convert(entries[0], asked, terminal)))
        elif not run(_convert_all(entries, asked, terminal)):
            context.exit(FAILURE_EXIT_CODE)


def _entries(paths: Sequence[Path], out: Path, options: dict[str, Any]) -> Sequence[CatalogEntry]:
    """Return the models at the paths; take the options that say where to look for them.

    What a line like this one has written into OUT before is none of those in a folder around it.
    """
    name, topology = options.pop("input_format"), options.pop("topology")
    found: list[CatalogEntry] = []
    for path in paths:
        if not path.is_dir():
            check_input_format(name)
        found += models_at(
            path, without=out, follow_symlinks=options["follow_symlinks"], topology=topology
        )
        check_input_format(name)  # a SavedModel has been called by its name
    for entry in found:
        check_kind(name, entry)
    return found


def _asked(
    context: click.Context, paths: Sequence[Path], out: Path, options: dict[str, Any]
) -> _Asked:
    """Return what a line asks for.

    Raises
    ------
    SettingsError, click.UsageError
        Its options make no sense together.
    """
    several = not is_one_model(paths)
    if several and options["metadata"]:
        raise click.UsageError("--metadata is for one model: give its file as PATH")
    ending = keras_ending(options.pop("output_format"), out, several=several)
    given = {
        name
        for name in ("shard_size_bytes", "shard_names", "by_layer", "metadata")
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    shard_names = ShardNames(options.pop("shard_names"))
    variant, by_name = take_quantization(options, options.pop("variant"))
    is_quantized = variant.is_quantized or bool(by_name)
    if options.pop("to_train"):
        variant = _to_train(variant, is_allowed=options["training"])
    if ending and (given or is_quantized):
        raise click.UsageError(
            f"{ending} files are written as Keras writes them: leave out the options for weights "
            "and metadata"
        )
    conversion = ConversionOptions(
        variant=variant,
        by_name=by_name,
        shard_size_bytes=options.pop("shard_size_bytes"),
        by_layer=options.pop("by_layer"),
        anew=bool(given - {"metadata"}),  # also if it is the default that is given
        weights_alone=not any(map(is_folder_of_models, paths)),
        custom_layers=tuple(sorted(options.pop("custom_layers"))),
        metadata=options.pop("metadata"),
        training=options.pop("training"),
    )
    return _Asked(
        paths=paths,
        out=out,
        force=options.pop("force") or is_in_official_way(context),
        ending=ending,
        options=ExportOptions(conversion=conversion, shard_names=shard_names),
        # No folder is watched, so the cache may be in the folder of the model.
        settings=ServerSettings(models_dir=paths[0] / MODEL_JSON, **options),
    )


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


def _check_targets(entries: Sequence[CatalogEntry], asked: _Asked) -> None:
    """Raise :class:`SettingsError` unless models may be written to OUT."""
    folders = [entry.folder for entry in entries if asked.is_one and entry.kind.is_folder]
    for source in () if asked.ending else (*asked.paths, *folders):
        check_target(asked.out, source=source, force=asked.force)


_Written = Exported | ExportedKeras


async def _written(builder: Builder, entry: CatalogEntry, asked: _Asked, out: Path) -> _Written:
    if asked.ending:
        return await export_keras(builder, entry, out, asked.options.conversion)
    return await export(builder, entry, asked.options, out)


async def _convert(entry: CatalogEntry, asked: _Asked, terminal: Terminal) -> _Written:
    async with building(asked.settings, processes=1) as builder:
        with terminal.progress() as progress:
            task = progress.add_task(subject_of(entry), total=1.0)

            def show(event: BuildEvent) -> None:
                if event.kind is BuildEventKind.PROGRESS:
                    progress.update(task, completed=event.progress)

            builder.subscribe(show)
            return await _written(builder, entry, asked, asked.out)


async def _convert_all(entries: Sequence[CatalogEntry], asked: _Asked, terminal: Terminal) -> bool:
    """Convert each model to its own place in OUT; return whether all could be converted."""
    places = targets(entries, asked.out, asked.ending)

    async def convert_one(entry: CatalogEntry) -> _Written:
        return await _written(builder, entry, asked, places[entry.path])

    async with building(asked.settings) as builder:
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
    terminal.text(
        f"{asked.out}: {counted(done, 'model')}{more}", style="yellow" if failed else "green"
    )
    return not failed
