"""One publish, from models to what is said at its end."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.cli.checked import Checked, paragraphs
from tfjs_serve.cli.console import Terminal
from tfjs_serve.companion import SCRIPT_NAME
from tfjs_serve.doctor.model import Page
from tfjs_serve.exporting.building import building
from tfjs_serve.facts.wording import counted
from tfjs_serve.publishing.access.model import ANY, Place, Readers
from tfjs_serve.publishing.access.opening import address_of, open_to, recognised
from tfjs_serve.publishing.access.words import to_paste
from tfjs_serve.publishing.addresses import model_address
from tfjs_serve.publishing.model import Destination
from tfjs_serve.publishing.models import Built, build_all
from tfjs_serve.publishing.publish import Published, Wish, look, publish, would_be
from tfjs_serve.publishing.wishing import published, taken_back, wish_for
from tfjs_serve.settings import MODEL_JSON, ServerSettings, Variant
from tfjs_serve.web.pages.wording import readable_size

_LOOKED_AT_ONCE = 8
_SILENT_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One publish: where to, how, and who is told.

    Attributes
    ----------
    dest
        The destination as it was written.
    url
        Where pages find it, if that was given; empty if they are not to be looked at.
    readers
        Who is to be able to read it, if that is to be set up.
    removes_after_seconds
        How long files that no model needs any more stay; ``None`` removes nothing.
    is_all
        Whether all models are published.
    is_trial
        Whether nothing is to be done.
    """

    dest: str
    destination: Destination
    place: Place
    url: str | None
    readers: Readers
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
        # Before anything is sent: of a bucket of Swift that became public later, some objects are
        # never handed out.
        await self._let_read()
        wish = await wish_for(
            self.destination,
            built,
            published(built, is_all=self.is_all),
            origins=self.readers.origins,
            removes_after_seconds=self.removes_after_seconds,
        )
        self._print_result(await self._send(wish), len(built.artifacts))
        is_loadable = self.is_trial or await self._verify(built)
        return is_loadable and not built.refused

    async def take_back(self, names: Sequence[str]) -> None:
        """Remove what earlier publishes wrote: of models, or of all."""
        nothing = Built(artifacts={}, refused={}, loaders={})
        wish = await wish_for(self.destination, nothing, taken_back(names), removes_after_seconds=0)
        self._print_result(await self._send(wish), 0)

    async def _build(
        self, models: Mapping[str, CatalogEntry], variants: Sequence[Variant]
    ) -> Built:
        with self.terminal.progress() as progress:
            task = progress.add_task("converting", total=len(models) * len(variants))
            async with building(self.settings) as builder:
                return await build_all(builder, models, variants, lambda: progress.advance(task))

    async def _let_read(self) -> None:
        """Let pages read the destination, and say what was done and what is left to do."""
        if not self.readers:
            return
        if self.is_trial:
            self.terminal.lines(to_paste(await recognised(self.place), self.readers))
            return
        opened = await open_to(self.place, self.readers, os.environ)
        if opened.done:
            self.terminal.text(opened.done, style="green")
        if opened.why_not:
            self.terminal.text(f"Not set up from here: {opened.why_not}.", style="yellow")
        if opened.pasted:
            self.terminal.text("To paste, for who may set it up:")
            self.terminal.lines(opened.pasted)

    async def _send(self, wish: Wish) -> Published:
        with self._patience() as patience, self.terminal.progress() as progress:
            if self.is_trial:
                return would_be(await look(self.destination, wish, time.time()), wish)
            task = progress.add_task("sending", total=None)

            def on_progress(sent: int, all_bytes: int) -> None:
                patience.cancel()
                progress.update(task, completed=sent, total=all_bytes)

            return await publish(self.destination, wish, on_progress)

    @contextmanager
    def _patience(self) -> Iterator[asyncio.TimerHandle]:
        """Say what goes on if nothing happens for a while, unless the timer is cancelled.

        Clients of buckets try for minutes, and so long a lock may be waited for.
        """
        timer = asyncio.get_running_loop().call_later(
            _SILENT_SECONDS,
            self.terminal.text,
            f"Nothing has got through to {self.dest} for {_SILENT_SECONDS:.0f} s; still trying. If "
            "you end it, what is there stays.",
            "yellow",
        )
        try:
            yield timer
        finally:
            timer.cancel()

    def _print_result(self, result: Published, model_count: int) -> None:
        would = "would be " if self.is_trial else ""
        for file in result.sent if self.is_trial else ():
            self.terminal.text(f"  send   {file.path}, {readable_size(file.size_bytes)}")
        for path in result.removed if self.is_trial else ():
            self.terminal.text(f"  remove {path}")
        sent = f"{counted(len(result.sent), 'file')}, {readable_size(result.sent_bytes)}"
        removed = f", {len(result.removed)} {would}removed" if result.removed else ""
        self.terminal.text(
            f"{self.dest}: {counted(model_count, 'model')}; {sent} {would}sent, "
            f"{result.kept} there already{removed}",
            style="green",
        )
        if result.others:
            names = " and ".join(result.others)
            self.terminal.text(f"Not of a publish, so left as it is: {names}.", style="yellow")
        if not result.was_locked:
            message = "This store cannot keep two publishes apart: run only one at a time."
            self.terminal.text(message, style="yellow")

    async def _verify(self, built: Built) -> bool:
        """Look at each model as a page would; return whether all can be loaded."""
        url = self.url
        if url is None:
            url = await address_of(self.dest, self.place, os.environ)
        if not url:
            self.terminal.text("Give --url to have each model looked at where pages find it.")
            return True
        # The client takes as long to import as hundreds of models take to be found unchanged.
        from tfjs_serve.cli.deployed import checked_at, warned_once
        from tfjs_serve.doctor.examination import Thoroughness

        how = Thoroughness(custom_layers=self.settings.custom_layers)
        places = asyncio.Semaphore(_LOOKED_AT_ONCE)

        async def look_at(folder: str) -> Checked:
            async with places:
                return await checked_at(model_address(url, folder), self._page(), how)

        results = await asyncio.gather(*map(look_at, built.artifacts))
        for folder, result in zip(built.artifacts, warned_once(results), strict=True):
            self._print(result)
            if result.error is None:
                self._print_lines(result, built.loaders[folder])
        if not self.destination.keeps_headers:
            self.terminal.text(f"All of them, to be tried: {url.rstrip('/')}/")
        return all(one.error is None for one in results)

    def _page(self) -> Page:
        """Return the page that is to be able to load the models."""
        named = [origin for origin in self.readers.origins if origin != ANY]
        return Page(origin=named[0] if named else "")

    def _print_lines(self, checked: Checked, loader: str) -> None:
        """Print what a page has to have to load a model."""
        if checked.needs_layers:
            script = f"{checked.path.removesuffix(MODEL_JSON)}{SCRIPT_NAME}"
            self.terminal.text(f'           <script src="{script}"></script>')
        self.terminal.text(f"           await tf.{loader}('{checked.path}')")

    def _print(self, checked: Checked) -> None:
        for text, style in paragraphs(checked):
            self.terminal.text(text, style=style)
