"""Limit how many conversions run at once; no model takes all places, or any place forever."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

_PATIENCE_SECONDS = 10.0
"""Nearly all models are converted within a second."""


@dataclass(slots=True, eq=False)
class _Holder:
    model: str
    is_late: bool = False


class Slots:
    """Places for conversions, given out in the order of requests.

    A model may hold all places but one, however many of its variants are requested. A conversion
    that takes longer than `patience_seconds` goes on, but its place is lent to another one. Each
    late model lends one place, and at most `total` places are lent, so at most ``2 * total``
    conversions run at once. So a few models that hang do not block others until their deadlines.
    """

    def __init__(self, total: int, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._total = total
        self._most_of_one = max(1, total - 1)
        self._patience_seconds = patience_seconds
        self._holders: list[_Holder] = []
        self._waiting: list[tuple[_Holder, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def one(self, model: str) -> AsyncIterator[None]:
        """Hold a place for `model`, after waiting for it."""
        holder = _Holder(model)
        await self._take(holder)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._patience_seconds, self._lend, holder)
        try:
            yield
        finally:
            timer.cancel()
            self._give_back(holder)

    async def _take(self, holder: _Holder) -> None:
        # Those already waiting cannot use a free place, or it would have been given to them.
        if self._has_room(holder.model):
            self._holders.append(holder)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((holder, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._waiting.remove((holder, turn))
            else:  # it was given a place at the same moment
                self._give_back(holder)
            raise

    def _lend(self, holder: _Holder) -> None:
        holder.is_late = True
        self._serve_waiting()

    def _give_back(self, holder: _Holder) -> None:
        self._holders.remove(holder)
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        for candidate in tuple(self._waiting):
            holder, turn = candidate
            if not turn.done() and self._has_room(holder.model):
                self._waiting.remove(candidate)
                self._holders.append(holder)
                turn.set_result(None)

    def _has_room(self, model: str) -> bool:
        late = {one.model: one for one in self._holders if one.is_late}
        lent = [*late.values()][: self._total]
        taken = Counter(one.model for one in self._holders if one not in lent)
        return taken.total() < self._total and taken[model] < self._most_of_one
