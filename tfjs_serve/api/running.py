"""Run asynchronous work for a caller that does not, wherever the caller is.

In a script nothing else runs. In a cell of a notebook, or in a program with ``asyncio``, an event
loop is running in the thread of the caller, and a second one may not run there: it gets a thread of
its own, and the caller waits for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end and return its result; Ctrl-C, and any exception, lets it tidy up."""
    piece = _Piece(work)
    return _in_thread(piece) if _is_loop_here() else piece.result()


def _is_loop_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Piece(Generic[T]):
    """An event loop of its own for one piece of work."""

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._loop = new_loop()
        self._task = self._loop.create_task(work)

    def result(self) -> T:
        """Run the loop until the work is done."""
        try:
            return self._loop.run_until_complete(self._task)
        finally:
            with contextlib.closing(self._loop):
                tidy(self._loop)

    def cancel(self) -> None:
        """Have the work end; from another thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: the work is done
            self._loop.call_soon_threadsafe(self._task.cancel)


def tidy(loop: asyncio.AbstractEventLoop) -> None:
    """End what is left behind in a loop, as ``asyncio.run`` does; it can be closed then."""
    loop.run_until_complete(_end_all_tasks())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())


async def _end_all_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _in_thread(piece: _Piece[T]) -> T:
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(piece.result())
        except BaseException as error:  # noqa: BLE001 -- it is raised where it is waited for
            future.set_exception(error)

    thread = threading.Thread(target=work, name="tfjs-serve")
    thread.start()
    try:
        return future.result()
    except BaseException:
        piece.cancel()
        raise
    finally:
        thread.join()


def new_loop() -> asyncio.AbstractEventLoop:
    """Return a loop that can start processes, which that of a notebook on Windows cannot."""
    if sys.platform == "win32":
        return asyncio.ProactorEventLoop()
    return asyncio.new_event_loop()
