"""What a running server tells people: a greeting, and then one line for each event."""

from __future__ import annotations

import logging

from tfjs_serve.cli.banner import print_banner
from tfjs_serve.cli.console import Terminal, TerminalLogHandler
from tfjs_serve.cli.voice import Found, Place
from tfjs_serve.cli.wording import Line
from tfjs_serve.settings import ServerSettings
from tfjs_serve.web.overview import Overview


class TextVoice:
    """Prints on a terminal, or into a file."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    @property
    def log_handler(self) -> logging.Handler:
        """What prints records of the log."""
        return TerminalLogHandler(self.terminal)

    def prepare(self) -> None:
        """Import what printing needs."""
        self.terminal.prepare()

    def greet(self, found: Found, settings: ServerSettings, place: Place) -> None:
        """Print which models are served where, which are not, and what is open to others."""
        print_banner(self.terminal, found, settings, place)

    def line(self, line: Line) -> None:
        """Print a line, and below it what to do if something failed."""
        self.terminal.line(line)

    def known(self, overview: Overview, origin: str) -> None:
        """Sum up what the greeting did not wait for."""
        reasons = f"; the reasons are at {origin}/" if overview.fail else ""
        self.terminal.text(f"  {overview.in_words}{reasons}", style="bold")

    def stopped(self) -> None:
        """Say that the server has ended."""
        self.terminal.text("Stopped.", style="dim")
