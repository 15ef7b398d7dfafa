"""Threads that nobody has to wait for.

A thread that reads from a network may wait for an answer that never comes, and cannot be ended. So
whoever waits for its result can stop waiting, and the process can end without it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")


def in_thread(call: Callable[[], T], name: str) -> asyncio.Future[T]:
    """Call `call` in a thread of its own.

    Nobody has to wait for the result: then the thread goes on, and what it returns or raises is
    ignored.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()
    result.add_done_callback(_retrieve)

    def work() -> None:
        settle: Callable[[], None]
        try:
            settle = partial(result.set_result, call())
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
            settle = partial(result.set_exception, error)
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(lambda: None if result.done() else settle())

    threading.Thread(target=work, name=name, daemon=True).start()
    return result


def _retrieve(result: asyncio.Future[T]) -> None:
    if not result.cancelled():
        result.exception()
