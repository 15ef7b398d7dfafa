"""Run the work of a command, and end it in order when somebody asks for that."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from tfjs_serve.cli.exit_codes import Terminated

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` in an event loop; SIGTERM cancels it, so that it takes away what is unfinished.

    Time limits of build systems send it. It is the event loop that cancels, as with Ctrl-C. An
    exception in a signal handler could come anywhere, such as between making a folder and noting
    it. On Windows there is no SIGTERM that a process could handle.

    Raises
    ------
    Terminated
        It was cancelled by SIGTERM.
    """
    try:
        return asyncio.run(work if sys.platform == "win32" else _until_terminated(work))
    finally:
        work.close()  # if it was interrupted before it began


async def _until_terminated(work: Coroutine[Any, Any, T]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    was_told = False

    def cancel() -> None:
        nonlocal was_told
        was_told = True
        task.cancel()

    loop.add_signal_handler(signal.SIGTERM, cancel)
    try:
        return await work
    except asyncio.CancelledError:
        if was_told:
            raise Terminated from None
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
