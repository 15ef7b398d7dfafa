"""Which events become lines: each change once, when the file is at rest; progress rarely.

That a conversion has started is not worth one: most are ready at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from tfjs_serve.builder import BuildEvent, BuildEventKind
from tfjs_serve.catalog.catalog import CatalogChange, ChangeKind
from tfjs_serve.cli.wording import Line, build_line, change_line, notice_line
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.web.notices import Notice

QUIET_SECONDS = 0.6
"""A save causes several changes; they become one line when nothing has changed for this long."""
PROGRESS_SECONDS = 5.0
"""How often a long conversion reports its progress."""


def merge(earlier: CatalogChange | None, later: CatalogChange) -> CatalogChange | None:
    """Return the sum of two changes of one entry; ``None`` if they cancel out."""
    if earlier is None or later.kind is earlier.kind:
        return later
    if earlier.kind is ChangeKind.ADDED:
        if later.kind is ChangeKind.REMOVED:
            return None
        return CatalogChange(kind=ChangeKind.ADDED, entry=later.entry)
    if earlier.kind is ChangeKind.REMOVED:
        return CatalogChange(kind=ChangeKind.CHANGED, entry=later.entry)
    return later


class EventLog:
    """Turns events of the catalogue and of the builder into lines.

    Parameters
    ----------
    url_of
        The URL of an entry's ``model.json``, by exact name.
    """

    def __init__(self, print_line: Callable[[Line], None], url_of: Callable[[str], str]) -> None:
        self._print_line = print_line
        self._url_of = url_of
        self._pending: dict[str, CatalogChange] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._last_progress_seconds: dict[str, float] = {}
        self._told_error: TfjsServeError | None = None
        self._told: dict[str, Line] = {}
        self.tells_diagnoses = False
        """Whether models that cannot be loaded are told before anybody requests them."""

    def changed(self, change: CatalogChange) -> None:
        """Accept a change; it is printed when nothing more happens to the entry for a moment."""
        key = change.entry.exact_name
        self._forget_timer(key)
        merged = merge(self._pending.pop(key, None), change)
        if merged is not None:
            self._pending[key] = merged
            loop = asyncio.get_running_loop()
            self._timers[key] = loop.call_later(QUIET_SECONDS, self._tell, key)

    def built(self, event: BuildEvent) -> None:
        """Accept an event of the builder; the change that led to it is printed first."""
        if event.kind is BuildEventKind.DIAGNOSED and not (event.error and self.tells_diagnoses):
            return
        if event.entry.exact_name in self._pending:
            self._tell(event.entry.exact_name)
        if event.kind in (BuildEventKind.FAILED, BuildEventKind.STALE):
            self._told_error = event.error
        due = self._progress_is_due(event)
        if due or event.kind not in (BuildEventKind.STARTED, BuildEventKind.PROGRESS):
            self._print_once(event.entry.exact_name, build_line(event), is_fault=bool(event.error))

    def asked(self, notice: Notice) -> None:
        """Accept a request that got no model; if its error was just told, once is enough."""
        told, self._told_error = self._told_error, None
        if notice.error is None or notice.error is not told:
            self._print_line(notice_line(notice))

    def _print_once(self, key: str, line: Line, *, is_fault: bool) -> None:
        """Print a line; what is wrong with a file only once until something else is told of it.

        It is found out when the file is looked at, and again when somebody asks for the model.
        """
        if is_fault and self._told.get(key) == line:
            return
        self._told[key] = line
        self._print_line(line)

    def close(self) -> None:
        """Print all pending changes."""
        for key in tuple(self._pending):
            self._tell(key)

    def _tell(self, key: str) -> None:
        self._forget_timer(key)
        self._told.pop(key, None)
        self._print_line(change_line(self._pending.pop(key), self._url_of(key)))

    def _forget_timer(self, key: str) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    def _progress_is_due(self, event: BuildEvent) -> bool:
        """Whether enough time has passed since the conversion started or was last reported."""
        key = f"{event.entry.exact_name}@{event.variant.value}"
        now = time.monotonic()
        started = event.kind is BuildEventKind.STARTED
        due = not started and now - self._last_progress_seconds.get(key, now) >= PROGRESS_SECONDS
        if started or due or key not in self._last_progress_seconds:
            self._last_progress_seconds[key] = now
        return due
