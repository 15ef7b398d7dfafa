"""``tfjs-serve publish DIR DEST``: put models where the world loads them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.cli.console import Terminal, logging_to
from tfjs_serve.cli.exit_codes import FAILURE_EXIT_CODE
from tfjs_serve.cli.help_texts import option
from tfjs_serve.cli.options import (
    absolute_path,
    cache_dir_option,
    custom_layers_option,
    follow_symlinks_option,
    grace_option,
    no_training_option,
    shard_size_option,
    worker_memory_option,
)
from tfjs_serve.cli.origins import origins
from tfjs_serve.cli.publication import Publication
from tfjs_serve.cli.running import run
from tfjs_serve.exporting.batch import found_at, models_in
from tfjs_serve.publishing.access.model import Readers, check_readers, place_of
from tfjs_serve.publishing.destinations import check_apart, is_bucket, open_destination
from tfjs_serve.publishing.models import chosen
from tfjs_serve.settings import MODEL_JSON, ServerSettings, Variant

_log = logging.getLogger(__name__)


def _variants(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[Variant, ...]:
    known = [variant.value for variant in Variant]
    names = [name.strip() for name in value.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(known)}")
    return tuple(dict.fromkeys(map(Variant, names)))


@click.command(name="publish")
@click.argument("path", metavar="DIR", type=click.Path(path_type=Path), callback=absolute_path)
@click.argument("dest", metavar="DEST")
@click.argument("names", metavar="[MODEL]...", nargs=-1)
@option(
    "--variants",
    metavar="VARIANT,...",
    default=Variant.FULL.value,
    show_default=True,
    callback=_variants,
    help="Which forms of each model, such as full,uint8.",
)
@option("--endpoint", metavar="URL", help="Where the object store is, unless the cloud's own.")
@option(
    "--url",
    metavar="URL",
    help="Where pages find DEST. Each model is then looked at as pages do; not with ''.",
)
@option(
    "--setup-cors",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    callback=origins,
    help="Let pages of a site read DEST (CORS), or with * those of all sites; repeatable. Where "
    "there is no API for it, the commands or files to paste are printed.",
)
@option("--make-public", is_flag=True, help="Let everybody read the bucket, in the same way.")
@option("--delete", is_flag=True, help="Remove what no model needs any more.")
@grace_option("How long that stays for pages that have an earlier model.json.")
@option(
    "--clean",
    is_flag=True,
    help="Only remove all that publishes have written to DEST, or of each MODEL that is named.",
)
@option("--dry-run", is_flag=True, help="Only tell what would be done.")
@shard_size_option()
@custom_layers_option
@no_training_option
@worker_memory_option
@follow_symlinks_option
@cache_dir_option
@click.pass_context
def publish_command(
    context: click.Context,
    /,
    path: Path,
    dest: str,
    names: Sequence[str],
    variants: Sequence[Variant],
    **options: Any,
) -> None:
    """Put the models in DIR where pages load them: a folder, or a bucket.

    DEST is a folder of a web server, or s3://BUCKET/PREFIX, az://CONTAINER/PREFIX or
    gs://BUCKET/PREFIX, with keys from where the cloud's own tools take them. Only what is not there
    yet is sent: weights first, and model.json last, so pages that load meanwhile get a whole model.
    It may be ended at any time and run again.

    \b
    Exit codes:
      0    all is there
      1    some models were refused, could not be sent, or cannot be loaded by pages
      2    the options make no sense
      130  it was interrupted
    """
    terminal = Terminal()
    is_clean, endpoint, is_deleting = (
        options.pop("clean"),
        options.pop("endpoint"),
        options.pop("delete"),
    )
    grace_seconds = options.pop("grace_seconds")
    publication = Publication(
        dest=dest,
        destination=open_destination(dest, endpoint),
        place=place_of(dest, endpoint),
        url=options.pop("url"),
        readers=Readers(origins=options.pop("origins"), is_public=options.pop("make_public")),
        removes_after_seconds=grace_seconds if is_deleting else None,
        is_all=not names,
        is_trial=options.pop("dry_run"),
        settings=ServerSettings(models_dir=path / MODEL_JSON, **options),
        terminal=terminal,
    )
    check_readers(publication.place, publication.readers)
    with logging_to(terminal, "warning"):
        if is_clean:
            run(publication.take_back(names))
            return
        models = _models(path, dest, names, follow_symlinks=publication.settings.follow_symlinks)
        is_well = run(publication.run(models, variants))
    context.exit(0 if is_well else FAILURE_EXIT_CODE)


def _models(
    path: Path, dest: str, names: Sequence[str], *, follow_symlinks: bool
) -> dict[str, CatalogEntry]:
    """Return the models to be published by their names in URLs; tell what is left out."""
    found = found_at(path, follow_symlinks=follow_symlinks)
    for warning in found.warnings:
        _log.warning("%s", warning)
    folder = None if is_bucket(dest) else Path(dest).absolute()
    models = chosen(models_in(path, found, without=folder), names)
    if folder is not None:
        check_apart(path, models, folder)
    return models
