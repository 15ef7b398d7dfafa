"""What a running server tells: its greeting, and then what happens to models."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

from tfjs_serve.builder import Builder, BuildEvent
from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.cli.banner import first_models
from tfjs_serve.cli.event_log import EventLog
from tfjs_serve.cli.voice import Found, Place, Voice
from tfjs_serve.settings import ServerSettings
from tfjs_serve.web.catalogue import Catalogue
from tfjs_serve.web.listing import ModelList
from tfjs_serve.web.services import Services

_PATIENCE_SECONDS = 2.0
"""How long the banner waits until it is known which models can be loaded; requests do not wait."""


class Teller:
    """Has models looked at, and tells of them."""

    def __init__(self, voice: Voice, settings: ServerSettings, place: Place) -> None:
        self._voice = voice
        self._settings = settings
        self._place = place

    async def start(
        self, services: Services, catalog: Catalog, builder: Builder, stack: AsyncExitStack
    ) -> EventLog:
        """Have models looked at, and tell what happens until `stack` is left; return what tells."""
        catalogue = services.catalogue
        # If somebody has asked for the list already, this waits until it is made.
        models = await catalogue.models()
        log = EventLog(self._voice.line, self._urls_in(models, catalog))
        stack.callback(log.close)
        stack.callback(catalog.subscribe(log.changed))
        stack.callback(builder.subscribe(self._of_the_folder(log.built)))
        services.notices.subscribe(log.asked)
        if self._settings.diagnose:
            stack.callback(catalog.subscribe(builder.diagnoser.changed))
            builder.diagnoser.add(models.by_exact_name.values())
        return log

    def _of_the_folder(self, tell: Callable[[BuildEvent], None]) -> Callable[[BuildEvent], None]:
        """Return what tells of models in the folder, and not of what a page sends to be saved."""

        def built(event: BuildEvent) -> None:
            if event.entry.path.is_relative_to(self._settings.models_dir):
                tell(event)

        return built

    async def greet(
        self, services: Services, builder: Builder, log: EventLog, stack: AsyncExitStack
    ) -> None:
        """Greet when the first models are known, or after a while."""
        catalogue = services.catalogue
        models = await catalogue.models()
        await asyncio.to_thread(self._voice.prepare)
        with suppress(asyncio.TimeoutError):
            known = builder.diagnoser.finish(first_models(models))
            await asyncio.wait_for(known, _PATIENCE_SECONDS)
        await self._greet(catalogue)
        telling = asyncio.create_task(self._tell_the_rest(catalogue, builder, log))
        stack.callback(telling.cancel)

    def _urls_in(self, models: ModelList, catalog: Catalog) -> Callable[[str], str]:
        def url_of(exact_name: str) -> str:
            nonlocal models
            if models.entries is not catalog.entries:
                models = ModelList(catalog.entries, models.default)
            entry = models.by_exact_name.get(exact_name)
            return f"{self._place.origin}{models.url(entry) if entry is not None else '/'}"

        return url_of

    async def _greet(self, catalogue: Catalogue) -> None:
        models = await catalogue.models()
        summaries = [catalogue.summary(models, entry) for entry in first_models(models)]
        found = Found(summaries=summaries, overview=catalogue.overview)
        self._voice.greet(found, self._settings, self._place)

    async def _tell_the_rest(self, catalogue: Catalogue, builder: Builder, log: EventLog) -> None:
        """Sum up what the banner did not wait for; from then on, tell of each model by itself."""
        was_known = not catalogue.overview.unknown
        await builder.diagnoser.finish()
        log.tells_diagnoses = True
        await catalogue.models()
        if self._settings.diagnose and not was_known:
            self._voice.known(catalogue.overview, self._place.origin)
