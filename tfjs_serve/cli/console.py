"""Everything that is printed.

Text is never interpreted as markup, and whatever could control a terminal is escaped. Without a
terminal the lines are plain; rich takes care of that, and of ``NO_COLOR``. It is imported when the
first line is printed: that takes a fifth of a server's start, which no page has to wait for.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from tfjs_serve.cli.wording import Line, printable
from tfjs_serve.errors import TfjsServeError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.text import Text

_Part = str | tuple[str, str]
"""Text, or text and its style."""

_COLUMN_GAP = "   "
_WIDEST_COLUMN = 40
"""What is longer stands out of its column: one long name must not move all others' URLs away."""
_DETAIL_INDENT = " " * 10


class Terminal:
    """Prints to standard output, and errors to standard error.

    Parameters
    ----------
    logs_to_stderr
        Whether the log goes there too, because programs read what else is printed.
    """

    def __init__(self, *, logs_to_stderr: bool = False) -> None:
        self._streams = sys.stdout, sys.stderr
        self._logs_to_stderr = logs_to_stderr

    def prepare(self) -> None:
        """Import what printing needs; this may be done in a thread."""
        _text("")

    @cached_property
    def _out(self) -> Console:
        return _console(self._streams[0])

    @cached_property
    def _err(self) -> Console:
        return _console(self._streams[1])

    def text(self, text: str, style: str = "") -> None:
        """Print one paragraph."""
        self._print(self._out, _text((printable(text), style)))

    def lines(self, text: str, style: str = "") -> None:
        """Print a text that may have several lines."""
        for line in text.split("\n"):
            self.text(line, style)

    def blank(self) -> None:
        """Print an empty line."""
        self._print(self._out, _text(""))

    @property
    def is_terminal(self) -> bool:
        """Whether somebody looks at it, and not a program."""
        return self._out.is_terminal

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Print pairs in two columns."""
        width = max((len(name) for name, _ in facts), default=0)
        for name, value in facts:
            parts = ((f"  {name:<{width}}  ", "dim"), printable(value))
            self._print(self._out, _text(*parts))

    def picture(self, line: str) -> None:
        """Print a line of a picture that is dark on light, whatever the terminal's colours are."""
        self._print(self._out, _text("    ", (line, "#000000 on #ffffff")))

    def pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Print names with what is to be said of each, in two columns."""
        from rich.cells import cell_len  # noqa: PLC0415 - see the top of the file

        shown = [(printable(name), printable(words)) for name, words in pairs]
        width = _width([cell_len(name) for name, _ in shown])
        for name, words in shown:
            padding = " " * (width - cell_len(name))
            self._print(self._out, _text("    ", (name, "bold"), f"{padding}{_COLUMN_GAP}{words}"))

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table; the column before the last one contains numbers.

        It is as wide as necessary, whatever the terminal: a truncated URL cannot be copied.
        """
        from rich.cells import cell_len  # noqa: PLC0415 - see the top of the file

        shown = [[printable(cell) for cell in row] for row in rows]
        columns = zip(headings, *shown, strict=True)
        widths = [_width(list(map(cell_len, column))) for column in columns]
        self._print(self._out, _row(headings, widths, ["dim"] * len(headings)))
        for cells in shown:
            self._print(self._out, _row(cells, widths, ["bold", *[""] * len(cells)]))

    def line(self, line: Line) -> None:
        """Print what happened to a model, with the time in a dim column."""
        parts = (f"{printable(line.subject)}  ", "bold"), (printable(line.message), line.style)
        self._timed(self._out, *parts)
        for detail in line.details:
            self._print(self._out, _text(_DETAIL_INDENT + printable(detail)))

    def log(self, message: str, style: str) -> None:
        """Print a line of the log, with the time."""
        console = self._err if self._logs_to_stderr else self._out
        first, *others = message.splitlines() or [""]
        self._timed(console, (printable(first), style))
        for other in others:
            self._print(console, _text(_DETAIL_INDENT + printable(other)))

    def error(self, error: TfjsServeError) -> None:
        """Print an error, its known reasons, and what to do."""
        text = _text(("error: ", "bold red"), printable(error.message))
        self._print(self._err, text)
        for detail in error.details():
            self._print(self._err, _text(printable(detail)))

    def progress(self) -> Progress:
        """Return a progress bar on standard error that disappears; hidden without a terminal."""
        from rich.progress import (  # noqa: PLC0415 - servers show none
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        return Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=self._err,
            transient=True,
            disable=not self._err.is_terminal,
        )

    def _timed(self, console: Console, *parts: _Part) -> None:
        now = datetime.now(timezone.utc).astimezone()
        self._print(console, _text((f"{now:%H:%M:%S}  ", "dim"), *parts))

    @staticmethod
    def _print(console: Console, text: Text) -> None:
        with suppress(OSError):  # nobody reads the output any more, but the server goes on
            console.print(text, soft_wrap=True)


class TerminalLogHandler(logging.Handler):
    """Prints log records as lines."""

    _STYLES = ((logging.ERROR, "red"), (logging.WARNING, "yellow"))

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record, with its traceback if it has one."""
        try:
            message = self.format(record)
            style = next((style for level, style in self._STYLES if record.levelno >= level), "")
            self._terminal.log(message, style)
        except Exception:  # noqa: BLE001 - logging.Handler demands that no message may raise
            self.handleError(record)


def logging_to(terminal: Terminal, level: str) -> AbstractContextManager[None]:
    """Print the log on `terminal`: this package from `level` on, others from warnings on."""
    return logging_by(TerminalLogHandler(terminal), level)


@contextmanager
def logging_by(handler: logging.Handler, level: str) -> Iterator[None]:
    """Have `handler` print the log: this package from `level` on, others from warnings on."""
    root, own = logging.getLogger(), logging.getLogger("tfjs_serve")
    handlers, levels = root.handlers, (root.level, own.level)
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    own.setLevel(level.upper())
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(levels[0])
        own.setLevel(levels[1])


def _width(cells: Sequence[int]) -> int:
    """Return how wide a column is, of the widths of its cells."""
    return max((cell for cell in cells if cell <= _WIDEST_COLUMN), default=0)


def _row(cells: Sequence[str], widths: Sequence[int], styles: Sequence[str]) -> Text:
    from rich.cells import cell_len  # noqa: PLC0415 - see the top of the file

    row, last = _text("  "), len(cells) - 1
    for number, (cell, width, style) in enumerate(zip(cells, widths, styles, strict=False)):
        padding = " " * (width - cell_len(cell))
        if number == last - 1:
            row.append(padding + cell + _COLUMN_GAP, style)
        else:
            row.append(cell, style).append("" if number == last else padding + _COLUMN_GAP)
    return row


def _text(*parts: _Part) -> Text:
    from rich.text import Text  # noqa: PLC0415 - see the top of the file

    return Text.assemble(*parts)


def _console(stream: TextIO) -> Console:
    from rich.console import Console  # noqa: PLC0415 - see the top of the file

    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return Console(file=stream, markup=False, highlight=False, emoji=False)
