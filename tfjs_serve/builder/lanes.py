"""Threads for work whose time depends on the size of files: hashing, syncing, deleting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from tfjs_serve.errors import TfjsServeError
from tfjs_serve.settings import MIB

P = ParamSpec("P")
T = TypeVar("T")

LARGE_BYTES = 32 * MIB
"""From this size on, work may take longer than an unrelated request should wait."""
_THREADS_PER_LANE = 2
"""More would only compete for the disk."""


class Lanes:
    """Two lanes, so that large files never hold up small ones.

    Neither uses the few threads of :func:`asyncio.to_thread`: those do look-ups for requests that
    are answered at once.
    """

    def __init__(self, name: str) -> None:
        self._small, self._large = (
            ThreadPoolExecutor(_THREADS_PER_LANE, thread_name_prefix=f"{name}-{lane}")
            for lane in ("small", "large")
        )
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
        if self._is_closed:
            raise TfjsServeError("no new work is started: the server is closing")
        lane = self._small if size_bytes < LARGE_BYTES else self._large
        call = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(lane, call)

    def close(self) -> None:
        """Start nothing new; running work goes on until it is finished."""
        self._is_closed = True
        for lane in (self._small, self._large):
            lane.shutdown(wait=False, cancel_futures=True)
