"""``artifact.json``: what an artifact's directory must hold, and whether it does."""

from __future__ import annotations

import json
import re
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tfjs_serve.artifacts.atomic import digest_file, write_new_file
from tfjs_serve.artifacts.model import (
    Artifact,
    ArtifactFile,
    ArtifactKey,
    MisreportedFilesError,
)

RECORD = "artifact.json"
"""Written last, before the directory is published; its mtime says when it was last used."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,199}(?<!\.)")
"""Names that mean the same on every file system."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_NOTES = 100
_MOST_NOTE_CHARS = 1000
"""Nobody reads more, and a model can be made that gives rise to any number of notes."""


class DamagedArtifactError(Exception):
    """A published directory is not what its record says."""


def read_artifact(directory: Path, key: ArtifactKey) -> Artifact:
    """Return the artifact in `directory` as its record tells it.

    Raises
    ------
    FileNotFoundError
        If there is no record.
    DamagedArtifactError
        If the record is not one of this key, or a file stands in the directory's place.
    """
    try:
        data = json.loads((directory / RECORD).read_bytes())
        if data["key"] != key.digest:
            raise DamagedArtifactError
        files = tuple(_parse_file(file) for file in data["files"])
        notes = tuple(_parse_note(note) for note in data["notes"])
    except (NotADirectoryError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise DamagedArtifactError from error
    return Artifact(key=key, directory=directory, files=files, notes=notes)


def bounded_notes(notes: Sequence[str]) -> tuple[str, ...]:
    """Return `notes`, shortened to what may stand in a record; what is left out is counted."""
    kept = [_shortened(note) for note in notes[:_MOST_NOTES]]
    more = len(notes) - len(kept)
    return (*kept, f"and {more} more") if more else tuple(kept)


def write_record(staged: Path, artifact: Artifact) -> None:
    """Write the record of a directory that is about to be published as `artifact`."""
    # An earlier attempt to publish may have left one; a link in its place must not be followed.
    (staged / RECORD).unlink(missing_ok=True)
    data = {
        "key": artifact.key.digest,
        "files": [asdict(file) for file in artifact.files],
        "notes": artifact.notes,
    }
    write_new_file(staged / RECORD, json.dumps(data, indent=1).encode("ascii"))


def has_all_files(artifact: Artifact) -> bool:
    """Return whether the record and each file of `artifact` are there, with its size."""
    return (artifact.directory / RECORD).is_file() and all(
        _has_size(artifact.path(file), file.size_bytes) for file in artifact.files
    )


def has_all_bytes(artifact: Artifact, *, sync: bool = False) -> bool:
    """Return whether each file of `artifact` is there with its digest, reading all of it."""
    return all(has_file(artifact, file, sync=sync) for file in artifact.files)


def has_file(artifact: Artifact, file: ArtifactFile, *, sync: bool = False) -> bool:
    """Return whether one file of `artifact` is there with its digest, reading all of it."""
    path = artifact.path(file)
    try:
        return _has_size(path, file.size_bytes) and digest_file(path, sync=sync) == file.sha256
    except FileNotFoundError:
        return False


def file_identity(path: Path) -> tuple[int, ...] | None:
    """Return what changes when the bytes of a file do; ``None`` if there is no such file."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def check_staged(directory: Path, key: ArtifactKey, files: Sequence[ArtifactFile]) -> None:
    """Hold a directory against the list of its files, and bring them down to the disk.

    Raises
    ------
    MisreportedFilesError
        Unless it holds exactly `files`: regular ones, each of one name, with those sizes and
        digests, which their owner may read and which nobody runs as someone else.
    """
    names = Counter(file.name for file in files)
    for name, count in names.items():
        if count > 1 or name == RECORD or not _NAME.fullmatch(name):
            raise _unlike(f"lists the file {name!r}, which it may not")
    found = {path.name for path in directory.iterdir()} - {RECORD}
    if found != set(names):
        odd = ", ".join(sorted(found ^ set(names)))
        raise _unlike(f"does not hold exactly the files that it lists: {odd}")
    if not all(_has_plain_mode(directory / name) for name in names):
        raise _unlike("holds a file with permissions that no file of a model has")
    if not has_all_bytes(Artifact(key=key, directory=directory, files=tuple(files)), sync=True):
        raise _unlike("holds a file that is not as it is listed")


def _parse_file(data: Any) -> ArtifactFile:
    name, size_bytes, sha256 = data["name"], data["size_bytes"], data["sha256"]
    if not _NAME.fullmatch(name) or not _DIGEST.fullmatch(sha256) or type(size_bytes) is not int:
        raise DamagedArtifactError
    return ArtifactFile(name=name, size_bytes=size_bytes, sha256=sha256)


def _parse_note(note: Any) -> str:
    if not isinstance(note, str):
        raise DamagedArtifactError
    return note


def _shortened(note: str) -> str:
    return note if len(note) <= _MOST_NOTE_CHARS else f"{note[: _MOST_NOTE_CHARS - 3]}..."


def _has_size(path: Path, size_bytes: int) -> bool:
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    # A second name would let someone change the bytes behind the artifact's back.
    return stat.S_ISREG(status.st_mode) and status.st_nlink <= 1 and status.st_size == size_bytes


def _has_plain_mode(path: Path) -> bool:
    mode = stat.S_IMODE(path.lstat().st_mode)
    readable_and_writable = stat.S_IRUSR | stat.S_IWUSR
    special = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX
    return mode & (readable_and_writable | special) == readable_and_writable


def _unlike(problem: str) -> MisreportedFilesError:
    return MisreportedFilesError(f"the result of the conversion {problem}")
