"""What was seen of files while an answer was found. While all of it is still so, the answer holds.

An answer that was found by looking at files can be given again without finding it again, if a look
at the same places shows the same. This is true only if everything that the answer depends on was
noted: each file by its identity, and each folder by what it contains, because a file that is added
to it may change what a name means.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tfjs_serve.settings import TICK_SECONDS

SECOND_NS = 1_000_000_000
COARSE_TICK_NS = 2 * SECOND_NS
"""FAT stores times in steps of two seconds; no file system in use has larger steps."""
_FINE_TICK_NS = int(TICK_SECONDS * SECOND_NS)
_SIGHTING_BYTES = 512
"""One identity, with what Python needs to keep it."""

_Seen = tuple[object, ...]


class Sightings:
    """Everything that was seen for one answer.

    Note each place *before* what it is looked at for: if it changes between the two, the answer
    only seems to be outdated. Filled by one thread at a time.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[Callable[[str], _Seen], _Seen]] = {}
        self._is_lasting = True

    @property
    def is_lasting(self) -> bool:
        """Whether a later look would show every change; of nothing seen, nothing is known."""
        return self._is_lasting and bool(self._seen)

    def __len__(self) -> int:
        return len(self._seen)

    @property
    def size_bytes(self) -> int:
        """How much memory they take, about."""
        return sum(_SIGHTING_BYTES + len(path) for path in self._seen)

    def doubt(self) -> None:
        """Note that the answer depends on something that a later look would not show."""
        self._is_lasting = False

    def file(self, path: str | os.PathLike[str]) -> None:
        """Note the identity of a file, or that there is none.

        A link is doubted: where it leads, and whether it may be followed, does not depend on one
        place alone.
        """
        if os.path.islink(path):  # noqa: PTH114 - Path.is_symlink raises where one may not look
            self.doubt()
        self._note(os.fspath(path), _file_identity)

    def folder(self, path: str | os.PathLike[str]) -> None:
        """Note what a folder contains."""
        self._note(os.fspath(path), _folder_look(path))

    def still_hold(self) -> bool:
        """Whether a look at the same places shows the same."""
        for path, (look, seen) in self._seen.items():  # noqa: SIM110 - on every request
            if look(path) != seen:
                return False
        return True

    def _note(self, path: str, look: Callable[[str], _Seen]) -> None:
        if path in self._seen:
            return  # the first sighting counts: a change since then must show
        now_ns = time.time_ns()
        seen = look(path)
        if len(seen) > 1 and may_hide_a_write(*_times(seen), now_ns):
            self.doubt()
        self._seen[path] = (look, seen)


def may_hide_a_write(mtime_ns: int, ctime_ns: int, now_ns: int) -> bool:
    """Return whether a write after `now_ns` may leave these times as they are.

    This is so for a moment after each write, because two writes can fall into one tick of the
    clock, and for longer if a time lies in the future or comes from a coarse clock.
    """
    tick_ns = COARSE_TICK_NS if mtime_ns % SECOND_NS == 0 else _FINE_TICK_NS
    return now_ns - max(mtime_ns, ctime_ns) < tick_ns


def _file_identity(path: str) -> _Seen:
    try:
        stat = os.stat(path)  # noqa: PTH116 - on every request
    except OSError as error:
        return (error.errno,)
    # The times come first: see `_times`.
    return (
        stat.st_mtime_ns,
        stat.st_ctime_ns,
        stat.st_dev,
        stat.st_ino,
        stat.st_size,
        stat.st_mode,
    )


def _times(seen: _Seen) -> tuple[int, int]:
    mtime_ns, ctime_ns, *_ = seen
    assert isinstance(mtime_ns, int)
    assert isinstance(ctime_ns, int)
    return mtime_ns, ctime_ns if sys.platform != "win32" else mtime_ns


def _folder_with_names(path: str) -> _Seen:
    try:
        return (*_file_identity(path), *sorted(os.listdir(path)))  # noqa: PTH208
    except OSError as error:
        return (error.errno,)


def _folder_look(path: str | os.PathLike[str]) -> Callable[[str], _Seen]:
    """Return how to look at a folder: its times tell all where they can be trusted.

    Elsewhere its names are listed, which takes longer the more there are. Folders on a FAT drive of
    Windows keep their time whatever is added, and systems that fetch folders from elsewhere
    (networks, virtual machines, FUSE) may remember an old time for a while.
    """
    return _file_identity if sys.platform == "linux" and _is_local(path) else _folder_with_names


_LOCAL = frozenset(
    {"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"}
)
_MOUNTS = Path("/proc/self/mountinfo")


def _is_local(path: str | os.PathLike[str]) -> bool:
    """Whether `path` is on a file system that is known to keep exact times of its folders."""
    try:
        device = os.stat(path).st_dev  # noqa: PTH116 - as above
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    number = f"{os.major(device)}:{os.minor(device)}"
    kinds = {_kind(line) for line in mounts if line.split(" ", 3)[2:3] == [number]}
    return bool(kinds) and kinds <= _LOCAL


def _kind(mount: str) -> str:
    """Return the type of file system in a line of mountinfo (``man 5 proc``)."""
    return mount.partition(" - ")[2].partition(" ")[0]
