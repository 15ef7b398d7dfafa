"""The store of artifacts: found by key, published as a whole, pruned to a size.

All methods block and are safe to call from several threads; several processes may share one
cache folder. No lock is needed for that: directories appear and disappear by renaming, and
whoever finds that another was faster uses what the other made. The layout is told in
``folder.py``.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
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

_READ_ONLY = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
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

    def is_intact(self, artifact: Artifact, file: ArtifactFile) -> bool:
        """Return whether the bytes of one file are those that were published.

        They are read if this object has not read them since the file last changed. An artifact
        with a damaged file is removed, so that it is made again.
        """
        with store_errors(self._folder.root):
            if self._intact.holds(artifact, file):
                return True
            self._forget(artifact.key)
            self._discard(artifact.directory, artifact.key, is_whole=has_all_bytes)
            return False

    def record_generation(self, label: str, key: ArtifactKey) -> None:
        """Say that `key` is what `label` is now. Nothing changes if it was so before."""
        with store_errors(self._folder.root):
            artifact = self._find(key)
            names = [file.name for file in artifact.files] if artifact else []
            self._log.record(label, key, names)

    def generations_with(self, label: str, file_name: str) -> tuple[ArtifactKey, ...]:
        """Return what `label` is known to have been, in any order, that had a file of that name.

        They reach back further than the grace time, and may have been removed since.
        """
        with store_errors(self._folder.root):
            return tuple(self._log.with_file(label, file_name))

    def generations(self, label: str) -> tuple[ArtifactKey, ...]:
        """Return what `label` is and was, newest first, as far as the grace time reaches."""
        return tuple(entry.key for entry in self.generation_log(label))

    def generation_log(self, label: str) -> tuple[Generation, ...]:
        """Return the same with the times at which each was recorded and superseded."""
        with store_errors(self._folder.root):
            return self._log.of(label)

    def prune(self) -> int:
        """Remove the least recently used artifacts beyond the size limit.

        Those that :func:`~tfjs_serve.artifacts.pruning.protected_keys` names stay, also if they
        alone are beyond the limit: it is said once in the log. Generations that nobody needs any
        more are forgotten, and what dead processes left is deleted.

        Returns
        -------
        int
            The bytes that were freed.
        """
        with store_errors(self._folder.root):
            return self._cleaner.clean()

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

    def _discard(
        self,
        directory: Path,
        key: ArtifactKey,
        *,
        is_whole: Callable[[Artifact], bool] = has_all_files,
    ) -> None:
        """Move a damaged directory aside, unless it was a whole one after all."""
        grave = self._folder.move_to_trash(directory)
        if grave is None:
            return
        # Between our look and our move another process may have put a good one in its place.
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
                # Usually another process or thread was faster, and its bytes are as good.
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
        """Note the time, not too often; return whether the artifact is still there."""
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
            # Another user's cache that we may read, or one on a file system that has become
            # read-only (as Linux makes it after errors): what is there can still be served.
            if error.errno not in _READ_ONLY:
                raise
        return True

    def _forget(self, key: ArtifactKey) -> None:
        with self._lock:
            self._known.pop(key, None)
            self._touched.pop(key, None)
        self._intact.forget(key)
