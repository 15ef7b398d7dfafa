"""Which artifacts a model was, in which order: so that old pages find their shards.

Two small files per generation in the directory ``<SHA-256 of the label>/``: ``<key>.json`` says
when that key became the newest, and ``<key>.files`` which files it has. The first goes when the
grace time is over; the second is remembered longer, for it tells a file that is gone from one that
never was. Nothing is ever read, changed and written back but times that lie in the future, so
processes that share the cache cannot lose each other's entries.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tfjs_serve.artifacts.model import ArtifactKey

_ENTRY, _FILES = ".json", ".files"
REMEMBERED_SECONDS = 7 * 24 * 60 * 60.0
REMEMBERED_PER_LABEL = 256
"""How long, and of how many generations beyond the grace time, it is known what they were made of:
long enough for a page that was left open, and bounded beside a training that saves all day."""

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
    """

    key: ArtifactKey
    recorded_at: float
    superseded_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    label: str
    recorded_at: float
    key: ArtifactKey


class GenerationLog:
    """The generations of every label, kept in a directory.

    Parameters
    ----------
    replace_file
        How to write a file as a whole.
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

    def record(self, label: str, key: ArtifactKey, file_names: Sequence[str]) -> None:
        """Make `key`, which has these files, the newest generation of `label`, unless it is."""
        folder = self._folder(label)
        known = self._read_folder(folder)
        if known and known[0].key == key:
            return
        # Clocks stand still and go back; the order must not.
        after = math.nextafter(known[0].recorded_at, math.inf) if known else -math.inf
        recorded_at = max(self._clock(), after)
        if file_names:
            self._replace_file(folder / (key.digest + _FILES), json.dumps(file_names).encode())
        self._write(folder, _Entry(label=label, recorded_at=recorded_at, key=key))

    def of(self, label: str) -> tuple[Generation, ...]:
        """Return the generations of `label`, newest first, without those that are forgotten."""
        return tuple(filter(self._is_kept, self._read_folder(self._folder(label))))

    def all(self) -> Iterator[tuple[Generation, ...]]:
        """Yield, for each label, what :meth:`of` returns."""
        for folder in self._folders():
            yield tuple(filter(self._is_kept, self._read_folder(folder)))

    def with_file(self, label: str, file_name: str) -> Iterator[ArtifactKey]:
        """Yield generations of `label` that are known to have had a file of that name.

        Looks at the latest ones only: nobody may keep the server busy by asking for any name.
        """
        for _, path in _dated_files(self._folder(label))[: 2 * REMEMBERED_PER_LABEL]:
            with suppress(OSError, ValueError, TypeError):
                if file_name in json.loads(path.read_bytes()):
                    yield ArtifactKey(digest=path.stem)

    def forget(self, is_stored: Callable[[ArtifactKey], bool]) -> None:
        """Remove generations superseded for longer than the grace time, and those without bytes.

        `is_stored` is asked after an entry was read: artifacts are published before they are
        recorded, so one that is missing then was removed.
        """
        for folder in self._folders():
            self._bring_back_from_the_future(folder)
            for entry in self._read_folder(folder):
                if not self._is_kept(entry) or not is_stored(entry.key):
                    (folder / (entry.key.digest + _ENTRY)).unlink(missing_ok=True)
            self._forget_files(folder)

    def _bring_back_from_the_future(self, folder: Path) -> None:
        """Date entries made before the clock was set back as made now; else they stay for ever."""
        now = self._clock()
        known = self._read_folder(folder)
        late = [entry for entry in known if entry.recorded_at > now]
        # Those that only the order put behind each other, by a few ulps, are no reason to write.
        if not late or late[0].recorded_at - now < 1:
            return
        recorded_at = now
        for generation in reversed(late):
            entry = _read_entry(folder / (generation.key.digest + _ENTRY))
            if entry is not None:
                self._write(
                    folder, _Entry(label=entry.label, recorded_at=recorded_at, key=entry.key)
                )
                recorded_at = math.nextafter(recorded_at, math.inf)

    def _forget_files(self, folder: Path) -> None:
        oldest = self._clock() - self._grace_seconds - REMEMBERED_SECONDS
        kept = {entry.key.digest for entry in self._read_folder(folder)}
        others = [(mtime, path) for mtime, path in _dated_files(folder) if path.stem not in kept]
        for number, (mtime, path) in enumerate(others):
            if number >= REMEMBERED_PER_LABEL or mtime < oldest:
                path.unlink(missing_ok=True)

    def _write(self, folder: Path, entry: _Entry) -> None:
        data = {"label": entry.label, "recorded_at": entry.recorded_at}
        path = folder / (entry.key.digest + _ENTRY)
        self._replace_file(path, json.dumps(data).encode("ascii"))

    def _is_kept(self, entry: Generation) -> bool:
        superseded_at = entry.superseded_at
        return superseded_at is None or self._clock() - superseded_at <= self._grace_seconds

    def _folder(self, label: str) -> Path:
        # A label may hold anything that a file name may hold on some system, even half characters.
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
            Generation(key=entry.key, recorded_at=entry.recorded_at, superseded_at=superseded_at)
            for entry, superseded_at in zip(entries, superseded, strict=False)
        )

    def _look(self, folder: Path) -> dict[str, _Read]:
        """Read the entries that are new since the last look: beside a training there are many."""
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
        return []  # gone, or forgotten at this moment by another process


def _read_entry(path: Path) -> _Entry | None:
    """Return one entry; ``None`` if it is no entry, or was forgotten meanwhile."""
    try:
        data = json.loads(path.read_bytes())
        entry = _Entry(
            label=str(data["label"]),
            recorded_at=float(data["recorded_at"]),
            key=ArtifactKey(digest=path.stem),
        )
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return None
    return entry if math.isfinite(entry.recorded_at) else None
