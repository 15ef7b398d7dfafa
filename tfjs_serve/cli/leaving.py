"""End the process, although a thread still waits for a disk that does not answer."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PATIENCE_SECONDS = 3.0
"""Most looks at files take less than a millisecond."""


@contextmanager
def leaving() -> Iterator[threading.Timer]:
    """Provide a timer that ends the process, with exit code 0, unless the context ends before.

    Start it when all is done. The event loop waits for all threads that look at files before it
    ends, and a look at a network may last for ever.
    """
    timer = threading.Timer(_PATIENCE_SECONDS, _leave)
    timer.daemon = True
    try:
        yield timer
    finally:
        timer.cancel()


def _leave() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)
