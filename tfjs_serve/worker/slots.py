"""How many conversions run at once, and that no model takes all places."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Slots:
    """Places for conversions, given in the order of asking.

    A model may hold all places but one, however many variants of it are asked for: one that takes
    for ever leaves a place to the others.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._most_of_one = max(1, total - 1)
        self._taken: Counter[str] = Counter()
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def one(self, model: str) -> AsyncIterator[None]:
        """Hold a place for `model`, after waiting for it."""
        await self._take(model)
        try:
            yield
        finally:
            self._give_back(model)

    async def _take(self, model: str) -> None:
        # Whoever waits already could not use what is free: else it would have been given to him.
        if self._has_room(model):
            self._taken[model] += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((model, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._waiting.remove((model, turn))
            else:  # it was given a place in the same moment
                self._give_back(model)
            raise

    def _give_back(self, model: str) -> None:
        self._taken -= Counter((model,))
        for candidate in tuple(self._waiting):
            waiting_model, turn = candidate
            if not turn.done() and self._has_room(waiting_model):
                self._waiting.remove(candidate)
                self._taken[waiting_model] += 1
                turn.set_result(None)

    def _has_room(self, model: str) -> bool:
        return self._taken.total() < self._total and self._taken[model] < self._most_of_one
