"""Which artifacts to remove when the cache is too large. Pure: the store acts on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tfjs_serve.artifacts.generations import Generation
from tfjs_serve.artifacts.model import ArtifactKey

RECENT_SECONDS = 120.0
"""What was used this recently is kept: it may be about to be recorded as a generation."""
TOUCH_SECONDS = 60.0
"""How precisely the last use is known; less than ``RECENT_SECONDS``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArtifact:
    """An artifact in the cache.

    Attributes
    ----------
    last_used
        In seconds since the epoch.
    """

    key: ArtifactKey
    size_bytes: int
    last_used: float


def protected_keys(
    stored: Iterable[StoredArtifact],
    generations_by_label: Iterable[Sequence[Generation]],
    *,
    now: float,
    grace_seconds: float,
) -> frozenset[ArtifactKey]:
    """Return the artifacts that are kept regardless of the size limit.

    These are the newest generation of each label if it was used within the grace time, all that
    were superseded within the grace time, and all that were used just now. Because uses are
    recorded only every ``TOUCH_SECONDS``, that much is added to the grace time.
    """
    in_use_seconds = grace_seconds + TOUCH_SECONDS
    in_use = {item.key for item in stored if now - item.last_used <= in_use_seconds}
    recent = {item.key for item in stored if now - item.last_used <= RECENT_SECONDS}
    generations = [entry for entries in generations_by_label for entry in entries]
    newest = {entry.key for entry in generations if entry.superseded_at is None}
    superseded = {
        entry.key
        for entry in generations
        if entry.superseded_at is not None and now - entry.superseded_at <= grace_seconds
    }
    return frozenset(recent | superseded | (newest & in_use))


def choose_removals(
    stored: Sequence[StoredArtifact], protected: frozenset[ArtifactKey], limit_bytes: int
) -> tuple[StoredArtifact, ...]:
    """Return what to remove, least recently used first, until the rest is within the limit.

    The rest exceeds the limit if the protected artifacts alone do.
    """
    excess_bytes = sum(item.size_bytes for item in stored) - limit_bytes
    removals: list[StoredArtifact] = []
    for item in sorted(stored, key=lambda item: (item.last_used, item.key.digest)):
        if excess_bytes > 0 and item.key not in protected:
            removals.append(item)
            excess_bytes -= item.size_bytes
    return tuple(removals)
