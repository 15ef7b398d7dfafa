"""Whether a program holds a lock to write a file, looked up in the system's list of locks.

libhdf5 locks a file while it has it open for writing. So on Linux it is known when a file that
looks whole is being edited in place. On other systems, for processes in other containers, and
where locking is turned off, the list says nothing, and only waiting for rest helps.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_LINUX_LIST = Path("/proc/locks")


def is_write_locked(inode: int) -> bool:
    """Return whether a file with this inode number, on any file system, has a known write lock."""
    try:
        with _LINUX_LIST.open("r", encoding="ascii", errors="replace") as lines:
            return inode in write_locked_inodes(lines)
    except OSError:
        return False


def write_locked_inodes(lines: Iterable[str]) -> frozenset[int]:
    """Return the inode numbers with a write lock, from lines in the form of proc_locks(5)."""
    fields = (line.split() for line in lines)
    held = (field for field in fields if len(field) >= 8 and field[1] != "->")
    return frozenset(int(f[5].rpartition(":")[2]) for f in held if f[3] == "WRITE")
