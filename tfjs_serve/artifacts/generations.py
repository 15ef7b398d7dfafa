"""The artifacts that were made of each model, in order, so that old pages find their shards.

There are two small files per generation in the directory ``<SHA-256 of the label>/``:
``<key>.json`` says when that key became the newest, and what it was made of, and ``<key>.files``
lists its files. The first is deleted when the grace time is over. The second is kept longer, to
tell a file that is gone from one that never existed. No file is read, changed and written back,
except to correct times that lie in the future, and to note another source with the same bytes, so
processes that share the cache cannot lose each other's entries.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tfjs_serve.artifacts.model import ArtifactKey

_ENTRY, _FILES = ".json", ".files"
REMEMBERED_SECONDS = 7 * 24 * 60 * 60.0
REMEMBERED_PER_LABEL = 256
"""How long after the grace time, and for how many generations, the lists of files are kept: long
enough for a page that was left open, but not without limit, as a training may save all day."""

_Read = tuple[tuple[int, ...], "_Entry | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One published version of one model.

    Attributes
    ----------
    recorded_at
        When it became the newest, in seconds since the epoch.
    superseded_at
        When another one did; ``None`` for the newest.
    made_of
        What was recorded of its source; empty if nothing was.
    """

    key: ArtifactKey
    recorded_at: float
    superseded_at: float | None
    made_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    label: str
    recorded_at: float
    key: ArtifactKey
    made_of: str = ""


