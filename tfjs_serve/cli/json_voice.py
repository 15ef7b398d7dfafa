"""``--log-format json``: each event is a line with an object, for programs that collect logs."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from tfjs_serve.cli.voice import Found, Place
from tfjs_serve.cli.wording import Line
from tfjs_serve.settings import ServerSettings
from tfjs_serve.version import __version__
from tfjs_serve.web.overview import Overview


class JsonVoice:
    """Writes lines of JSON to standard output; docs/serving.md has their members."""

    def __init__(self) -> None:
        self._out = sys.stdout

    @property
    def log_handler(self) -> logging.Handler:
        """What writes records of the log."""
        return _JsonLogHandler(self)

    def prepare(self) -> None:
        """Import nothing."""

    def greet(self, found: Found, settings: ServerSettings, place: Place) -> None:
        """Write where the server is, and how many models it has."""
        saving = {"save_token": settings.save_token} if settings.save_token else {}
        self.write(
            "info",
            "started",
            message=f"tfjs-serve {__version__} serves {settings.models_dir}",
            version=__version__,
            folder=str(settings.models_dir),
            url=f"{place.origin}/",
            network_urls=[f"{origin}/" for origin in place.open_origins],
            models=found.overview.total,
            **saving,
        )

    def line(self, line: Line) -> None:
        """Write what happened to a model, or came of a request."""
        details = {"details": list(line.details)} if line.details else {}
        self.write(line.level, line.event, subject=line.subject, message=line.message, **details)

    def known(self, overview: Overview, origin: str) -> None:  # noqa: ARG002 - for people
        """Write that all models have been looked at."""
        self.write("info", "checked", message=overview.in_words)

    def stopped(self) -> None:
        """Write that the server has ended."""
        self.write("info", "stopped", message="Stopped.")

    def write(self, level: str, event: str, **members: Any) -> None:
        """Write one line; only ASCII, so that no encoding and no line separator matters."""
        time = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        record = {"time": time.replace("+00:00", "Z"), "level": level, "event": event, **members}
        with suppress(OSError):  # nobody reads the output any more, but the server goes on
            self._out.write(json.dumps(record) + "\n")
            self._out.flush()


class _JsonLogHandler(logging.Handler):
    """Writes log records as lines, with the traceback as a member."""

    def __init__(self, voice: JsonVoice) -> None:
        super().__init__()
        self._voice = voice

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            members = {"logger": record.name, "message": record.getMessage()}
            if record.exc_info:
                members["traceback"] = "".join(traceback.format_exception(*record.exc_info))
            self._voice.write(record.levelname.lower(), "log", **members)
        except Exception:  # noqa: BLE001 - logging.Handler demands that no message may raise
            self.handleError(record)
