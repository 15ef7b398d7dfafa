"""``tfjs-serve publish DIR DEST``: put models where the world loads them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.cli.checked import Checked, paragraphs
from tfjs_serve.cli.console import Terminal, logging_to
from tfjs_serve.cli.deployed import checked_at
from tfjs_serve.cli.exit_codes import FAILURE_EXIT_CODE
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
from tfjs_serve.cli.running import run
from tfjs_serve.doctor.examination import Thoroughness
from tfjs_serve.doctor.model import Page
from tfjs_serve.exporting.batch import models_at
from tfjs_serve.exporting.building import building
from tfjs_serve.facts import counted
from tfjs_serve.publishing.addresses import model_address, public_url
from tfjs_serve.publishing.destinations import open_destination
from tfjs_serve.publishing.model import Destination
from tfjs_serve.publishing.models import Built, build_all, chosen, wish_for
from tfjs_serve.publishing.publish import Published, Wish, look, publish, would_be
from tfjs_serve.settings import MODEL_JSON, ServerSettings, Variant
from tfjs_serve.web.pages.wording import readable_size


def _variants(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[Variant, ...]:
    known = [variant.value for variant in Variant]
    names = [name.strip() for name in value.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(known)}")
    return tuple(dict.fromkeys(map(Variant, names)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One publish: where to, how, and who is told.

    Attributes
    ----------
    dest
        The destination as it was written.
    url
        Where pages find it; empty if nobody knows.
    removes_after_seconds
        How long files that no model needs any more stay; ``None`` removes nothing.
    is_all
        Whether all models are published.
    is_trial
        Whether nothing is to be done.
    """

    dest: str
    destination: Destination
    url: str
    removes_after_seconds: float | None
    is_all: bool
    is_trial: bool
    settings: ServerSettings
    terminal: Terminal

    async def run(self, models: Mapping[str, CatalogEntry], variants: Sequence[Variant]) -> bool:
        """Convert, send and look at what is there; return whether all went well."""
        built = await self._build(models, variants)
        for folder, error in built.refused.items():
            self._print(Checked(path=folder, error=error))
        wish = wish_for(
            built,
            keeps_headers=self.destination.keeps_headers,
            is_all=self.is_all,
            removes_after_seconds=self.removes_after_seconds,
        )
        published = await self._send(wish)
        self._print_result(published, len(built.artifacts))
        is_loadable = self.is_trial or await self._verify(built.artifacts)
        return is_loadable and not built.refused

    async def _build(
        self, models: Mapping[str, CatalogEntry], variants: Sequence[Variant]
    ) -> Built:
        with self.terminal.progress() as progress:
            task = progress.add_task("converting", total=len(models) * len(variants))
            async with building(self.settings) as builder:
                return await build_all(builder, models, variants, lambda: progress.advance(task))

    async def _send(self, wish: Wish) -> Published:
        if self.is_trial:
            return would_be(await look(self.destination, wish, time.time()), wish)
        with self.terminal.progress() as progress:
            task = progress.add_task("sending", total=sum(file.size_bytes for file in wish.files))
            return await publish(
                self.destination, wish, lambda file: progress.advance(task, file.size_bytes)
            )

    def _print_result(self, published: Published, model_count: int) -> None:
        would = "would be " if self.is_trial else ""
        for file in published.sent if self.is_trial else ():
            self.terminal.text(f"  send   {file.path}, {readable_size(file.size_bytes)}")
        for path in published.removed if self.is_trial else ():
            self.terminal.text(f"  remove {path}")
        sent = f"{counted(len(published.sent), 'file')}, {readable_size(published.sent_bytes)}"
        removed = f", {len(published.removed)} {would}removed" if published.removed else ""
        self.terminal.text(
            f"{self.dest}: {counted(model_count, 'model')}; {sent} {would}sent, "
            f"{published.kept} there already{removed}",
            style="green",
        )
        if not published.was_locked:
            message = "This store cannot keep two publishes apart: run only one at a time."
            self.terminal.text(message, style="yellow")

    async def _verify(self, folders: Iterable[str]) -> bool:
        """Look at each model as a page would; return whether all can be loaded."""
        if not self.url:
            self.terminal.text("Give --url to have each model looked at where pages find it.")
            return True
        how = Thoroughness(custom_layers=self.settings.custom_layers)
        addresses = [model_address(self.url, folder) for folder in folders]
        results = [await checked_at(address, Page(), how) for address in addresses]
        for result in results:
            self._print(result)
        good = [result.path for result in results if result.error is None]
        for address in good[:1]:
            self.terminal.text(f"await tf.loadLayersModel('{address}')", style="green")
        return len(good) == len(results)

    def _print(self, checked: Checked) -> None:
        for text, style in paragraphs(checked):
            self.terminal.text(text, style=style)


@click.command(name="publish")
@click.argument("path", metavar="DIR", type=click.Path(path_type=Path), callback=absolute_path)
@click.argument("dest", metavar="DEST")
@click.argument("names", metavar="[MODEL]...", nargs=-1)
@click.option(
    "--variants",
    default=Variant.FULL.value,
    show_default=True,
    callback=_variants,
    help="Which forms of each model, such as full,uint8.",
)
@click.option(
    "--endpoint", metavar="URL", help="Where the object store is, unless the cloud's own."
)
@click.option(
    "--url", default="", help="Where pages find DEST. Each model is then looked at as pages do."
)
@click.option("--delete", is_flag=True, help="Remove what no model needs any more.")
@grace_option("How long that stays for pages that have an earlier model.json.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
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
    endpoint, url = options.pop("endpoint"), options.pop("url")
    grace_seconds = options.pop("grace_seconds")
    job = _Job(
        dest=dest,
        destination=open_destination(dest, endpoint),
        url=url or public_url(dest, endpoint, os.environ),
        removes_after_seconds=grace_seconds if options.pop("delete") else None,
        is_all=not names,
        is_trial=options.pop("dry_run"),
        settings=ServerSettings(models_dir=path / MODEL_JSON, **options),
        terminal=terminal,
    )
    with logging_to(terminal, "warning"):
        entries = models_at(path, follow_symlinks=job.settings.follow_symlinks)
        is_well = run(job.run(chosen(entries, names), variants))
    context.exit(0 if is_well else FAILURE_EXIT_CODE)
