"""Import what a server needs without what no server uses."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quick_imports() -> Iterator[None]:
    """Have imports take three quarters of their time; they find no ``ssl``, if nobody has it yet.

    aiohttp brings its client along, which reads all certificates of the machine when it is
    imported. It does not if there is no ``ssl``, as in a Python that was built without it. So
    aiohttp and asyncio speak no TLS in this process, which a server of models never does. And
    Python looks for garbage again and again while modules are loaded, and finds none.
    """
    without_ssl, collects = "ssl" not in sys.modules, gc.isenabled()
    gc.disable()
    if without_ssl:
        sys.modules["ssl"] = None  # type: ignore[assignment]  # "import ssl" fails
    try:
        yield
    finally:
        if without_ssl:
            del sys.modules["ssl"]
        if collects:
            gc.enable()
