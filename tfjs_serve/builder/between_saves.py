"""Copy a file that never comes to rest, between two saves: the blocking steps.

Because the file does not rest, all of these must hold instead:

- Its writer creates the file anew for each save: it was seen incomplete, or with another size or
  inode. Nothing shows when an edit is over in a file that is only ever edited in place.
- It is complete by its own table of contents, and nobody is known to hold a lock to write it.
- It was read twice with the same bytes, and had the same identity before and after.
"""

from __future__ import annotations

import threading
from pathlib import Path

from tfjs_serve.builder.several_files import digest_files
from tfjs_serve.builder.snapshots import copy_file, digest_file, looks_complete
from tfjs_serve.builder.stamps import Stamps, read_stamps, unreadable
from tfjs_serve.builder.write_locks import is_write_locked
from tfjs_serve.catalog.model import CatalogEntry, FileStamp


class BetweenSaves:
    """Learns how one file is written, and copies it when it is whole."""

    def __init__(self, entry: CatalogEntry) -> None:
        self._entry = entry
        self._last: FileStamp | None = None
        self._is_made_anew = False

    def notice(self, stamps: Stamps) -> None:
        """Learn from the identity that the file had at some moment."""
        now = stamps[0]  # only architectures may lie beside it
        last, self._last = self._last, now
        if last is not None and (last.inode, last.size_bytes) != (now.inode, now.size_bytes):
            self._is_made_anew = True

    def is_whole(self) -> bool:
        """Return whether, by all signs, one save has ended and the next one has not begun.

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
        """Copy the file; ``None`` unless it was whole before and is still the same.

        This is one step because the time between two saves may be short.

        Returns
        -------
        tuple
            The identities of the file and of those beside it, and their SHA-256 (hexadecimal), with
            the copy in the place of the file.

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
            copied = copy_file(self._entry.path, target, closed)
            # Two writes can have the same time, so times alone do not show that there was none.
            same = digest_file(self._entry.path, closed) == copied
        except OSError as error:
            raise unreadable(self._entry, error) from error
        digest = digest_files(self._entry, stamps, closed, first=copied)
        return (stamps, digest) if same and read_stamps(self._entry) == stamps else None


def copy_at_rest(
    entry: CatalogEntry, stamps: Stamps, target: Path, closed: threading.Event
) -> str | None:
    """Copy the file of `stamps`, which is at rest.

    Returns
    -------
    str or None
        SHA-256 (hexadecimal) of the copy and the files beside it; ``None`` if one of them has
        changed meanwhile.

    Raises
    ------
    SourceChangedError, KerasFileError
        The file is gone, or cannot be read.
    StoreError
        The copy cannot be written.
    """
    try:
        copied = copy_file(entry.path, target, closed)
    except OSError as error:
        raise unreadable(entry, error) from error
    digest = digest_files(entry, stamps, closed, first=copied)
    return digest if read_stamps(entry) == stamps else None
