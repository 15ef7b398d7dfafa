"""The store of artifacts: found by key, published in one step, pruned to a size.

All methods block and are thread-safe, and several processes may share one cache folder. No lock is
needed for that: directories appear and disappear by renaming, and a process that finds another one
was faster uses what the other made. ``folder.py`` describes the layout.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path

from tfjs_serve.artifacts.atomic import store_errors
from tfjs_serve.artifacts.cleaner import Cleaner
from tfjs_serve.artifacts.folder import CacheFolder, delete_tree
from tfjs_serve.artifacts.generations import Generation, GenerationLog
from tfjs_serve.artifacts.integrity import IntactFiles
from tfjs_serve.artifacts.model import Artifact, ArtifactFile, ArtifactKey
from tfjs_serve.artifacts.pruning import TOUCH_SECONDS
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
from tfjs_serve.facts.model import ModelFacts

_READ_ONLY = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_PUBLISH_ATTEMPTS = 3
"""A damaged artifact may be in the way and is moved aside; in a race, more than once."""


class ArtifactStore:
    """Published artifacts in a cache folder.

    Parameters
    ----------
    root
        The cache folder; created if it is missing.
    limit_bytes
        The size that :meth:`prune` reduces the cache to.
    grace_seconds
        How long superseded generations, and generations in use, are kept regardless of size.
    clock
        Seconds since the epoch; the same for all processes that share the folder.

    Raises
    ------
    StoreError
        The folder cannot be used. Raised by the constructor and by every method.
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
        self._clock = clock
        self._log = GenerationLog(
            self._folder.generations,
            replace_file=self._folder.replace_file,
            grace_seconds=grace_seconds,
            clock=clock,
        )
        self._cleaner = Cleaner(
            self._folder,
            self._log,
            limit_bytes=limit_bytes,
            grace_seconds=grace_seconds,
            clock=clock,
            on_removal=self._forget,
        )
        self._lock = threading.Lock()
        self._known: dict[ArtifactKey, Artifact] = {}
        self._touched: dict[ArtifactKey, float] = {}
        self._intact = IntactFiles()
        with store_errors():
            self._folder.prepare()
            self._folder.remove_leftovers(clock())

    def get(self, key: ArtifactKey) -> Artifact | None:
        """Return the artifact if all its files exist; a damaged one is removed."""
        with store_errors():
            artifact = self._find(key)
            return artifact if artifact and self._mark_used(artifact) else None

    def errors(self) -> AbstractContextManager[None]:
        """Raise ``StoreError`` for errors of the system inside the context."""
        return store_errors()

    def directory(self, key: ArtifactKey) -> Path:
        """Return where the artifact is, if it exists."""
        return self._folder.artifact_directory(key)

    @contextmanager
    def stage(self) -> Iterator[Path]:
        """Provide an empty directory to fill and publish; it is removed if it is not published."""
        with store_errors():
            directory = self._folder.new_staging_directory()
        try:
            yield directory
        finally:
            self._folder.remove_staged(directory)

    def publish(
        self,
        key: ArtifactKey,
        staged: Path,
        files: Sequence[ArtifactFile],
        notes: Sequence[str] = (),
        *,
        facts: ModelFacts = ModelFacts(),  # noqa: B008  # it is frozen
        known: Collection[str] = (),
    ) -> Artifact:
        """Make a staged directory the artifact of `key`, or return an existing one.

        Parameters
        ----------
        staged, files
            A directory from :meth:`stage`, and all files in it.
        notes
            What users should know about the artifact, in sentences; too many or too long ones are
            shortened.
        facts
            What is known of the model.
        known
            Digests of files that this process wrote itself; they are not read again.

        Raises
        ------
        MisreportedFilesError
            The directory does not contain exactly `files` with their sizes and digests.
        ValueError
            `staged` is not from :meth:`stage` of this store.
        """
        if staged.parent != self._folder.staging:
            raise ValueError(f"not a staging directory of this store: {staged}")
        with store_errors():
            check_staged(staged, files, known)
            artifact = Artifact(
                key=key,
                directory=self._folder.artifact_directory(key),
                files=tuple(files),
                notes=bounded_notes(notes),
                facts=facts,
            )
            write_record(staged, artifact)
            now = self._clock()
            os.utime(staged / RECORD, (now, now))
            return self._rename_into_place(artifact, staged)

    def is_intact(self, artifact: Artifact, file: ArtifactFile) -> bool:
        """Return whether one file has the bytes that were published.

        It is read unless this object has read it since it last changed. An artifact with a damaged
        file is removed, so that it is made again.
        """
        with store_errors():
            if self._intact.holds(artifact, file):
                return True
            self._forget(artifact.key)
            self._discard(artifact.directory, artifact.key, is_whole=has_all_bytes)
            return False

    def record_generation(self, label: str, key: ArtifactKey, made_of: str = "") -> None:
        """Record `key`, `made_of` something, as the newest generation of `label` if it is not."""
        with store_errors():
            self._log.record(label, key, partial(self._file_names, key), made_of)

    def generations_with(self, label: str, file_name: str) -> tuple[ArtifactKey, ...]:
        """Return, in any order, the known generations of `label` that had a file of that name.

        These go back further than the grace time, and may have been removed since.
        """
        with store_errors():
            return tuple(self._log.with_file(label, file_name))

    def generations(self, label: str) -> tuple[ArtifactKey, ...]:
        """Return the generations of `label` within the grace time, newest first."""
        return tuple(entry.key for entry in self.generation_log(label))

    def generation_log(self, label: str) -> tuple[Generation, ...]:
        """Return the same generations, with the times when they were recorded and superseded."""
        with store_errors():
            return self._log.of(label)

    def prune(self) -> int:
        """Remove the least recently used artifacts beyond the size limit.

        Those that :func:`~tfjs_serve.artifacts.pruning.protected_keys` returns are kept, even if
        they alone exceed the limit, which the log then says once. Generations that are no longer
        needed are forgotten, and what dead processes left is deleted.

        Returns
        -------
        int
            The bytes that were freed.
        """
        with store_errors():
            return self._cleaner.clean()

    def _file_names(self, key: ArtifactKey) -> list[str]:
        return [file.name for file in artifact.files] if (artifact := self._find(key)) else []

    def _find(self, key: ArtifactKey) -> Artifact | None:
        directory = self._folder.artifact_directory(key)
        artifact = self._load(directory, key)
        if artifact is None and directory.exists():
            # It may have been published just after the first attempt.
            artifact = self._load(directory, key)
            if artifact is None:
                self._discard(directory, key)
        return artifact

    def _load(self, directory: Path, key: ArtifactKey) -> Artifact | None:
        """Return the artifact in `directory` if it is complete."""
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

    def _discard(
        self,
        directory: Path,
        key: ArtifactKey,
        *,
        is_whole: Callable[[Artifact], bool] = has_all_files,
    ) -> None:
        """Remove a damaged directory, but put it back if it turns out to be complete."""
        grave = self._folder.move_to_trash(directory)
        if grave is None:
            return
        # Before it was moved, another process may have put a good one in its place.
        with suppress(FileNotFoundError, DamagedArtifactError):
            if is_whole(read_artifact(grave, key)):
                with suppress(OSError):
                    self._folder.publish(grave, key)
        delete_tree(grave)

    def _rename_into_place(self, artifact: Artifact, staged: Path) -> Artifact:
        for attempt in range(1, _PUBLISH_ATTEMPTS + 1):
            try:
                self._folder.publish(staged, artifact.key)
            except OSError:
                # Usually another process or thread was faster, and its bytes are the same.
                if existing := self.get(artifact.key):
                    return existing
                if attempt == _PUBLISH_ATTEMPTS or not staged.exists():
                    raise
            else:
                break
        with self._lock:
            self._known[artifact.key] = artifact
        self._intact.note(artifact)
        return artifact

    def _mark_used(self, artifact: Artifact) -> bool:
        """Record the time, but not too often; return whether the artifact still exists."""
        now = self._clock()
        with self._lock:
            if abs(now - self._touched.get(artifact.key, float("-inf"))) < TOUCH_SECONDS:
                return True
            self._touched[artifact.key] = now
        try:
            os.utime(artifact.directory / RECORD, (now, now))
        except FileNotFoundError:
            return False
        except OSError as error:
            # A cache of another user that we may read, or one on a file system that has become
            # read-only, as Linux makes it after errors, can still be served from.
            if error.errno not in _READ_ONLY:
                raise
        return True

    def _forget(self, key: ArtifactKey) -> None:
        with self._lock:
            self._known.pop(key, None)
            self._touched.pop(key, None)
        self._intact.forget(key)
