"""The nouns of the builder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from tfjs_serve.artifacts.model import Artifact, ArtifactFile
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.settings import Variant
from tfjs_serve.worker.protocol import ConversionReport, ConversionRequest, Progress


class EntryState(str, Enum):
    """What the builder knows about an entry.

    ``checked`` is one that was diagnosed and can be converted, but has not been yet.
    """

    FOUND = "found"
    CHECKED = "checked"
    CONVERTING = "converting"
    READY = "ready"
    FAILED = "failed"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryStatus:
    """State of one entry in one variant.

    Attributes
    ----------
    error
        The reason for ``failed`` or ``stale``.
    progress
        Share of the weights that is written, 0 to 1, while converting.
    notes
        What users should know about the artifact that is served.
    facts
        What is known of the model; ``None`` if nobody has looked at it yet.
    is_passing
        Whether it will become ``found`` after a while, although nothing happens to the model.
    """

    state: EntryState
    error: TfjsServeError | None = None
    progress: float | None = None
    notes: tuple[str, ...] = ()
    facts: ModelFacts | None = None
    is_passing: bool = False

    @property
    def needs_layers(self) -> bool:
        """Whether a page has to load ``layers.js`` before it; known after a look at the model."""
        return self.facts is not None and self.facts.needs_layers

    @property
    def can_be_loaded(self) -> bool | None:
        """Whether a page can load the model; ``None`` if nobody has looked at it yet."""
        if self.state is EntryState.FAILED:
            return False
        return True if self.facts is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What is served for an entry: an artifact, and if it is not of the newest file, why not."""

    artifact: Artifact
    stale_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptGeneration:
    """A version of a model of which the files are still there.

    Attributes
    ----------
    recorded_at
        When it became the newest, in seconds since the epoch.
    """

    artifact: Artifact
    recorded_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A model that was converted into a folder, which holds exactly `files`.

    Attributes
    ----------
    notes
        What users of the model should know.
    """

    folder: Path
    files: tuple[ArtifactFile, ...]
    notes: tuple[str, ...]


class BuildEventKind(str, Enum):
    """What happened to an entry."""

    DIAGNOSED = "diagnosed"
    STARTED = "started"
    PROGRESS = "progress"
    READY = "ready"
    FAILED = "failed"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildEvent:
    """Something that is worth a line on the terminal.

    Attributes
    ----------
    progress
        Share of the weights that is written, 0 to 1; only for ``progress``.
    seconds
        How long the conversion took; only for ``ready``, and ``None`` if the store already had it.
    size_bytes
        Size of the artifact's files, without the layers beside it; only for ``ready``.
    notes
        What users should know about the artifact; only for ``ready``.
    needs_layers
        Whether a page has to load ``layers.js`` before it; only for ``ready``.
    generation
        Which version of the model it is, as pages are told; only for ``ready``.
    error
        The reason for ``failed`` or ``stale``, and for ``diagnosed`` if it cannot be converted.
    reason
        Why the last good version is served; only for ``stale``.
    """

    kind: BuildEventKind
    entry: CatalogEntry
    variant: Variant
    progress: float | None = None
    seconds: float | None = None
    size_bytes: int | None = None
    notes: tuple[str, ...] = ()
    needs_layers: bool = False
    generation: str | None = None
    error: TfjsServeError | None = None
    reason: str | None = None


Listener = Callable[[BuildEvent], None]


class Converter(Protocol):
    """What the builder needs from :class:`tfjs_serve.worker.client.WorkerPool`."""

    async def convert(
        self, request: ConversionRequest, on_progress: Callable[[Progress], None]
    ) -> ConversionReport:
        """Convert one model into a folder. Raises ``TfjsServeError``."""

    async def diagnose(self, request: ConversionRequest) -> ConversionReport:
        """Find out what a conversion would do, without it. Raises ``TfjsServeError``."""
