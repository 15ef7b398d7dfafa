"""From a catalogue entry to an Artifact: digest, store hit or one conversion, last good version."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from tfjs_serve.artifacts.model import Artifact
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.settings import Variant


class EntryState(str, Enum):
    """What the builder knows of an entry."""

    FOUND = "found"
    CONVERTING = "converting"
    READY = "ready"
    FAILED = "failed"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryStatus:
    """State of one entry in its default variant, with the error or the reason for ``stale``."""

    state: EntryState
    error: TfjsServeError | None = None
    progress: float | None = None
    """Share of the weights that is written, 0 to 1, while converting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What is served for an entry: an artifact, and why it is not of the newest file, if so."""

    artifact: Artifact
    stale_reason: str | None = None
    warnings: tuple[str, ...] = ()
