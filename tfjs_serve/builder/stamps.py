"""When are files at rest, and are they still the same? Told from ``stat`` alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tfjs_serve.catalog.folders import stamp_of
from tfjs_serve.catalog.model import CatalogEntry, FileStamp
from tfjs_serve.errors import KerasFileError, SourceChangedError, TfjsServeError
from tfjs_serve.settings import MODEL_JSON, SETTLE_SECONDS, TICK_SECONDS

Stamps = tuple[FileStamp, ...]

_COARSE_TICK_NS = 2_000_000_000
"""FAT's clock ticks every two seconds; no file system in use is coarser."""
SECOND_NS = 1_000_000_000


class ChangedMeanwhileError(SourceChangedError):
    """The files of an entry changed under our eyes: what was read of them is worth nothing."""

    def __init__(self, entry: CatalogEntry) -> None:
        super().__init__(
            f"{entry.exact_name} changed while it was read",
            hint="wait until it is saved completely, then load it again",
        )


def read_stamps(entry: CatalogEntry) -> Stamps:
    """Look at the files of `entry` as they are now.

    Raises
    ------
    SourceChangedError
        A file is gone.
    KerasFileError
        A file may not be looked at.
    """
    try:
        return tuple(
            stamp_of(stamp.path, path.stat())
            for stamp, path in zip(entry.stamps, paths_of(entry), strict=True)
        )
    except OSError as error:
        raise unreadable(entry, error) from error


def rest_seconds(stamps: Stamps, now_ns: int) -> float:
    """Return for how long `stamps` must stay the same before the files count as at rest.

    Zero for files that nobody has touched for a while. Times in the future say nothing (another
    machine's clock), and whole seconds may be ticks of a coarse clock, in which two writes can
    share one time.
    """
    recent = [s.mtime_ns for s in stamps if s.mtime_ns > now_ns - _COARSE_TICK_NS]
    if not recent:
        return 0.0
    if any(mtime_ns % SECOND_NS == 0 for mtime_ns in recent):
        return _COARSE_TICK_NS / SECOND_NS
    return SETTLE_SECONDS


def is_racy(stamps: Stamps, now_ns: int) -> bool:
    """Return whether a write after `now_ns` may leave `stamps` as they are.

    So it is for a moment after each write, because two can share one tick of the clock; and for
    long where a time lies in the future, or is one of a coarse clock.
    """
    written_ns = max(max(s.mtime_ns, s.ctime_ns) for s in stamps)
    is_coarse = rest_seconds(stamps, now_ns) > SETTLE_SECONDS
    return is_coarse or now_ns - written_ns < TICK_SECONDS * SECOND_NS


def paths_of(entry: CatalogEntry) -> Iterator[Path]:
    """Yield where the files of `entry` lie, in the order of its stamps."""
    if not entry.kind.is_tfjs:
        return iter((entry.path,))
    return (entry.path / name for name in names_in_folder(entry))


def names_in_folder(entry: CatalogEntry) -> Iterator[str]:
    """Yield the paths of a converted folder's files below it, in the order of its stamps."""
    prefix = entry.exact_name.removesuffix(MODEL_JSON)
    return (stamp.path.removeprefix(prefix) for stamp in entry.stamps)


def unreadable(entry: CatalogEntry, error: OSError) -> TfjsServeError:
    """Return what to tell when the system refuses to look at or to read `entry`."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return SourceChangedError(
            f"{entry.exact_name} was removed", hint="save it again, or load another model"
        )
    return KerasFileError(
        f"{entry.exact_name} cannot be read: {error.strerror}",
        hint="check the permissions of the file",
    )
