"""Files in two places with one copy of their bytes on the disk, where the file system can do it."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform == "linux":
    import fcntl

_FICLONE = 0x40049409
"""``linux/fs.h``: a file gets the blocks of another one. btrfs, XFS and bcachefs can do it."""


def share(source: Path, target: Path) -> bool:
    """Give `target`, a new name, the bytes of `source` without copying them; return whether it was.

    A file of its own with the same blocks comes first, because to write to one does not change the
    other. A second name is given only to a file that has the permissions of a new one. Who writes
    to it changes `source`, so whoever hands that on has to compare it with its digest.
    """
    with source.open("rb") as old, target.open("xb") as new:
        if _clone(old, new):
            return True
        new_mode, mode = (os.fstat(file.fileno()).st_mode for file in (new, old))
    target.unlink()
    return stat.S_IMODE(new_mode) == stat.S_IMODE(mode) and _link(source, target)


def _clone(old: BinaryIO, new: BinaryIO) -> bool:
    if sys.platform != "linux":
        return False
    try:
        fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
        os.fsync(new.fileno())
    except OSError:
        return False
    return True


def _link(source: Path, target: Path) -> bool:
    with suppress(OSError):
        target.hardlink_to(source)
        with target.open("rb") as file:
            os.fsync(file.fileno())
        return True
    target.unlink(missing_ok=True)
    return False
