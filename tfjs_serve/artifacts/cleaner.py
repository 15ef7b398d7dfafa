"""Shrink the cache to its limit by removing what :mod:`~tfjs_serve.artifacts.pruning` chooses."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from tfjs_serve.artifacts.folder import CacheFolder, last_used
from tfjs_serve.artifacts.generations import GenerationLog
from tfjs_serve.artifacts.model import ArtifactKey
from tfjs_serve.artifacts.pruning import StoredArtifact, choose_removals, protected_keys
from tfjs_serve.artifacts.record import RECORD
from tfjs_serve.settings import MIB

_log = logging.getLogger(__name__)


class Cleaner:
    """Removes what exceeds the limit.

    Parameters
    ----------
    on_removal
        Called with each artifact that is about to be removed.
    """

    def __init__(
        self,
        folder: CacheFolder,
        log: GenerationLog,
        *,
        limit_bytes: int,
        grace_seconds: float,
        clock: Callable[[], float],
        on_removal: Callable[[ArtifactKey], None],
    ) -> None:
        self._folder = folder
        self._log = log
        self._limit_bytes = limit_bytes
        self._grace_seconds = grace_seconds
        self._clock = clock
        self._on_removal = on_removal
        self._is_too_large = False

    def clean(self) -> int:
        """Clean up and return the bytes freed; see :meth:`.store.ArtifactStore.prune`."""
        self._folder.remove_leftovers_of_the_dead()
        stored = tuple(map(self._dated, self._folder.stored_artifacts()))
        protected = protected_keys(
            stored, self._log.all(), now=self._clock(), grace_seconds=self._grace_seconds
        )
        removals = choose_removals(stored, protected, self._limit_bytes)
        freed_bytes = sum(item.size_bytes for item in removals if self._remove(item))
        self._warn_if_too_large(sum(item.size_bytes for item in stored) - freed_bytes)
        self._log.forget(lambda key: self._folder.artifact_directory(key).exists())
        return freed_bytes

    def _dated(self, item: StoredArtifact) -> StoredArtifact:
        """Move a last use in the future to now, or it would keep the artifact forever."""
        now = self._clock()
        if item.last_used <= now + 1:
            return item
        with suppress(FileNotFoundError):
            os.utime(self._folder.artifact_directory(item.key) / RECORD, (now, now))
        return replace(item, last_used=now)

    def _remove(self, item: StoredArtifact) -> bool:
        directory = self._folder.artifact_directory(item.key)
        if last_used(directory) > item.last_used:
            return False
        self._on_removal(item.key)
        return self._folder.remove(directory)

    def _warn_if_too_large(self, size_bytes: int) -> None:
        """Warn once that the limit is exceeded, and again only after it was met in between."""
        was_too_large, self._is_too_large = self._is_too_large, size_bytes > self._limit_bytes
        if self._is_too_large and not was_too_large:
            _log.warning(
                "the cache %s holds %.1f MiB, more than the %.1f MiB of --cache-size: pages may "
                "still load all of it; a shorter --grace lets older versions go sooner",
                self._folder.root,
                size_bytes / MIB,
                self._limit_bytes / MIB,
            )
