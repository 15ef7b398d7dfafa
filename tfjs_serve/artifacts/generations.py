"""Which artifacts a model was, in which order: so that old pages find their shards.

One small file per generation, ``<SHA-256 of the label>/<key>.json``, holding when that key became
the newest. Nothing is ever read, changed and written back, so processes that share the cache
cannot lose each other's entries.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tfjs_serve.artifacts.atomic import replace_file
from tfjs_serve.artifacts.model import ArtifactKey

_SUFFIX = ".json"


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


class GenerationLog:
    """The generations of every label, kept in a directory.

    Parameters
    ----------
    grace_seconds
        How long a superseded generation is remembered.
    """

    def __init__(
        self, directory: Path, *, grace_seconds: float, clock: Callable[[], float]
    ) -> None:
        self._directory = directory
        self._grace_seconds = grace_seconds
        self._clock = clock

    def record(self, label: str, key: ArtifactKey) -> None:
        """Make `key` the newest generation of `label`, unless it is."""
        folder = self._folder(label)
        known = _read_folder(folder)
        if known and known[0].key == key:
            return
        # Clocks stand still and go back; the order must not.
        after = math.nextafter(known[0].recorded_at, math.inf) if known else -math.inf
        folder.mkdir(parents=True, exist_ok=True)
        data = {"label": label, "recorded_at": max(self._clock(), after)}
        replace_file(folder / (key.digest + _SUFFIX), json.dumps(data).encode("ascii"))

    def of(self, label: str) -> tuple[Generation, ...]:
        """Return the generations of `label`, newest first, without those that are forgotten."""
        return tuple(entry for entry in _read_folder(self._folder(label)) if self._is_kept(entry))

    def all(self) -> Iterator[tuple[Generation, ...]]:
        """Yield, for each label, what :meth:`of` returns."""
        for folder in self._folders():
            yield tuple(entry for entry in _read_folder(folder) if self._is_kept(entry))

    def forget(self, is_stored: Callable[[ArtifactKey], bool]) -> None:
        """Remove generations superseded for longer than the grace time, and those without bytes.

        `is_stored` is asked after an entry was read: artifacts are published before they are
        recorded, so one that is missing then was removed.
        """
        for folder in self._folders():
            for entry in _read_folder(folder):
                if not self._is_kept(entry) or not is_stored(entry.key):
                    (folder / (entry.key.digest + _SUFFIX)).unlink(missing_ok=True)

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


def _read_folder(folder: Path) -> tuple[Generation, ...]:
    """Return the generations of one label, newest first."""
    try:
        paths = [path for path in folder.iterdir() if path.suffix == _SUFFIX]
    except (FileNotFoundError, NotADirectoryError):
        return ()
    entries = [entry for path in paths if (entry := _read_entry(path))]
    entries.sort(key=lambda entry: (entry[0], entry[1].digest), reverse=True)
    superseded: list[float | None] = [None, *(recorded_at for recorded_at, _ in entries)]
    return tuple(
        Generation(key=key, recorded_at=recorded_at, superseded_at=superseded_at)
        for (recorded_at, key), superseded_at in zip(entries, superseded, strict=False)
    )


def _read_entry(path: Path) -> tuple[float, ArtifactKey] | None:
    """Return one entry; ``None`` if it is no entry, or was forgotten meanwhile."""
    try:
        recorded_at = float(json.loads(path.read_bytes())["recorded_at"])
        entry = recorded_at, ArtifactKey(digest=path.stem)
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return None
    return entry if math.isfinite(recorded_at) else None
