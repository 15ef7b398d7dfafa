"""Does a program hold a lock to write a file? Told by the system's list: no lock is taken to ask.

libhdf5 locks a file for as long as it has it open for writing, so on Linux a file that is edited
in place and looks whole is known to be in work. Elsewhere, in another container's process table,
and where locking is turned off, the list says nothing, and only a file's rest tells.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_LINUX_LIST = Path("/proc/locks")


def is_write_locked(inode: int) -> bool:
    """Return whether a write lock on a file of this inode number is known, of any file system."""
    try:
        with _LINUX_LIST.open("r", encoding="ascii", errors="replace") as lines:
            return inode in write_locked_inodes(lines)
    except OSError:
        return False


def write_locked_inodes(lines: Iterable[str]) -> frozenset[int]:
    """Return the inode numbers with a write lock, from lines as proc_locks(5) describes them."""
    fields = (line.split() for line in lines)
    held = (field for field in fields if len(field) >= 8 and field[1] != "->")
    return frozenset(int(f[5].rpartition(":")[2]) for f in held if f[3] == "WRITE")
