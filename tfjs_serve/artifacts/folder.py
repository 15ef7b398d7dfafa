"""The layout of the cache folder, and the steps that move whole directories in it.

.. code-block:: text

    <root>/
      CACHEDIR.TAG             backup programs skip the folder
      artifacts/<key>/         one published directory each; never changed, only renamed away
        artifact.json          files with sizes and digests, and notes; its mtime is the last use
        model.json, ...
      generations/<label>/     see generations.py
      processes/<process>      locked by a process while it fills something; see presence.py
      staging/<process>-<random>  directories and files that are being filled
      trash/<pid>-<random>/    directories that are being deleted

All of it is on one file system, so a rename publishes or removes a whole directory at once.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tfjs_serve.artifacts.atomic import rename_directory, replace_file, unique_name
from tfjs_serve.artifacts.model import ArtifactKey
from tfjs_serve.artifacts.presence import Presence, gone_processes
from tfjs_serve.artifacts.pruning import StoredArtifact
from tfjs_serve.artifacts.record import RECORD

STALE_STAGING_SECONDS = 24 * 60 * 60
"""A staging directory in which nothing was written for this long has lost its process.

This counts only where locks do not tell. Process ids never tell, because servers in several
containers, or on several machines, may share a cache.
"""

_TAG = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n"
    b"# Converted models of tfjs-serve. They are made again when they are missing.\n"
    b"# For the meaning of this file see https://bford.info/cachedir/\n"
)


class CacheFolder:
    """Paths and moves within one cache folder. Raises ``OSError`` where the system does."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.generations = root / "generations"
        self.staging = root / "staging"
        self._artifacts = root / "artifacts"
        self._trash = root / "trash"
        self._processes = root / "processes"
        self._presence = Presence(self._processes, fills=self.staging)
        self._undeleted: set[Path] = set()

    def prepare(self) -> None:
        """Create what is missing."""
        for folder in (self._artifacts, self.generations, self.staging, self._trash):
            folder.mkdir(parents=True, exist_ok=True)
        tag = self.root / "CACHEDIR.TAG"
        if not tag.exists():
            self.replace_file(tag, _TAG)

    def replace_file(self, path: Path, data: bytes) -> None:
        """Replace the whole contents of a file in the cache folder."""
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data, staged=self._new_staged())

    def artifact_directory(self, key: ArtifactKey) -> Path:
        """Where the artifact lies, or would lie."""
        return self._artifacts / key.digest

    def new_staging_directory(self) -> Path:
        """Create an empty directory that nobody else has."""
        directory = self._new_staged()
        directory.mkdir()
        return directory

    def _new_staged(self) -> Path:
        """Return a free name in the staging folder that starts with the name of this process."""
        # Someone may have emptied the cache by hand while the server runs.
        self.staging.mkdir(parents=True, exist_ok=True)
        self._presence.announce()
        return self.staging / f"{self._presence.name}-{secrets.token_hex(8)}"

    def remove_staged(self, directory: Path) -> None:
        """Delete what this process was filling.

        Permissions may be missing just now; then :meth:`remove_leftovers_of_the_dead` tries again.
        """
        delete_tree(directory)
        if _is_gone(directory):
            self._undeleted.discard(directory)
        else:
            self._undeleted.add(directory)

    def publish(self, staged: Path, key: ArtifactKey) -> None:
        """Rename a staged directory to its place; ``OSError`` if the place is taken."""
        self._artifacts.mkdir(parents=True, exist_ok=True)
        rename_directory(staged, self.artifact_directory(key))

    def move_to_trash(self, directory: Path) -> Path | None:
        """Make a directory disappear at once.

        Returns
        -------
        Path or None
            Where it is now, to be deleted; ``None`` if another process was faster, or has files in
            it open on Windows.
        """
        self._trash.mkdir(parents=True, exist_ok=True)
        grave = self._trash / unique_name()
        try:
            rename_directory(directory, grave)
        except (FileNotFoundError, PermissionError):
            return None
        return grave

    def remove(self, directory: Path) -> bool:
        """Remove a whole directory at once; return whether this call removed it."""
        grave = self.move_to_trash(directory)
        if grave:
            delete_tree(grave)
        return grave is not None

    def remove_leftovers(self, now: float) -> None:
        """Delete what dead processes left behind. Call this before anything else."""
        for grave in _children(self._trash):
            delete_tree(grave)
        for staged in _children(self.staging):
            if now - _last_written(staged, now) > STALE_STAGING_SECONDS:
                self.remove(staged)
        self.remove_leftovers_of_the_dead()

    def remove_leftovers_of_the_dead(self) -> None:
        """Delete the unfinished work of processes that are known to be dead, and our own."""
        for staged in tuple(self._undeleted):
            self.remove_staged(staged)
        gone = gone_processes(self._processes)
        for staged in _children(self.staging):
            owner, _, _ = staged.name.rpartition("-")
            if owner in gone:
                with suppress(OSError):  # a read-only cache still serves what it has
                    self.remove(staged)
        for name in gone:
            with suppress(OSError):
                (self._processes / name).unlink(missing_ok=True)

    def stored_artifacts(self) -> Iterator[StoredArtifact]:
        """Yield each published artifact, damaged or not, with its size on disk."""
        for directory in _children(self._artifacts):
            with suppress(FileNotFoundError, NotADirectoryError, ValueError):
                yield _stored_artifact(directory)


def delete_tree(directory: Path) -> None:
    """Delete a directory with its contents, as far as possible."""
    shutil.rmtree(directory, ignore_errors=True)
    # Someone may have put a file where a directory belongs.
    with suppress(OSError):
        directory.unlink(missing_ok=True)


def _is_gone(path: Path) -> bool:
    """Whether nothing is there; without permission to look, something may be."""
    try:
        path.lstat()
    except OSError as error:
        return isinstance(error, (FileNotFoundError, NotADirectoryError))
    return False


def last_used(directory: Path) -> float:
    """Return when an artifact was last used; a directory without a record never was."""
    try:
        return (directory / RECORD).stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _stored_artifact(directory: Path) -> StoredArtifact:
    key = ArtifactKey(digest=directory.name)
    size_bytes = sum(path.lstat().st_size for path in directory.iterdir())
    return StoredArtifact(key=key, size_bytes=size_bytes, last_used=last_used(directory))


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _last_written(directory: Path, now: float) -> float:
    try:
        return max(path.lstat().st_mtime for path in (directory, *_children(directory)))
    except (FileNotFoundError, NotADirectoryError):
        # It is being filled, renamed or removed right now.
        return now
