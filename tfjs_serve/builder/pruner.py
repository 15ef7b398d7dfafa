"""When the store is pruned: after something was published, but not all the time."""

from __future__ import annotations

import asyncio
import time

from tfjs_serve.builder.shelf import Shelf
from tfjs_serve.builder.single_flight import SingleFlight

_PAUSE = 9
"""The pause after pruning, as a multiple of the time that pruning took."""


class Pruner:
    """Prunes for at most a tenth of the time.

    With a training that saves all the time, a cache holds thousands of generations.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._running: SingleFlight[None, None] = SingleFlight()
        self._is_wanted = False

    def begin(self) -> None:
        """Prune soon, because something was published."""
        self._is_wanted = True
        self._running.begin(None, self._prune)

    async def close(self) -> None:
        """Stop pruning."""
        await self._running.close()

    async def _prune(self) -> None:
        while self._is_wanted:
            self._is_wanted = False
            started_seconds = time.monotonic()
            await self._shelf.prune()
            await asyncio.sleep(_PAUSE * (time.monotonic() - started_seconds))
