"""One piece of work for many callers."""

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
    """Lets all callers who ask for the same key at the same time share one task.

    Cancelling one caller does not affect the others. The work goes on even if all are cancelled,
    because someone who reloads a page asks for the same thing a moment later.
    """

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Task[T]] = {}

    async def join(self, key: K, start: Start[T]) -> T:
        """Return the result of the work for `key`; `start` starts it if nobody has yet."""
        return await asyncio.shield(self.begin(key, start))

    def begin(self, key: K, start: Start[T]) -> asyncio.Task[T]:
        """Start the work for `key` unless somebody has, and return its task."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(start())
            task.add_done_callback(partial(self._landed, key))
        return task

    def _landed(self, key: K, task: asyncio.Task[T]) -> None:
        del self._tasks[key]
        if not task.cancelled():
            task.exception()  # retrieved, even if nobody waits for it

    async def close(self) -> None:
        """Cancel all work, and wait until it has ended or the time for a shutdown is over."""
        await _cancel(list(self._tasks.values()))


@dataclass(slots=True)
class _Turn(Generic[T]):
    version: Hashable
    start: Start[T]
    task: asyncio.Task[T] = field(init=False)


class Turns(Generic[K, T]):
    """Runs one piece of work per key at a time; callers that come meanwhile share the next one.

    Callers that ask for the version for which the current work was started share that work. All
    others want something newer: whichever versions they saw, one more piece of work, which starts
    after they asked, answers them all. As in :class:`SingleFlight`, cancelled callers end nothing.
    """

    def __init__(self) -> None:
        self._running: dict[K, _Turn[T]] = {}
        self._waiting: dict[K, _Turn[T]] = {}

    async def until_idle(self) -> None:
        """Wait until nobody waits for anything."""
        while turns := [*self._waiting.values(), *self._running.values()]:
            await asyncio.wait([turn.task for turn in turns])

    async def join(self, key: K, version: Hashable, start: Start[T]) -> T:
        """Return the result of the work for `key`; `start` starts it if necessary.

        Parameters
        ----------
        version
            What the caller wants; work that was started for the same version is shared.
        """
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
            task.exception()  # retrieved, even if nobody waits for it

    async def close(self) -> None:
        """Cancel all work, and wait until it has ended or the time for a shutdown is over."""
        turns = [*self._waiting.values(), *self._running.values()]
        await _cancel([turn.task for turn in turns])


async def _cancel(tasks: Sequence[asyncio.Task[T]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=SHUTDOWN_SECONDS)
