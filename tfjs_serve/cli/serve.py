"""``tfjs-serve serve DIR``: the server, from its options to its shutdown."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfjs_serve.builder import Builder
from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.catalog.root import check_folders
from tfjs_serve.cli.console import Terminal, logging_by
from tfjs_serve.cli.help_texts import option
from tfjs_serve.cli.json_voice import JsonVoice
from tfjs_serve.cli.keyboard import keys_read
from tfjs_serve.cli.leaving import leaving
from tfjs_serve.cli.one_run import Run
from tfjs_serve.cli.options import (
    absolute_path,
    allow_save_option,
    cache_dir_option,
    cache_size_option,
    complete_folder,
    custom_layers_option,
    follow_symlinks_option,
    grace_option,
    no_training_option,
    quantize_option,
    shard_size_option,
    tfjs_url_option,
    worker_memory_option,
)
from tfjs_serve.cli.pressing import action_of_keys, open_browser
from tfjs_serve.cli.reach import reach_of, reach_options
from tfjs_serve.cli.telling import Teller
from tfjs_serve.cli.text_voice import TextVoice
from tfjs_serve.exporting.building import new_builder
from tfjs_serve.saving.token import token_for
from tfjs_serve.saving.way_back import new_saver
from tfjs_serve.settings import DEFAULT_HOST, DEFAULT_PORT, ServerSettings, Variant
from tfjs_serve.web import listening
from tfjs_serve.web.app import create_app, create_runner
from tfjs_serve.web.cors import CorsPolicy
from tfjs_serve.web.hosts import HostPolicy
from tfjs_serve.web.services import SERVICES, Services
from tfjs_serve.web.tfjs import tfjs_at

if TYPE_CHECKING:
    from tfjs_serve.catalog.watcher import Watcher

_LOG_LEVELS = ("debug", "info", "warning", "error")
_LOG_FORMATS = ("text", "json")
_access_log = logging.getLogger("tfjs_serve.access")


@click.command()
@click.argument(
    "models_dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    callback=absolute_path,
    shell_complete=complete_folder,
)
@option(
    "--host",
    metavar="ADDRESS",
    default=DEFAULT_HOST,
    show_default=True,
    help="Address to listen on.",
)
@option(
    "--port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    show_default=f"{DEFAULT_PORT}, or the next free one",
    help="Port to listen on; 0 for any free one.",
)
@reach_options
@option("--open", "opens_browser", is_flag=True, help="Open the list of models in a browser.")
@cache_dir_option
@cache_size_option
@grace_option(
    "How long pages that load an earlier version of a model still get its weights, whatever "
    "--cache-size says."
)
@shard_size_option()
@quantize_option("Serve weights quantized where no variant is asked for.")
@option(
    "--cors-origin",
    "cors_origins",
    multiple=True,
    metavar="ORIGIN",
    help="Let pages of this origin load models, besides those of localhost; "
    "repeatable; 'https://*.example.com' for subdomains, null for files, '*' for all.",
)
@option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="Answer requests for this host name, besides localhost and addresses; "
    "repeatable; .example.com for all names under it, '*' for all.",
)
@allow_save_option
@follow_symlinks_option
@custom_layers_option
@no_training_option
@worker_memory_option
@tfjs_url_option
@option(
    "--diagnose/--no-diagnose",
    default=True,
    show_default=True,
    help="Whether to look at models before they are requested.",
)
@option("--poll", is_flag=True, help="Do not rely on file events: look every second.")
@option(
    "--log-level",
    type=click.Choice(_LOG_LEVELS),
    default="info",
    show_default=True,
    help="How much to log besides what happens to models; debug logs every request.",
)
@option(
    "--log-format",
    type=click.Choice(_LOG_FORMATS),
    default="text",
    show_default=True,
    help="How to print what happens: json for a line with an object for each event.",
)
def serve(
    *,
    opens_browser: bool,
    log_level: str,
    log_format: str,
    variant: Variant,
    allow_save: bool,
    **options: Any,
) -> None:
    """Serve the models in the folder DIR, converted when they are requested.

    Files that are added or changed while it runs are noticed automatically.
    """
    for name in ("cors_origins", "allowed_hosts"):
        options[name] = frozenset(options[name])
    reach = reach_of(options)
    settings = ServerSettings(default_variant=variant, **options)
    check_folders(settings)
    CorsPolicy.from_settings(settings.cors_origins)
    HostPolicy.from_settings(settings.host, settings.allowed_hosts)
    tfjs_at(settings.tfjs_url)
    if allow_save:
        token = token_for(settings.models_dir, settings.cache_dir)
        settings = replace(settings, save_token=token)
    voice = JsonVoice() if log_format == "json" else TextVoice(Terminal())
    log = logging_by(voice.log_handler, log_level)
    with log, _listening(settings) as sockets, leaving() as leave:
        port = listening.port_of(sockets)
        run = Run(
            settings=replace(settings, port=port),
            sockets=sockets,
            port=port,
            reach=reach,
            voice=voice,
            leave=leave,
            opens_browser=opens_browser,
            access_log=_access_log if log_level == "debug" else None,
        )
        asyncio.run(_serve(run))


@contextmanager
def _listening(settings: ServerSettings) -> Iterator[Sequence[socket.socket]]:
    sockets = listening.listen(settings.host, settings.port)
    try:
        yield sockets
    finally:
        for one in sockets:
            one.close()


async def _serve(run: Run) -> None:
    """Start everything, wait to be stopped, and end everything, mostly in reverse order."""
    settings = run.settings
    stop = _stop_signal()
    async with AsyncExitStack() as stack:
        builder, workers = await new_builder(settings)
        stack.push_async_callback(workers.close)
        catalog = Catalog(settings.models_dir, follow_symlinks=settings.follow_symlinks)
        servers, services = await _start_web(run, catalog, builder, stack)
        # From here on requests are answered, those for lists when the folder has been looked at.
        stack.push_async_callback(builder.close)
        await workers.start()
        teller = Teller(run.voice, settings, run.place)
        log = await teller.start(services, catalog, builder, stack)
        await _start_watching(settings, catalog, stack)
        await builder.prepare()
        await teller.greet(services, builder, log, stack)
        for server in servers:  # closed first, so that there are no new connections
            stack.callback(server.close)
        url = f"{run.origin}/"
        if run.opens_browser:
            open_browser(url)
        if run.keys_terminal is not None:
            stack.enter_context(keys_read(action_of_keys(run.keys_terminal, url, stop.set)))
        await stop.wait()
    run.voice.stopped()
    run.leave.start()


async def _start_web(
    run: Run, catalog: Catalog, builder: Builder, stack: AsyncExitStack
) -> tuple[list[asyncio.Server], Services]:
    saver = new_saver(catalog, builder, run.settings) if run.settings.save_token else None
    app = create_app(catalog=catalog, builder=builder, settings=run.settings, saver=saver)
    runner = create_runner(app, access_log=run.access_log)
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    assert runner.server is not None
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(runner.server, sock=taken, ssl=run.reach.context)
        for taken in run.sockets
    ]
    return servers, app[SERVICES]


async def _start_watching(
    settings: ServerSettings, catalog: Catalog, stack: AsyncExitStack
) -> None:
    new_watcher = await asyncio.to_thread(_watcher_class)
    watcher = new_watcher(catalog, rescan_seconds=settings.rescan_seconds, poll=settings.poll)
    stack.push_async_callback(watcher.stop)
    await watcher.start()


def _watcher_class() -> type[Watcher]:
    """Import what is not needed for the first answers."""
    from tfjs_serve.catalog.watcher import Watcher  # noqa: PLC0415 - see above

    return Watcher


def _stop_signal() -> asyncio.Event:
    """Return an event that Ctrl-C sets; a second Ctrl-C interrupts whatever is still running."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def ask_to_stop(*_signal_and_frame: object) -> None:
        for number in numbers:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, _interrupt)
        loop.call_soon_threadsafe(stop.set)

    numbers = [signal.SIGINT, signal.SIGTERM]
    for number in numbers:
        _handle(loop, number, ask_to_stop)
    return stop


def _handle(loop: asyncio.AbstractEventLoop, number: int, handler: Callable[..., None]) -> None:
    try:
        loop.add_signal_handler(number, handler)
    except NotImplementedError:  # Windows
        signal.signal(number, handler)


def _interrupt(*_signal_and_frame: object) -> None:
    raise KeyboardInterrupt
