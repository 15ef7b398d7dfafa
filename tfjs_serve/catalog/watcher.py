"""Keep the catalogue current: file events are only hints, regular scans find everything."""

from __future__ import annotations

import asyncio
import logging
import os
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.catalog.names import split_model_file
from tfjs_serve.neighbours import is_like_neighbour
from tfjs_serve.settings import POLL_SECONDS, SHUTDOWN_SECONDS

_logger = logging.getLogger(__name__)

DEBOUNCE_SECONDS = 0.1
"""A save causes dozens of events, and one look is enough for all of them."""
_APART_SECONDS = 0.02
"""Between two looks, also when files end one after the other, as when an archive is unpacked."""
_ENDS = frozenset({"closed", "moved"})
"""Events after which nothing more is likely to come; not every platform has them."""
_OWN_READS = frozenset({"opened", "closed_no_write"})


def is_hint(event: FileSystemEvent) -> bool:
    """Whether the event can mean that a model, or what is served with it, was changed.

    Reading causes events too, including our own. Other files that change beside the models, such as
    logs and plots, are ignored; a JSON file may be an architecture. Shards may have any name, and
    are found by the regular scans.
    """
    if event.event_type in _OWN_READS:
        return False
    if event.is_directory:
        return event.event_type != "modified"  # each file in it has an event of its own
    return any(map(_folder_to_look_at, (event.src_path, event.dest_path)))


def hinted_folders(event: FileSystemEvent) -> Iterator[str | None]:
    """Yield the folders to look at after an event; ``None`` stands for the whole tree."""
    if not is_hint(event):
        return
    if event.is_directory:
        yield None
        return
    yield from filter(None, map(_folder_to_look_at, (event.src_path, event.dest_path)))


def _folder_to_look_at(path: bytes | str) -> str | None:
    folder, file_name = os.path.split(os.fsdecode(path))
    is_json = file_name.lower().endswith(".json")
    is_model = is_json or split_model_file(file_name) is not None
    return folder if is_model or is_like_neighbour(file_name) else None


class _Hints(FileSystemEventHandler):
    """Calls `hint` from watchdog's thread, with a folder, and whether a file in it has ended."""

    def __init__(self, hint: Callable[[str | None, bool], object]) -> None:
        self._hint = hint

    def on_any_event(self, event: FileSystemEvent) -> None:
        for folder in hinted_folders(event):
            self._hint(folder, event.event_type in _ENDS)


class Watcher:
    """Has the catalogue look where something has happened, and everywhere at regular intervals.

    Never opens a model file.

    Parameters
    ----------
    rescan_seconds
        How long a change without an event may stay unnoticed.
    poll
        Use no file events, but scan every second. This is also done when the platform cannot
        provide events, as when inotify instances or watches are exhausted.
    """

    def __init__(self, catalog: Catalog, *, rescan_seconds: float, poll: bool) -> None:
        self._catalog = catalog
        self._rescan_seconds = rescan_seconds
        self._poll = poll
        self._hinted = asyncio.Event()
        self._ended = asyncio.Event()
        self._observer: BaseObserver | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Start watching; changes from now on are noticed."""
        if self._poll:
            _logger.info("looking at %s every %g s", self._catalog.models_dir, self._interval)
        else:
            await self._observe()
        self._stopping = False
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(_report_crash)

    async def stop(self) -> None:
        """Stop watching, and end all threads used for it."""
        if self._task is not None:
            # Both: before Python 3.12, asyncio.wait_for may swallow a cancellation.
            self._stopping = True
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        await self._stop_observer()

    @property
    def _interval(self) -> float:
        """Seconds between two regular scans; the margin is for the scan itself."""
        unseen = min(self._rescan_seconds, POLL_SECONDS) if self._poll else self._rescan_seconds
        return 0.75 * unseen

    @property
    def _rest(self) -> float:
        """How long to rest after a regular scan, as a multiple of the time that it took."""
        return 1.0 if self._poll else 10.0

    async def _observe(self) -> None:
        loop = asyncio.get_running_loop()

        def hint(folder: str | None, is_end: bool) -> None:
            with suppress(RuntimeError):  # the loop is closed: the process is ending
                loop.call_soon_threadsafe(self._take_hint, folder, is_end)

        try:
            self._observer = await asyncio.to_thread(
                start_observer, self._catalog.models_dir, _Hints(hint)
            )
        except OSError as error:
            self._fall_back(error.strerror or str(error))
        else:
            self._poll = self._observer is None

    def _fall_back(self, reason: str) -> None:
        self._poll = True
        folder = self._catalog.models_dir
        message = "no file events for %s (%s): looking at it every %g s instead"
        _logger.warning(message, folder, reason, self._interval)

    def _take_hint(self, folder: str | None, is_end: bool) -> None:
        self._catalog.hint(folder)
        self._hinted.set()
        if is_end:
            self._ended.set()

    async def _run(self) -> None:
        due = time.monotonic()
        while not self._stopping:
            started = time.monotonic()
            is_regular = started >= due
            await self._look(self._catalog.scan if is_regular else self._catalog.refresh)
            await self._check_observer()
            looked_seconds = time.monotonic() - started
            if is_regular:
                due = time.monotonic() + max(self._interval, self._rest * looked_seconds)
            await self._pause(due, looked_seconds)

    async def _look(self, look: Callable[[], Awaitable[object]]) -> None:
        try:
            await look()
        except OSError:  # a disk that fails now may work at the next scan
            _logger.exception("cannot look at %s", self._catalog.models_dir)

    async def _pause(self, until: float, looked_seconds: float) -> None:
        """Wait for a hint, or until `until` on the monotonic clock.

        For a folder that is slow to look at, at most half of the time is spent looking. The end of
        a file is not waited for any longer: pages that follow a model wait for this look.
        """
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._hinted.wait(), until - time.monotonic())
            await asyncio.sleep(max(_APART_SECONDS, looked_seconds))
            await asyncio.wait_for(self._ended.wait(), DEBOUNCE_SECONDS - _APART_SECONDS)
        self._hinted.clear()
        self._ended.clear()

    async def _check_observer(self) -> None:
        """Notice an observer that died, as some do when a watched folder is removed."""
        observer = self._observer
        if observer is None or _is_alive(observer):
            return
        await self._stop_observer()
        self._fall_back("the observer stopped")

    async def _stop_observer(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            await asyncio.to_thread(_stop, observer)


def _report_crash(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _logger.error("the folder is no longer watched", exc_info=task.exception())


def start_observer(folder: os.PathLike[str], handler: Any) -> BaseObserver | None:
    """Have `handler` called for events in `folder`; ``None`` if the platform can only poll.

    Raises
    ------
    OSError
        The platform cannot watch this folder now.
    """
    # A folder made during a look at its parent is watched twice, which does no harm.
    warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
    observer = Observer()
    if isinstance(observer, PollingObserver):
        return None
    try:
        # inotify does not follow links, not even if the folder itself is one.
        observer.schedule(handler, os.path.realpath(folder), recursive=True)
        observer.start()
    except BaseException:
        _stop(observer)
        raise
    return observer


def _is_alive(observer: BaseObserver) -> bool:
    return observer.is_alive() and all(emitter.is_alive() for emitter in observer.emitters)


def _stop(observer: BaseObserver) -> None:
    observer.stop()
    if observer.is_alive():
        observer.join(SHUTDOWN_SECONDS)
