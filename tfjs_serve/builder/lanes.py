"""Threads for work whose time depends on the size of files: hashing, syncing, deleting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from tfjs_serve.errors import TfjsServeError
from tfjs_serve.settings import MIB
from tfjs_serve.threads import in_thread

P = ParamSpec("P")
T = TypeVar("T")

LARGE_BYTES = 32 * MIB
"""From this size on, work may take longer than an unrelated request should wait."""
_AT_ONCE = 2
"""Per lane; more would only compete for the disk."""
_PATIENCE_SECONDS = 10.0
"""Work that takes longer lends its place, but goes on: perhaps a disk never answers."""


class Lanes:
    """Two lanes, so that large files never hold up small ones.

    Neither uses the few threads of :func:`asyncio.to_thread`: those do look-ups for requests that
    are answered at once.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._small, self._large = asyncio.Semaphore(_AT_ONCE), asyncio.Semaphore(_AT_ONCE)
        self._is_closed = False

    async def run(
        self, size_bytes: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call `function`, which processes `size_bytes`, in a thread.

        Raises
        ------
        TfjsServeError
            The lanes are closed.
        """
        async with self._small if size_bytes < LARGE_BYTES else self._large:
            if self._is_closed:
                raise TfjsServeError("no new work is started: the server is closing")
            result = in_thread(partial(function, *args, **kwargs), self._name)
            await asyncio.wait([result], timeout=_PATIENCE_SECONDS)
        return await result

    def close(self) -> None:
        """Start nothing new; running work goes on until it is finished, or the process ends."""
        self._is_closed = True
