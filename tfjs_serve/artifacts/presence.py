"""Which of the processes that share the cache folder are alive, judged by locks on its files.

The system releases a lock when its process ends, no matter how and in which container, so the
unfinished files of a dead process can be deleted at once. Nothing else depends on these locks, and
model files are never locked. On a file system without locks no process is known to be dead, and
leftovers are deleted by age.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from contextlib import suppress
from pathlib import Path

from tfjs_serve.artifacts.atomic import unique_name

_LOCKED_SECONDS = 1_000_000_000
"""The time that a file gets once its lock is held: one with another time belongs to a process that
is about to lock it. Unlike contents, a time can be written to a disk that is full."""
_TIME_TICK_SECONDS = 2.0
"""FAT rounds times to this."""


class Presence:
    """Shows that this process is alive, for as long as the object exists.

    Parameters
    ----------
    folder
        Where the processes announce themselves.
    fills
        Where this process fills something. If any of it is left at the end, its name stays, so that
        others learn that its owner is dead.

    Attributes
    ----------
    name
        Prefix of the names of everything that this process fills.
    """

    def __init__(self, folder: Path, *, fills: Path) -> None:
        self.name = unique_name()
        self._folder = folder
        self._fills = fills
        self._leave: weakref.finalize[[int, Path, Path], Presence] | None = None
        self._announcing = threading.Lock()

    def announce(self) -> None:
        """Take the lock; again if someone has emptied the cache since. Raises ``OSError``."""
        # A process that opens a file twice waits for itself: the lock belongs to what was opened.
        with self._announcing:
            self._announce()

    def _announce(self) -> None:
        path = self._folder / self.name
        if self._leave is not None:
            if path.exists():
                return
            self._leave()
        self._folder.mkdir(parents=True, exist_ok=True)
        # A file open for writing would keep the disk from being remounted read-only. The price is
        # that NFS refuses the lock.
        descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)
        self._leave = weakref.finalize(self, _leave, descriptor, path, self._fills)
        with suppress(OSError):  # without locks nobody knows
            _lock(descriptor, wait=True)
            os.utime(path, (_LOCKED_SECONDS, _LOCKED_SECONDS))


def gone_processes(folder: Path) -> frozenset[str]:
    """Return the names of processes that announced themselves in `folder` and are dead."""
    try:
        paths = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    return frozenset(path.name for path in paths if _is_gone(path))


def _is_gone(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        _lock(descriptor, wait=False)
        return abs(os.fstat(descriptor).st_mtime - _LOCKED_SECONDS) <= _TIME_TICK_SECONDS
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _leave(descriptor: int, path: Path, fills: Path) -> None:
    os.close(descriptor)
    with suppress(OSError):
        if not any(fills.glob(f"{path.name}-*")):
            path.unlink(missing_ok=True)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, *, wait: bool) -> None:
        # A locked byte cannot be written, so the lock is on a byte far behind the contents.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int, *, wait: bool) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
