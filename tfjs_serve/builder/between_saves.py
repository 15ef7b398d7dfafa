"""Catch a file that never comes to rest between two saves: the blocking steps.

Three things together stand for the rest that there is not:

- Its writer makes the file anew for each save: it was seen incomplete, of another size or of
  another inode. Of a file that is only ever edited in place nothing tells that an edit is over.
- It is complete by its own table of contents, and nobody is known to hold a lock to write it.
- It was read twice with the same bytes, and was the same file before and after.
"""

from __future__ import annotations

import threading
from pathlib import Path

from tfjs_serve.builder.snapshots import copy_file, digest_file, looks_complete
from tfjs_serve.builder.stamps import Stamps, read_stamps, unreadable
from tfjs_serve.builder.write_locks import is_write_locked
from tfjs_serve.catalog.model import CatalogEntry, FileStamp


class BetweenSaves:
    """What is known of how one file is written, and how to copy it when it is whole."""

    def __init__(self, entry: CatalogEntry) -> None:
        self._entry = entry
        self._last: FileStamp | None = None
        self._is_made_anew = False

    def notice(self, stamps: Stamps) -> None:
        """Learn from what the file was at some moment."""
        (now,) = stamps
        last, self._last = self._last, now
        if last is not None and (last.inode, last.size_bytes) != (now.inode, now.size_bytes):
            self._is_made_anew = True

    def is_whole(self) -> bool:
        """Return whether a save has ended and the next one has not begun, as far as can be seen.

        Raises
        ------
        SourceChangedError, KerasFileError
            The file is gone, or cannot be read.
        """
        stamps = read_stamps(self._entry)
        self.notice(stamps)
        try:
            if not looks_complete(self._entry.path):
                self._is_made_anew = True
                return False
        except OSError as error:
            raise unreadable(self._entry, error) from error
        return self._is_made_anew and not is_write_locked(stamps[0].inode)

    def copy(self, target: Path, closed: threading.Event) -> tuple[Stamps, str] | None:
        """Copy the file; ``None`` unless it was whole before, and is the same still.

        In one go: the time between two saves may be short.

        Returns
        -------
        tuple
            What the file was, and the SHA-256 (hexadecimal) of the copy.

        Raises
        ------
        SourceChangedError, KerasFileError
            The file is gone, or cannot be read.
        StoreError
            The copy cannot be written.
        """
        stamps = read_stamps(self._entry)
        if not self.is_whole():
            return None
        try:
            digest = copy_file(self._entry.path, target, closed)
            # Two writes can share one time, so the times alone do not tell that there was none.
            same = digest_file(self._entry.path, closed) == digest
        except OSError as error:
            raise unreadable(self._entry, error) from error
        return (stamps, digest) if same and read_stamps(self._entry) == stamps else None


def copy_at_rest(
    entry: CatalogEntry, stamps: Stamps, target: Path, closed: threading.Event
) -> str | None:
    """Copy the file of `stamps`, which is at rest; ``None`` if it is not any more."""
    try:
        digest = copy_file(entry.path, target, closed)
    except OSError as error:
        raise unreadable(entry, error) from error
    return digest if read_stamps(entry) == stamps else None
