"""``tfjs_serve.serve_background``: a server beside the program, such as a notebook, that asks."""

from __future__ import annotations

import asyncio
import atexit
import os
import socket
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from aiohttp import web

from tfjs_serve.api.application import Quantization, application_of, server_settings
from tfjs_serve.api.frames import frame_html, hosts_of_hub
from tfjs_serve.api.options import StrPath, absolute_path, all_of
from tfjs_serve.api.running import new_loop, tidy
from tfjs_serve.api.saving import save_keras_model
from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.catalog.explicit import entry_for_path, is_folder_of_models
from tfjs_serve.catalog.one_model import OneModelCatalog
from tfjs_serve.catalog.root import check_folders
from tfjs_serve.settings import DEFAULT_HOST, DEFAULT_TFJS_URL
from tfjs_serve.web.app import create_runner
from tfjs_serve.web.listening import listen, origin_of, port_of
from tfjs_serve.web.urls import is_servable, page_url

_Stop = Callable[[], object]


def serve_background(
    models: Any,
    *,
    host: str = DEFAULT_HOST,
    port: int | None = None,
    quantize: Quantization | None = None,
    cors_origins: Iterable[str] = (),
    allowed_hosts: Iterable[str] = (),
    follow_symlinks: bool = False,
    custom_layers: Iterable[str] = (),
    tfjs_url: str = DEFAULT_TFJS_URL,
    cache_dir: StrPath | None = None,
) -> BackgroundServer:
    """Serve models while the program goes on: in a script, a notebook, or an asynchronous program.

    Returns when the server answers. It ends with :meth:`BackgroundServer.stop`, at the end of a
    ``with``, or with the program.

    Parameters
    ----------
    models
        A folder of models; the file or the folder of one model; or a Keras model in memory, which
        is served as it is now.
    host
        The address to listen on.
    port
        The port to listen on; ``0``: any free one. The default is 8000, or the next free one.
    quantize, cors_origins, allowed_hosts, follow_symlinks, custom_layers, tfjs_url, cache_dir
        As in :func:`tfjs_serve.create_app`. In a JupyterHub, the names of the hub are allowed.

    Returns
    -------
    BackgroundServer
        Its ``url`` is that of the list of models, or of the page of the one model.

    Raises
    ------
    SettingsError
        It is neither a path nor a Keras model, or another argument makes no sense.
    ConversionError
        TensorFlow.js cannot compute what the model in memory computes.
    KerasFileError, TfjsFolderError
        There is no such file, or it is no model.
    ListenError
        The port is taken.
    StoreError
        The cache folder cannot be used.
    """
    with ExitStack() as made:
        path = _path_of(models, custom_layers, made)
        is_folder = is_folder_of_models(path) or not path.exists()
        settings = server_settings(
            path,
            quantize=quantize,
            cors_origins=cors_origins,
            allowed_hosts=(*all_of(allowed_hosts), *hosts_of_hub(os.environ)),
            follow_symlinks=follow_symlinks,
            custom_layers=custom_layers,
            tfjs_url=tfjs_url,
            cache_dir=cache_dir,
        )
        if is_folder:
            check_folders(settings)
            catalog, page = Catalog(path, follow_symlinks=follow_symlinks), "/"
        else:
            catalog, page = OneModelCatalog(path), page_url(entry_for_path(path).name)
        app = application_of(catalog, settings)
        sockets = listen(host, port)
        origin = origin_of(host, port_of(sockets))
        server = BackgroundServer(f"{origin}{page}", _start(app, sockets), made.pop_all().close)
    _at_exit(server.stop)
    return server


class BackgroundServer:
    """A server that runs in a thread of its own; made by :func:`serve_background`.

    Attributes
    ----------
    url
        Of the list of models, or of the page of the one model; it ends with a slash, and the
        model's own URL adds ``model.json`` to it.
    """

    def __init__(self, url: str, stop: _Stop, tidy: _Stop) -> None:
        self.url = url
        self._stop: _Stop | None = stop
        self._tidy = tidy
        self._name = f"tfjs-serve-{uuid.uuid4().hex}"
        self._lock = threading.Lock()

    def stop(self) -> None:
        """End the server, and wait until it has ended; it may be called again."""
        with self._lock:
            stop, self._stop = self._stop, None
            if stop is not None:
                try:
                    stop()
                finally:
                    self._tidy()

    def __enter__(self) -> BackgroundServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<tfjs-serve at {self.url}{'' if self._stop else ', stopped'}>"

    def _repr_html_(self) -> str | None:
        """Return the page in a frame, which notebooks show; nothing once it has ended."""
        return frame_html(self.url, self._name, os.environ) if self._stop else None


def _path_of(models: Any, custom_layers: Iterable[str], made: ExitStack) -> Path:
    """Return the path of what is to be served; a model in memory is saved in a folder of `made`."""
    if isinstance(models, (str, os.PathLike)):
        return absolute_path(models)
    folder = Path(made.enter_context(tempfile.TemporaryDirectory(prefix="tfjs-serve-")))
    name = str(getattr(models, "name", ""))
    place = folder / (name if is_servable(name) and "/" not in name else "model")
    save_keras_model(models, place, custom_layers=custom_layers)
    return place


def _at_exit(stop: _Stop) -> None:
    """Have `stop` called before Python ends its pools of threads, which it needs.

    Only a private function does that: what ``atexit`` calls comes later.
    """
    getattr(threading, "_register_atexit", atexit.register)(stop)


def _start(app: web.Application, sockets: Sequence[socket.socket]) -> _Stop:
    """Start a thread that serves; return what ends it. Raises what keeps it from starting."""
    started: Future[_Stop] = Future()
    # A daemon, because Python would wait for any other thread before it asks this one to end.
    thread = threading.Thread(
        target=_run, args=(app, sockets, started), name="tfjs-serve", daemon=True
    )
    thread.start()
    try:
        end = started.result()
    except BaseException:
        thread.join()
        raise

    def stop() -> None:
        end()
        thread.join()

    return stop


def _run(app: web.Application, sockets: Sequence[socket.socket], started: Future[_Stop]) -> None:
    with closing(new_loop()) as loop:
        try:
            loop.run_until_complete(_serve(app, sockets, started))
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            if not started.done():
                started.set_exception(error)
        finally:
            for one in sockets:
                one.close()
            tidy(loop)


async def _serve(
    app: web.Application, sockets: Sequence[socket.socket], started: Future[_Stop]
) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    runner = create_runner(app)
    try:
        await runner.setup()
        assert runner.server is not None
        servers = [await loop.create_server(runner.server, sock=one) for one in sockets]
        started.set_result(partial(loop.call_soon_threadsafe, ended.set))
        await ended.wait()
        for server in servers:  # closed first, so that there are no new connections
            server.close()
    finally:
        await runner.cleanup()
