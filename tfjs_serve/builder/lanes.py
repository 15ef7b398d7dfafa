"""Threads for work that takes as long as files are large: hashing, syncing, deleting."""

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
"""From here on, work may take longer than a request for something else should wait."""
_THREADS_PER_LANE = 2
"""More would only fight for the disk."""


class Lanes:
    """Two lanes: what is large never holds up what is small.

    Neither takes a thread of :func:`asyncio.to_thread`, which has few: those look things up for
    requests that are answered at once.
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
        """Call `function`, which works on `size_bytes`, in a thread.

        Raises
        ------
        TfjsServeError
            The lanes are closed.
        """
        if self._is_closed:
            raise TfjsServeError("no work is begun any more: the server is closing")
        lane = self._small if size_bytes < LARGE_BYTES else self._large
        call = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(lane, call)

    def close(self) -> None:
        """Begin nothing any more; what was begun goes on to its end."""
        self._is_closed = True
        for lane in (self._small, self._large):
            lane.shutdown(wait=False, cancel_futures=True)
