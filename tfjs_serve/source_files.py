"""Open files of other programs, which may put anything in their place at any moment."""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO
from pathlib import Path


def open_source(path: str | Path) -> FileIO:
    """Open a file to read it, without waiting: a pipe in its place would be waited for for ever.

    Raises
    ------
    OSError
        It cannot be opened, or is not a regular file.
    """
    file = FileIO(path, opener=_without_waiting)
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(errno.EINVAL, "it is not a regular file", str(path))


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
