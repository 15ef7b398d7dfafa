"""How a running server tells what happens: in lines for people, or in JSON for programs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tfjs_serve.cli.wording import Line
from tfjs_serve.settings import ServerSettings
from tfjs_serve.web.listing import ModelSummary
from tfjs_serve.web.overview import Overview


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is in the folder, as far as it is known when the server has started.

    Attributes
    ----------
    summaries
        Of the models that were looked at first; there may be more.
    """

    summaries: Sequence[ModelSummary]
    overview: Overview


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the server is, and what is to be said of that.

    Attributes
    ----------
    origin
        What its URLs start with on this machine.
    open_origins
        What they start with on others; empty if only this machine can connect.
    is_lan
        Whether it is meant for the devices of a room (``--lan``).
    authority
        What a device may install to trust the certificate that was made here.
    has_keys
        Whether keys that are pressed do something.
    """

    origin: str
    open_origins: Sequence[str] = ()
    is_lan: bool = False
    authority: Path | None = None
    has_keys: bool = False

    @property
    def is_encrypted(self) -> bool:
        """Whether the server speaks TLS."""
        return self.origin.startswith("https:")


class Voice(Protocol):
    """Tells what happens."""

    @property
    def log_handler(self) -> logging.Handler:
        """What prints records of the log."""

    def prepare(self) -> None:
        """Import what telling needs; this may be done in a thread."""

    def greet(self, found: Found, settings: ServerSettings, place: Place) -> None:
        """Tell that the server has started, and what it serves."""

    def line(self, line: Line) -> None:
        """Tell what happened to a model."""

    def known(self, overview: Overview, origin: str) -> None:
        """Tell that all models have been looked at, if that took longer than the greeting."""

    def stopped(self) -> None:
        """Tell that the server has ended."""