class GenerationLog:
    """The generations of every label, kept in a directory.

    Parameters
    ----------
    replace_file
        Replaces the whole contents of a file.
    grace_seconds
        How long a superseded generation is kept.
    """

    def __init__(
        self,
        directory: Path,
        *,
        replace_file: Callable[[Path, bytes], None],
        grace_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._directory = directory
        self._replace_file = replace_file
        self._grace_seconds = grace_seconds
        self._clock = clock
        self._seen: dict[Path, dict[str, _Read]] = {}

    def record(
        self,
        label: str,
        key: ArtifactKey,
        file_names: Callable[[], Sequence[str]],
        made_of: str = "",
    ) -> None:
        """Make `key` the newest generation of `label` if it is not yet.

        Parameters
        ----------
        file_names
            Returns the names of its files; called only if they are to be recorded.
        made_of
            Anything by which the caller knows its source again.
        """
        folder = self._folder(label)
        known = self._read_folder(folder)
        if known and known[0].key == key:
            self._note_source(folder, label, known[0], made_of)
            return
        # Clocks may stand still or go back; the order must not change.
        after = math.nextafter(known[0].recorded_at, math.inf) if known else -math.inf
        recorded_at = max(self._clock(), after)
        if names := file_names():
            self._replace_file(folder / (key.digest + _FILES), json.dumps(names).encode())
        self._write(folder, _Entry(label=label, recorded_at=recorded_at, key=key, made_of=made_of))

    def _note_source(self, folder: Path, label: str, known: Generation, made_of: str) -> None:
        """Record that a generation is made of another source, whose bytes are the same."""
        if not made_of or known.made_of == made_of:
            return
        when = known.recorded_at
        entry = _Entry(label=label, recorded_at=when, key=known.key, made_of=made_of)
        with suppress(OSError):  # a read-only cache still serves what it has
            self._write(folder, entry)

    def of(self, label: str) -> tuple[Generation, ...]:
        """Return the generations of `label` within the grace time, newest first."""
        return tuple(filter(self._is_kept, self._read_folder(self._folder(label))))

    def all(self) -> Iterator[tuple[Generation, ...]]:
        """Yield, for each label, what :meth:`of` returns."""
        for folder in self._folders():
            yield tuple(filter(self._is_kept, self._read_folder(folder)))

    def with_file(self, label: str, file_name: str) -> Iterator[ArtifactKey]:
        """Yield generations of `label` that are known to have had a file of that name.

        Looks only at the latest ones, so that no request can keep the server busy.
        """
        for _, path in _dated_files(self._folder(label))[: 2 * REMEMBERED_PER_LABEL]:
            with suppress(OSError, ValueError, TypeError):
                if file_name in json.loads(path.read_bytes()):
                    yield ArtifactKey(digest=path.stem)

    def forget(self, is_stored: Callable[[ArtifactKey], bool]) -> None:
        """Remove entries whose grace time is over, and those whose artifact was removed.

        `is_stored` is called after an entry was read: artifacts are published before they are
        recorded, so if one is missing at that time, it was removed.
        """
        for folder in self._folders():
            self._bring_back_from_the_future(folder)
            for entry in self._read_folder(folder):
                if not self._is_kept(entry) or not is_stored(entry.key):
                    (folder / (entry.key.digest + _ENTRY)).unlink(missing_ok=True)
            self._forget_files(folder)

    def _bring_back_from_the_future(self, folder: Path) -> None:
        """Move entries that lie in the future to now, or they would stay forever."""
        now = self._clock()
        known = self._read_folder(folder)
        late = [entry for entry in known if entry.recorded_at > now]
        # A few ulps, which only keep entries in order, are not worth writing.
        if not late or late[0].recorded_at - now < 1:
            return
        recorded_at = now
        for generation in reversed(late):
            entry = _read_entry(folder / (generation.key.digest + _ENTRY))
            if entry is not None:
                self._write(folder, replace(entry, recorded_at=recorded_at))
                recorded_at = math.nextafter(recorded_at, math.inf)

    def _forget_files(self, folder: Path) -> None:
        oldest = self._clock() - self._grace_seconds - REMEMBERED_SECONDS
        kept = {entry.key.digest for entry in self._read_folder(folder)}
        others = [(mtime, path) for mtime, path in _dated_files(folder) if path.stem not in kept]
        for number, (mtime, path) in enumerate(others):
            if number >= REMEMBERED_PER_LABEL or mtime < oldest:
                path.unlink(missing_ok=True)

    def _write(self, folder: Path, entry: _Entry) -> None:
        data = {
            "label": entry.label,
            "recorded_at": entry.recorded_at,
            "made_of": entry.made_of,
        }
        path = folder / (entry.key.digest + _ENTRY)
        self._replace_file(path, json.dumps(data).encode("ascii"))

    def _is_kept(self, entry: Generation) -> bool:
        superseded_at = entry.superseded_at
        return superseded_at is None or self._clock() - superseded_at <= self._grace_seconds

    def _folder(self, label: str) -> Path:
        # A label may hold whatever a file name can hold on some system, even lone surrogates.
        digest = hashlib.sha256(label.encode("utf-8", "surrogatepass")).hexdigest()
        return self._directory / digest

    def _folders(self) -> Iterable[Path]:
        try:
            return sorted(self._directory.iterdir())
        except FileNotFoundError:
            return ()

    def _read_folder(self, folder: Path) -> tuple[Generation, ...]:
        """Return the generations of one label, newest first."""
        entries = [entry for _, entry in self._look(folder).values() if entry is not None]
        entries.sort(key=lambda entry: (entry.recorded_at, entry.key.digest), reverse=True)
        superseded: list[float | None] = [None, *(entry.recorded_at for entry in entries)]
        return tuple(
            Generation(
                key=entry.key,
                recorded_at=entry.recorded_at,
                superseded_at=superseded_at,
                made_of=entry.made_of,
            )
            for entry, superseded_at in zip(entries, superseded, strict=False)
        )

    def _look(self, folder: Path) -> dict[str, _Read]:
        """Read only entries that are new since the last call: a training makes many of them."""
        seen = self._seen.get(folder, {})
        now: dict[str, _Read] = {}
        try:
            with os.scandir(folder) as children:
                for child in children:
                    if child.name.endswith(_ENTRY):
                        now[child.name] = _read_if_new(child, seen.get(child.name))
        except (FileNotFoundError, NotADirectoryError):
            self._seen.pop(folder, None)
            return {}
        self._seen[folder] = now
        return now


def _read_if_new(child: os.DirEntry[str], seen: _Read | None) -> _Read:
    try:
        stat = child.stat()
    except FileNotFoundError:
        return (), None
    identity = (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    if seen is not None and seen[0] == identity:
        return seen
    return identity, _read_entry(Path(child.path))


def _dated_files(folder: Path) -> list[tuple[float, Path]]:
    """Return the lists of files with their times, latest first."""
    try:
        paths = [path for path in folder.iterdir() if path.suffix == _FILES]
        return sorted(((path.stat().st_mtime, path) for path in paths), reverse=True)
    except (FileNotFoundError, NotADirectoryError):
        return []  # gone, or just now deleted by another process


def _read_entry(path: Path) -> _Entry | None:
    """Return one entry; ``None`` if the file is malformed, or has just been deleted."""
    try:
        data = json.loads(path.read_bytes())
        entry = _Entry(
            label=str(data["label"]),
            recorded_at=float(data["recorded_at"]),
            key=ArtifactKey(digest=path.stem),
            made_of=str(data.get("made_of", "")),  # entries of earlier versions have none
        )
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return None
    return entry if math.isfinite(entry.recorded_at) else None
