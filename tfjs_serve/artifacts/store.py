"""The store of artifacts: found by key, published as a whole, pruned to a size.

All methods block and are safe to call from several threads; several processes may share one
cache folder. No lock is needed for that: directories appear and disappear by renaming, and
whoever finds that another was faster uses what the other made. The layout is told in
``folder.py``.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tfjs_serve.artifacts.atomic import store_errors
from tfjs_serve.artifacts.folder import CacheFolder, delete_tree, last_used
from tfjs_serve.artifacts.generations import Generation, GenerationLog
from tfjs_serve.artifacts.model import Artifact, ArtifactFile, ArtifactKey
from tfjs_serve.artifacts.pruning import StoredArtifact, choose_removals, protected_keys
from tfjs_serve.artifacts.record import (
    RECORD,
    DamagedArtifactError,
    bounded_notes,
    check_staged,
    has_all_bytes,
    has_all_files,
    read_artifact,
    write_record,
)

_TOUCH_SECONDS = 60.0
"""How exactly the last use is known; less than ``pruning.RECENT_SECONDS``."""
_PUBLISH_ATTEMPTS = 3
"""The place may be taken by a damaged artifact, which is moved aside, more than once in a race."""


class ArtifactStore:
    """Published artifacts in a cache folder.

    Parameters
    ----------
    root
        The cache folder; created if it is missing.
    limit_bytes
        What :meth:`prune` brings the size down to.
    grace_seconds
        How long superseded generations, and generations in use, are kept whatever their size.
    clock
        Seconds since the epoch; the same for all processes that share the folder.

    Raises
    ------
    StoreError
        By the constructor and by every method, when the folder cannot be used.
    """

    def __init__(
        self,
        root: Path,
        *,
        limit_bytes: int,
        grace_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = CacheFolder(root)
        self._limit_bytes = limit_bytes
        self._grace_seconds = grace_seconds
        self._clock = clock
        self._log = GenerationLog(
            self._folder.generations, grace_seconds=grace_seconds, clock=clock
        )
        self._lock = threading.Lock()
        self._known: dict[ArtifactKey, Artifact] = {}
        self._touched: dict[ArtifactKey, float] = {}
        with store_errors(root):
            self._folder.prepare()
            self._folder.remove_leftovers(clock())

    def get(self, key: ArtifactKey) -> Artifact | None:
        """Return the artifact if it is there with all files; a damaged one is removed."""
        with store_errors(self._folder.root):
            artifact = self._find(key)
            return artifact if artifact and self._mark_used(artifact) else None

    @contextmanager
    def stage(self) -> Iterator[Path]:
        """Lend an empty directory to be filled and published; removed if it was not."""
        with store_errors(self._folder.root):
            directory = self._folder.new_staging_directory()
        try:
            yield directory
        finally:
            delete_tree(directory)

    def publish(
        self,
        key: ArtifactKey,
        staged: Path,
        files: Sequence[ArtifactFile],
        notes: Sequence[str] = (),
    ) -> Artifact:
        """Make a staged directory the artifact of `key`, or return the one that is there already.

        Parameters
        ----------
        staged
            A directory that :meth:`stage` lent.
        files
            All files in it.
        notes
            What is to be known about it, in sentences; very many or long ones are shortened.

        Raises
        ------
        MisreportedFilesError
            The directory does not hold exactly `files` with their sizes and digests.
        """
        if staged.parent != self._folder.staging:
            raise ValueError(f"not a staging directory of this store: {staged}")
        with store_errors(self._folder.root):
            check_staged(staged, key, files)
            artifact = Artifact(
                key=key,
                directory=self._folder.artifact_directory(key),
                files=tuple(files),
                notes=bounded_notes(notes),
            )
            write_record(staged, artifact)
            now = self._clock()
            os.utime(staged / RECORD, (now, now))
            return self._rename_into_place(artifact, staged)

    def verify(self, artifact: Artifact) -> bool:
        """Return whether every byte of `artifact` is as it was published, reading all of it."""
        with store_errors(self._folder.root):
            try:
                return has_all_bytes(artifact)
            except FileNotFoundError:
                return False

    def record_generation(self, label: str, key: ArtifactKey) -> None:
        """Say that `key` is what `label` is now. Nothing changes if it was so before."""
        with store_errors(self._folder.root):
            self._log.record(label, key)

    def generations(self, label: str) -> tuple[ArtifactKey, ...]:
        """Return what `label` is and was, newest first, as far as the grace time reaches."""
        return tuple(entry.key for entry in self.generation_log(label))

    def generation_log(self, label: str) -> tuple[Generation, ...]:
        """Return the same with the times at which each was recorded and superseded."""
        with store_errors(self._folder.root):
            return self._log.of(label)

    def prune(self) -> int:
        """Remove the least recently used artifacts beyond the size limit.

        Those that :func:`~tfjs_serve.artifacts.pruning.protected_keys` names stay. Generations
        that nobody needs any more are forgotten.

        Returns
        -------
        int
            The bytes that were freed.
        """
        with store_errors(self._folder.root):
            stored = tuple(self._folder.stored_artifacts())
            protected = protected_keys(
                stored, self._log.all(), now=self._clock(), grace_seconds=self._grace_seconds
            )
            removals = choose_removals(stored, protected, self._limit_bytes)
            freed_bytes = sum(item.size_bytes for item in removals if self._remove(item))
            self._log.forget(lambda key: self._folder.artifact_directory(key).exists())
            return freed_bytes

    def _find(self, key: ArtifactKey) -> Artifact | None:
        directory = self._folder.artifact_directory(key)
        artifact = self._load(directory, key)
        if artifact is None and directory.exists():
            # It may have been published just after the first look.
            artifact = self._load(directory, key)
            if artifact is None:
                self._discard(directory, key)
        return artifact

    def _load(self, directory: Path, key: ArtifactKey) -> Artifact | None:
        """Return the artifact in `directory` if it is whole."""
        known = self._known.get(key)
        try:
            artifact = known or read_artifact(directory, key)
        except (FileNotFoundError, DamagedArtifactError):
            return None
        is_whole = has_all_files(artifact)
        with self._lock:
            if is_whole:
                self._known[key] = artifact
            else:
                self._known.pop(key, None)
        return artifact if is_whole else None

    def _discard(self, directory: Path, key: ArtifactKey) -> None:
        """Move a damaged directory aside, unless it was a whole one after all."""
        grave = self._folder.move_to_trash(directory)
        if grave is None:
            return
        # Between our look and our move another process may have put a good one in its place.
        with suppress(FileNotFoundError, DamagedArtifactError):
            if has_all_files(read_artifact(grave, key)):
                with suppress(OSError):
                    self._folder.publish(grave, key)
        delete_tree(grave)

    def _rename_into_place(self, artifact: Artifact, staged: Path) -> Artifact:
        for attempt in range(1, _PUBLISH_ATTEMPTS + 1):
            try:
                self._folder.publish(staged, artifact.key)
            except OSError:
                # Usually another process or thread was faster, and its bytes are as good.
                if existing := self.get(artifact.key):
                    return existing
                if attempt == _PUBLISH_ATTEMPTS or not staged.exists():
                    raise
            else:
                break
        with self._lock:
            self._known[artifact.key] = artifact
        return artifact

    def _mark_used(self, artifact: Artifact) -> bool:
        """Note the time, not too often; return whether the artifact is still there."""
        now = self._clock()
        with self._lock:
            if abs(now - self._touched.get(artifact.key, float("-inf"))) < _TOUCH_SECONDS:
                return True
            self._touched[artifact.key] = now
        try:
            os.utime(artifact.directory / RECORD, (now, now))
        except FileNotFoundError:
            return False
        except PermissionError:
            # Another user's cache that we may read: its owner's use decides.
            return True
        return True

    def _remove(self, item: StoredArtifact) -> bool:
        directory = self._folder.artifact_directory(item.key)
        if last_used(directory) > item.last_used:
            return False
        with self._lock:
            self._known.pop(item.key, None)
            self._touched.pop(item.key, None)
        return self._folder.remove(directory)
