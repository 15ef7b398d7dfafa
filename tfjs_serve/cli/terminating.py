"""SIGTERM ends a command in the same way as Ctrl-C, so that it takes away what is unfinished."""

from __future__ import annotations

import signal
import sys
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
        assert callable(handler)
        handler(signal.SIGINT, frame)

    with _handled_though_ignored():
        signal.signal(signal.SIGTERM, interrupt)
        try:
            yield
        except KeyboardInterrupt:
            if was_told:
                raise Terminated from None
            raise
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def _handled_though_ignored() -> Iterator[None]:
    """Have a handler of SIGINT also if that is ignored, as by what shells start in the background.

    An event loop puts its own handler in the place of Python's, which ends its work in order. An
    exception at any place, such as between making a folder and noting it, would not. SIGINT itself
    stays without effect.
    """
    if sys.platform == "win32" or signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
