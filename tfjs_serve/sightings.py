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
from functools import lru_cache
from pathlib import Path

from tfjs_serve.settings import TICK_SECONDS

SECOND_NS = 1_000_000_000
COARSE_TICK_NS = 2 * SECOND_NS
"""FAT stores times in steps of two seconds; no file system in use has larger steps."""
_FINE_TICK_NS = int(TICK_SECONDS * SECOND_NS)
_SIGHTING_BYTES = 512
"""One identity, with what Python needs to keep it."""

_MOUNTS_BELIEVED_SECONDS = 10.0

Identity = tuple[object, ...]
"""What a look at a file or folder has shown; compared for equality only."""
_Place = tuple[str, Callable[[str], Identity]]
"""Where was looked, and how: two ways of looking at one path show different things."""


class Sightings:
    """Everything that was seen for one answer.

    Note each place *before* what it is looked at for: if it changes between the two, the answer
    only seems to be outdated. Filled by one thread at a time.
    """

    def __init__(self) -> None:
        self._seen: dict[_Place, Identity] = {}
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
        return sum(_SIGHTING_BYTES + len(path) for path, _ in self._seen)

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
        self._note(os.fspath(path), identity_of)

    def folder(self, path: str | os.PathLike[str]) -> None:
        """Note what a folder contains."""
        self._note(os.fspath(path), _folder_look(path))

    def still_hold(self) -> bool:
        """Whether a look at the same places shows the same."""
        for (path, look), seen in self._seen.items():  # noqa: SIM110 - on every request
            if look(path) != seen:
                return False
        return True

    def _note(self, path: str, look: Callable[[str], Identity]) -> None:
        if (path, look) in self._seen:
            return  # the first sighting counts: a change since then must show
        now_ns = time.time_ns()
        seen = look(path)
        times = times_of(seen)
        if times is not None and may_hide_a_write(*times, now_ns):
            self.doubt()
        self._seen[path, look] = seen


def may_hide_a_write(mtime_ns: int, ctime_ns: int, now_ns: int) -> bool:
    """Return whether a write after `now_ns` may leave these times as they are.

    This is so for a moment after each write, because two writes can fall into one tick of the
    clock, and for longer if a time lies in the future or comes from a coarse clock.
    """
    tick_ns = COARSE_TICK_NS if mtime_ns % SECOND_NS == 0 else _FINE_TICK_NS
    return now_ns - max(mtime_ns, ctime_ns) < tick_ns


def identity_of(path: str) -> Identity:
    """Return what changes whenever a file or the list of a folder does, or why it is not known.

    For a folder this is so only where :class:`Sightings` trusts it.
    """
    try:
        stat = os.stat(path)  # noqa: PTH116 - on every request
    except (OSError, ValueError) as error:
        return (getattr(error, "errno", None),)
    # The times come first: see `times_of`.
    return (
        stat.st_mtime_ns,
        stat.st_ctime_ns,
        stat.st_dev,
        stat.st_ino,
        stat.st_size,
        stat.st_mode,
    )


def times_of(seen: Identity) -> tuple[int, int] | None:
    """Return mtime and ctime in ns from what was seen; ``None`` if nothing was there.

    Windows has the time of the creation in place of the ctime: there the mtime stands for both.
    """
    if len(seen) == 1:
        return None
    mtime_ns, ctime_ns, *_ = seen
    assert isinstance(mtime_ns, int)
    assert isinstance(ctime_ns, int)
    return mtime_ns, ctime_ns if sys.platform != "win32" else mtime_ns


def _folder_with_names(path: str) -> Identity:
    try:
        return (*identity_of(path), *sorted(os.listdir(path)))  # noqa: PTH208
    except OSError as error:
        return (error.errno,)


def _folder_look(path: str | os.PathLike[str]) -> Callable[[str], Identity]:
    """Return how to look at a folder: its times tell all where they can be trusted.

    Elsewhere its names are listed, which takes longer the more there are. Folders on a FAT drive of
    Windows keep their time whatever is added, and systems that fetch folders from elsewhere
    (networks, virtual machines, FUSE) may remember an old time for a while.
    """
    return identity_of if sys.platform == "linux" and _is_local(path) else _folder_with_names


_LOCAL = frozenset(
    {"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"}
)
_MOUNTS = Path("/proc/self/mountinfo")


def _is_local(path: str | os.PathLike[str]) -> bool:
    """Whether `path` is on a file system that is known to keep exact times of its folders.

    The list of mounts may be long, so it is not read each time. A number that is not in it yet is
    not local. One that passes to another file system meanwhile is taken for the old one, until the
    list is read again.
    """
    try:
        device = os.stat(path).st_dev  # noqa: PTH116 - as above
        local = _local_devices(_MOUNTS, int(time.monotonic() / _MOUNTS_BELIEVED_SECONDS))
    except OSError:
        return False
    return f"{os.major(device)}:{os.minor(device)}" in local


@lru_cache(maxsize=1)
def _local_devices(mounts: Path, _period: int) -> frozenset[str]:
    """Return the numbers of devices with nothing but local file systems (``man 5 proc``)."""
    kinds: dict[str, set[str]] = {}
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        kinds.setdefault(before.split(" ", 3)[2], set()).add(after.partition(" ")[0])
    return frozenset(number for number, found in kinds.items() if found <= _LOCAL)
