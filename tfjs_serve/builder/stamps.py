"""Whether files are at rest, and whether they are still the same, judged by ``stat`` alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tfjs_serve.catalog.folders import stamp_of
from tfjs_serve.catalog.forms import parts_now
from tfjs_serve.catalog.model import CatalogEntry, FileStamp
from tfjs_serve.errors import KerasFileError, SourceChangedError, TfjsServeError
from tfjs_serve.settings import SETTLE_SECONDS
from tfjs_serve.sightings import COARSE_TICK_NS, SECOND_NS, may_hide_a_write

Stamps = tuple[FileStamp, ...]


class ChangedMeanwhileError(SourceChangedError):
    """The files of an entry changed while they were read, so what was read is useless."""

    def __init__(self, entry: CatalogEntry) -> None:
        super().__init__(
            f"{entry.exact_name} changed while it was read",
            hint="wait until it is saved completely, then load it again",
        )


def read_stamps(entry: CatalogEntry) -> Stamps:
    """Return the identities that the files of `entry` have now, in the order of its stamps.

    They include parts that were written after it was found.

    Raises
    ------
    SourceChangedError
        A file is gone.
    KerasFileError
        A file must not be accessed.
    """
    try:
        known = names_of(entry, entry.stamps)
        own = len(known) - len(entry.neighbours)
        parts = parts_now(entry, known[:own])
        shown = [f"{_prefix(entry)}{name}" for name in parts]
        shown += [stamp.path for stamp in entry.stamps[own:]]
        paths = _paths(entry, parts)
        return tuple(stamp_of(one, path.stat()) for one, path in zip(shown, paths, strict=True))
    except OSError as error:
        raise unreadable(entry, error) from error


def rest_seconds(stamps: Stamps, now_ns: int) -> float:
    """Return for how long `stamps` must stay the same before the files count as at rest.

    The result is zero for files that nobody has touched for a while. Times in the future mean
    nothing, as they come from another machine's clock. Full seconds may come from a coarse clock,
    by which two writes can have the same time.
    """
    recent = [s.mtime_ns for s in stamps if s.mtime_ns > now_ns - COARSE_TICK_NS]
    if not recent:
        return 0.0
    if any(mtime_ns % SECOND_NS == 0 for mtime_ns in recent):
        return COARSE_TICK_NS / SECOND_NS
    return SETTLE_SECONDS


def is_racy(stamps: Stamps, now_ns: int) -> bool:
    """Return whether a write after `now_ns` may leave `stamps` unchanged."""
    return any(may_hide_a_write(stamp.mtime_ns, stamp.ctime_ns, now_ns) for stamp in stamps)


def paths_of(entry: CatalogEntry, stamps: Stamps) -> list[Path]:
    """Return the paths of the files of `entry` that have these `stamps`."""
    return _paths(entry, names_of(entry, stamps)[: len(stamps) - len(entry.neighbours)])


def _paths(entry: CatalogEntry, parts: Sequence[str]) -> list[Path]:
    """Return the paths of these parts, and those of the neighbours."""
    first = entry.path / parts[0] if entry.kind.is_tfjs else entry.path
    others = (entry.folder / name for name in parts[1:])
    return [first, *others, *(item.path for item in entry.neighbours)]


def names_of(entry: CatalogEntry, stamps: Stamps) -> list[str]:
    """Return the paths of these files relative to the folder of `entry`.

    Those of neighbours that lie beside this folder are relative to the models folder.
    """
    prefix = _prefix(entry)
    return [stamp.path.removeprefix(prefix) for stamp in stamps]


def _prefix(entry: CatalogEntry) -> str:
    parent, slash, _ = entry.exact_name.rpartition("/")
    return parent + slash


def unreadable(entry: CatalogEntry, error: OSError) -> TfjsServeError:
    """Return the error for a failure of the system to check or read the files of `entry`."""
    beside = {str(item.path): item.path.name for item in entry.neighbours}
    name = beside.get(str(error.filename), entry.exact_name)
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return SourceChangedError(
            f"{name} was removed", hint="save it again, or load another model"
        )
    return KerasFileError(
        f"{name} cannot be read: {error.strerror}",
        hint="check the permissions of the file",
    )
