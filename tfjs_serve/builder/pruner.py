"""When the store is pruned: after something was published, and now and then, but not always."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from tfjs_serve.builder.shelf import Shelf
from tfjs_serve.builder.single_flight import SingleFlight

_PAUSE = 9
"""The pause after pruning, as a multiple of the time that pruning took."""
_DELAY_SECONDS = 1.0
"""After something was published, until pruning: those who asked for it come first."""


class Pruner:
    """Prunes for at most a tenth of the time.

    With a training that saves all the time, a cache holds thousands of generations.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._running: SingleFlight[str, None] = SingleFlight()
        self._is_wanted = False

    def keep(self, every_seconds: float) -> None:
        """Prune soon, and again after each such time: what is protected now is not for ever."""
        self._running.begin("now and then", partial(self._prune_now_and_then, every_seconds))

    def begin(self) -> None:
        """Prune soon, because something was published."""
        self._is_wanted = True
        self._running.begin("published", self._prune_while_wanted)

    async def close(self) -> None:
        """Prune once more if that is still to be done: a command may have run for a moment only."""
        await self._running.close()
        await self._prune()

    async def _prune_now_and_then(self, every_seconds: float) -> None:
        while True:
            self.begin()
            await asyncio.sleep(every_seconds)

    async def _prune_while_wanted(self) -> None:
        while self._is_wanted:
            await asyncio.sleep(_DELAY_SECONDS)
            started_seconds = time.monotonic()
            await self._prune()
            await asyncio.sleep(_PAUSE * (time.monotonic() - started_seconds))

    async def _prune(self) -> None:
        if self._is_wanted:
            self._is_wanted = False
            await self._shelf.prune()
