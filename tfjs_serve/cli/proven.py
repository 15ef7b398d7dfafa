"""``check --run``: has each model that has a proof predict in TensorFlow.js."""

from __future__ import annotations

import asyncio

from tfjs_serve.artifacts.model import Artifact
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.proving.model import Outcome, fault
from tfjs_serve.proving.programs import check_programs
from tfjs_serve.proving.running import run_model
from tfjs_serve.settings import ServerSettings

Proven = tuple[tuple[Outcome, ...], TfjsServeError | None]
"""What came of it on each backend, and what is wrong with the model."""


class Prover:
    """Runs models one after the other, so that none takes the others' time.

    Raises
    ------
    RunError
        There is nothing here that runs models.
    """

    def __init__(self, settings: ServerSettings) -> None:
        check_programs()
        self._settings = settings
        self._turn = asyncio.Lock()

    async def prove(self, entry: CatalogEntry, artifact: Artifact) -> Proven:
        """Compare a model with its proof; without one, nothing comes of it."""
        if artifact.facts.proof is None:
            return (), None
        deadline, url = self._settings.conversion_deadline_seconds, self._settings.tfjs_url
        try:
            async with self._turn:
                outcomes = await run_model(artifact, entry.kind.loader, url, deadline)
        except TfjsServeError as error:
            return (), error
        return tuple(outcomes), fault(artifact.facts, outcomes, artifact.notes)
