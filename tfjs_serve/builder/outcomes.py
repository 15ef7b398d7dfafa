"""The results of attempts to build entries, as far as later requests need them."""

from __future__ import annotations

from dataclasses import dataclass

from tfjs_serve.artifacts.model import Artifact, ArtifactKey
from tfjs_serve.builder.model import EntryState, EntryStatus
from tfjs_serve.builder.stamps import Stamps
from tfjs_serve.errors import (
    SourceChangedError,
    StoreError,
    TfjsServeError,
    WorkerUnavailableError,
)
from tfjs_serve.settings import SETTLE_DEADLINE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the last attempt at one entry and variant ended.

    Attributes
    ----------
    state
        ``READY``, ``FAILED`` or ``STALE``.
    stamps
        The files that were tried.
    artifact
        What is served: the newest version, or the last good one if ``STALE``.
    error
        The reason for ``FAILED`` or ``STALE``.
    at_seconds
        When the attempt ended, on a monotonic clock.
    """

    state: EntryState
    stamps: Stamps
    at_seconds: float
    artifact: Artifact | None = None
    error: TfjsServeError | None = None

    @property
    def key(self) -> ArtifactKey | None:
        """The key of what is served."""
        return self.artifact.key if self.artifact is not None else None

    def settles(self, stamps: Stamps) -> bool:
        """Whether a request for exactly these files needs no new attempt."""
        return self.stamps == stamps and not (self.error and is_passing(self.error))

    def describes(self, stamps: Stamps, now_seconds: float) -> bool:
        """Whether a catalogue should show this outcome for an entry with these files.

        A passing error is shown for a while whatever the files are, because the files of a model
        that is being written change all the time.
        """
        if self.error and is_passing(self.error):
            return now_seconds < self.at_seconds + SETTLE_DEADLINE_SECONDS
        return self.stamps == stamps

    def is_news_after(self, last: Outcome | None) -> bool:
        """Whether listeners who know of `last` should hear of this outcome."""
        if last is None or (last.state, last.key) != (self.state, self.key):
            return True
        if self.error is None or last.error is None:
            return False
        same_files = self.stamps == last.stamps or is_passing(self.error)
        return not same_files or self.error.message != last.error.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What a look at an entry has found, until it is built.

    Attributes
    ----------
    stamps
        The files that were looked at.
    status
        What is known of them; with facts, or with the error that a conversion would raise.
    """

    stamps: Stamps
    status: EntryStatus


def is_passing(error: TfjsServeError) -> bool:
    """Whether the same file may convert a moment later: the file is not to blame."""
    return isinstance(error, (SourceChangedError, StoreError, WorkerUnavailableError))
