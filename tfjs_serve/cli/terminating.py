"""SIGTERM ends a command in the same way as Ctrl-C, so that it takes away what is unfinished."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(Exception):  # noqa: N818 - somebody asked for it, so it is no error
    """The command was interrupted by SIGTERM."""


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does, unless somebody else handles it already.

    Raises
    ------
    Terminated
        The context was interrupted by it.
    """
    is_default = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if not is_default or threading.current_thread() is not threading.main_thread():
        yield
        return
    was_told = False

    def interrupt(_number: int, frame: FrameType | None) -> None:
        nonlocal was_told
        was_told = True
        handler = signal.getsignal(signal.SIGINT)  # an event loop has one of its own
        if not callable(handler):  # shells have it ignored by what they start in the background
            raise KeyboardInterrupt
        handler(signal.SIGINT, frame)

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        if was_told:
            raise Terminated from None
        raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
