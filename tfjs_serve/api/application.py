"""``tfjs_serve.create_app``: a folder of models in an aiohttp application of the caller."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

from aiohttp import web

from tfjs_serve.api.options import StrPath, absolute_path, all_of
from tfjs_serve.builder import Builder
from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.catalog.one_model import OneModelCatalog
from tfjs_serve.catalog.root import check_folders
from tfjs_serve.catalog.watcher import Watcher
from tfjs_serve.errors import SettingsError
from tfjs_serve.exporting.building import builder_with, open_store
from tfjs_serve.settings import DEFAULT_TFJS_URL, ServerSettings, Variant
from tfjs_serve.user_folders import default_cache_dir
from tfjs_serve.web import app as web_app
from tfjs_serve.web.services import SERVICES
from tfjs_serve.worker.client import WorkerPool

Quantization = Literal["float16", "uint16", "uint8"]


def create_app(
    models_dir: StrPath,
    *,
    quantize: Quantization | None = None,
    cors_origins: Iterable[str] = (),
    allowed_hosts: Iterable[str] = (),
    follow_symlinks: bool = False,
    custom_layers: Iterable[str] = (),
    tfjs_url: str = DEFAULT_TFJS_URL,
    cache_dir: StrPath | None = None,
) -> web.Application:
    """Return an application that serves the models in a folder, as ``tfjs-serve`` does.

    Run it by itself, or mount it in another application below a path with ``add_subapp``. Whatever
    it needs is started with the application, and ended with it. Protection against slow clients,
    and the fast answers to repeated requests, belong to the server of the command, and are not part
    of the application.

    Parameters
    ----------
    models_dir
        The folder, which has to exist.
    quantize
        How weights are stored where no variant is asked for.
    cors_origins
        Pages of these origins may load models, besides those of this machine; ``"*"``: all.
    allowed_hosts
        Requests for these host names are answered, besides those for this machine; ``"*"``: all.
        Give the names of the site.
    follow_symlinks
        Whether links that lead out of the folder are followed.
    custom_layers
        Names of your own layer classes that pages register themselves.
    tfjs_url
        Where the models' pages get TensorFlow.js from: a URL, or the absolute path of the file
        ``tf.es2017.min.js`` or of the npm package ``@tensorflow/tfjs``.
    cache_dir
        Where converted models are kept; the default is the user's cache folder.

    Raises
    ------
    SettingsError
        An argument makes no sense, or there is no such folder.
    StoreError
        The cache folder cannot be used.
    """
    settings = server_settings(
        absolute_path(models_dir),
        quantize=quantize,
        cors_origins=cors_origins,
        allowed_hosts=allowed_hosts,
        follow_symlinks=follow_symlinks,
        custom_layers=custom_layers,
        tfjs_url=tfjs_url,
        cache_dir=cache_dir,
    )
    check_folders(settings)
    return application_of(
        Catalog(settings.models_dir, follow_symlinks=settings.follow_symlinks), settings
    )


def server_settings(
    models_dir: Path,
    *,
    quantize: str | None,
    cors_origins: Iterable[str],
    allowed_hosts: Iterable[str],
    follow_symlinks: bool,
    custom_layers: Iterable[str],
    tfjs_url: str,
    cache_dir: StrPath | None,
) -> ServerSettings:
    """Return the settings that the arguments of a public function stand for.

    Raises
    ------
    SettingsError
        An argument makes no sense.
    """
    return ServerSettings(
        models_dir=models_dir,
        cache_dir=default_cache_dir() if cache_dir is None else absolute_path(cache_dir),
        default_variant=_variant(quantize),
        cors_origins=frozenset(all_of(cors_origins)),
        allowed_hosts=frozenset(all_of(allowed_hosts)),
        follow_symlinks=follow_symlinks,
        custom_layers=all_of(custom_layers),
        tfjs_url=tfjs_url,
    )


def application_of(catalog: Catalog, settings: ServerSettings) -> web.Application:
    """Return the application that serves what `catalog` knows.

    Raises
    ------
    StoreError
        The cache folder cannot be used.
    """
    builder, workers = builder_with(open_store(settings), settings)
    app = web_app.create_app(catalog=catalog, builder=builder, settings=settings)

    async def running(app: web.Application) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _start(app, catalog, builder, workers, stack)
            yield

    app.cleanup_ctx.append(running)
    return app


def _variant(quantize: str | None) -> Variant:
    """Return the variant that is served by default. Raises ``SettingsError`` if there is none."""
    known = {one.value: one for one in Variant if one.is_quantized}
    if quantize is not None and quantize not in known:
        raise SettingsError(
            f"weights cannot be quantized to {quantize!r}", hint=f"give one of {', '.join(known)}"
        )
    return Variant.FULL if quantize is None else known[quantize]


async def _start(
    app: web.Application,
    catalog: Catalog,
    builder: Builder,
    workers: WorkerPool,
    stack: AsyncExitStack,
) -> None:
    """Start what the application needs, and have `stack` end it in reverse order."""
    services = app[SERVICES]
    stack.push_async_callback(workers.close)
    stack.push_async_callback(builder.close)
    await workers.start()
    models = await services.catalogue.models()
    stack.callback(catalog.subscribe(builder.diagnoser.changed))
    builder.diagnoser.add(models.by_exact_name.values())
    settings = services.settings
    poll = settings.poll or isinstance(catalog, OneModelCatalog)
    watcher = Watcher(catalog, rescan_seconds=settings.rescan_seconds, poll=poll)
    stack.push_async_callback(watcher.stop)
    await watcher.start()
    await builder.prepare()
