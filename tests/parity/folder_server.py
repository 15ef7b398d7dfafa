"""A folder over HTTP, without the project's own server: for tests of conversions alone."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024
    """TensorFlow.js asks for all shards at once."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve `folder` on this machine only, and give its URL, without a slash at the end."""
    with serving_with(functools.partial(_Quiet, directory=str(folder))) as url:
        yield url


@contextmanager
def serving_with(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve what `handler` answers, in the same way."""
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
