"""One run of ``tfjs-serve serve``: what was asked for, and where it listens."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from tfjs_serve.cli.console import Terminal
from tfjs_serve.cli.keyboard import has_keyboard
from tfjs_serve.cli.reach import Reach
from tfjs_serve.cli.text_voice import TextVoice
from tfjs_serve.cli.voice import Place, Voice
from tfjs_serve.settings import ServerSettings
from tfjs_serve.web import listening


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the server: its options, and where it listens."""

    settings: ServerSettings
    sockets: Sequence[socket.socket]
    port: int
    reach: Reach
    voice: Voice
    leave: threading.Timer
    opens_browser: bool
    access_log: logging.Logger | None

    @property
    def origin(self) -> str:
        """What URLs start with."""
        # Not taken from the sockets: the last lines are printed after they are closed.
        return listening.origin_of(self.settings.host, self.port, self.reach.scheme)

    @property
    def keys_terminal(self) -> Terminal | None:
        """Where keys are pressed, if they are: not where programs read what is printed."""
        if isinstance(self.voice, TextVoice) and has_keyboard():
            return self.voice.terminal
        return None

    @property
    def place(self) -> Place:
        """What is to be said of where it listens."""
        certificate = self.reach.certificate
        return Place(
            origin=self.origin,
            open_origins=listening.open_origins(self.sockets, self.reach.scheme),
            is_lan=self.reach.is_lan,
            authority=certificate.authority if certificate else None,
            has_keys=self.keys_terminal is not None,
        )
