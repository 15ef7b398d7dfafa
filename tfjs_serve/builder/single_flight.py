"""Many callers, one piece of work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from tfjs_serve.settings import SHUTDOWN_SECONDS

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
Start = Callable[[], Coroutine[Any, Any, T]]


class SingleFlight(Generic[K, T]):
    """Lets all who ask for the same key at the same time share one task.

    A caller that is cancelled leaves the others undisturbed. When all have left, the work goes on:
    whoever reloads a page asks for the same thing a moment later.
    """

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Task[T]] = {}

    async def join(self, key: K, start: Start[T]) -> T:
        """Return what the work for `key` returns; `start` begins it if nobody has."""
        return await asyncio.shield(self.begin(key, start))

    def begin(self, key: K, start: Start[T]) -> asyncio.Task[T]:
        """Begin the work for `key` unless somebody has, and return the task that does it."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(start())
            task.add_done_callback(partial(self._landed, key))
        return task

    def _landed(self, key: K, task: asyncio.Task[T]) -> None:
        del self._tasks[key]
        if not task.cancelled():
            task.exception()  # seen, also when nobody waits any more

    async def close(self) -> None:
        """Cancel all work, and wait for its end as long as a shutdown may take."""
        await _cancel(list(self._tasks.values()))


@dataclass(slots=True)
class _Turn(Generic[T]):
    version: Hashable
    start: Start[T]
    task: asyncio.Task[T] = field(init=False)


class Turns(Generic[K, T]):
    """Lets one piece of work per key go on at a time; who comes meanwhile shares the next one.

    The work under way is shared by those who ask for the version that it was begun for. All others
    ask for something newer: however many versions they saw, one more piece of work, which begins
    after they asked, answers them all. As in :class:`SingleFlight`, nobody's leaving ends it.
    """

    def __init__(self) -> None:
        self._running: dict[K, _Turn[T]] = {}
        self._waiting: dict[K, _Turn[T]] = {}

    async def join(self, key: K, version: Hashable, start: Start[T]) -> T:
        """Return what the work for `key` returns; `start` begins it if it has to begin."""
        waiting, running = self._waiting.get(key), self._running.get(key)
        if waiting is not None:
            waiting.version, waiting.start = version, start
            return await asyncio.shield(waiting.task)
        if running is not None and running.version == version:
            return await asyncio.shield(running.task)
        turn = self._waiting[key] = _Turn(version, start)
        turn.task = asyncio.create_task(self._take(key, turn, running))
        turn.task.add_done_callback(partial(self._landed, key, turn))
        return await asyncio.shield(turn.task)

    async def _take(self, key: K, turn: _Turn[T], running: _Turn[T] | None) -> T:
        if running is not None:
            await asyncio.wait([running.task])
        del self._waiting[key]
        self._running[key] = turn
        return await turn.start()

    def _landed(self, key: K, turn: _Turn[T], task: asyncio.Task[T]) -> None:
        for turns in (self._running, self._waiting):
            if turns.get(key) is turn:
                del turns[key]
        if not task.cancelled():
            task.exception()  # seen, also when nobody waits any more

    async def close(self) -> None:
        """Cancel all work, and wait for its end as long as a shutdown may take."""
        turns = [*self._waiting.values(), *self._running.values()]
        await _cancel([turn.task for turn in turns])


async def _cancel(tasks: Sequence[asyncio.Task[T]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=SHUTDOWN_SECONDS)
