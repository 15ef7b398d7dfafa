"""``artifact.json``: what an artifact's directory must contain, and the check that it does."""

from __future__ import annotations

import json
import re
import stat
from collections import Counter
from collections.abc import Collection, Sequence
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
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.neighbours import WEIGHTS_NAME

RECORD = "artifact.json"
"""Written last, before the directory is published; its mtime says when it was last used."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,199}(?<!\.)")
"""Names that mean the same on every file system."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_NOTES = 100
_MOST_NOTE_CHARS = 1000
"""Nobody reads more, and a model can be crafted to cause any number of notes."""


class DamagedArtifactError(Exception):
    """A published directory does not match its record."""


def read_artifact(directory: Path, key: ArtifactKey) -> Artifact:
    """Return the artifact in `directory` as its record describes it.

    Raises
    ------
    FileNotFoundError
        If there is no record.
    DamagedArtifactError
        If the record is malformed or has another key, or `directory` is a file.
    """
    try:
        data = json.loads((directory / RECORD).read_bytes())
        if data["key"] != key.digest:
            raise DamagedArtifactError
        files = tuple(_parse_file(file) for file in data["files"])
        notes = tuple(_parse_note(note) for note in data["notes"])
        facts = ModelFacts.from_json(data["facts"])
    except (NotADirectoryError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise DamagedArtifactError from error
    return Artifact(key=key, directory=directory, files=files, notes=notes, facts=facts)


def bounded_notes(notes: Sequence[str]) -> tuple[str, ...]:
    """Return `notes`, shortened to fit a record; the number of those left out is added."""
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
        "facts": artifact.facts.to_json(),
    }
    write_new_file(staged / RECORD, json.dumps(data, indent=1).encode("ascii"))


def has_all_files(artifact: Artifact) -> bool:
    """Return whether the record and all files of `artifact` exist, with the right sizes."""
    return (artifact.directory / RECORD).is_file() and all(
        _has_size(artifact.path(file), file.size_bytes) for file in artifact.files
    )


def has_all_bytes(artifact: Artifact) -> bool:
    """Return whether all files of `artifact` have the right digests; reads all of them."""
    return all(has_file(artifact, file) for file in artifact.files)


def has_file(artifact: Artifact, file: ArtifactFile) -> bool:
    """Return whether one file of `artifact` has the right digest; reads all of it."""
    return is_as_listed(artifact.path(file), file)


def is_as_listed(path: Path, file: ArtifactFile) -> bool:
    """Return whether the regular file at `path` has size and digest of `file`; reads all of it."""
    try:
        return _has_size(path, file.size_bytes) and digest_file(path) == file.sha256
    except FileNotFoundError:
        return False


def file_identity(path: Path) -> tuple[int, ...] | None:
    """Return values that change whenever a file's bytes do; ``None`` if there is no such file."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def check_staged(
    directory: Path, files: Sequence[ArtifactFile], known: Collection[str] = ()
) -> None:
    """Check a directory against the list of its files.

    Parameters
    ----------
    known
        Digests of files that this process wrote itself, where nobody else can write: these files
        are not read again.

    Raises
    ------
    MisreportedFilesError
        The directory does not contain exactly `files`, or one of them is not a regular file with
        the right size and digest, has a further hard link, cannot be read and written by its
        owner, or has a special mode (set-user-ID, set-group-ID, sticky).
    """
    check_names(files)
    names = {file.name for file in files}
    found = {path.name for path in directory.iterdir()} - {RECORD}
    if found != names:
        odd = ", ".join(sorted(found ^ names))
        raise _unlike(f"does not hold exactly the files that it lists: {odd}")
    if not all(_has_plain_mode(directory / name) for name in names):
        raise _unlike("holds a file with permissions that no file of a model has")
    for file in files:
        path = directory / file.name
        has_right_size = _has_size(path, file.size_bytes) and _has_one_name(path)
        if not has_right_size or not (file.sha256 in known or is_as_listed(path, file)):
            raise _unlike("holds a file that is not as it is listed")


def check_names(files: Sequence[ArtifactFile]) -> None:
    """Raise :class:`MisreportedFilesError` unless all `files` may lie in one directory."""
    names = Counter(file.name for file in files)
    for name, count in names.items():
        if count > 1 or name == RECORD or not _NAME.fullmatch(name):
            raise _unlike(f"lists the file {name!r}, which it may not")
    originals = Counter(name for file in files for name in file.originals)
    for name, count in originals.items():
        if count > 1 or not WEIGHTS_NAME.fullmatch(name):
            raise _unlike(f"lists a file that was called {name!r}, which it may not")


def _parse_file(data: Any) -> ArtifactFile:
    name, size_bytes, sha256 = data["name"], data["size_bytes"], data["sha256"]
    originals = tuple(data.get("originals", ()))  # records of earlier versions have none
    names_fit = _NAME.fullmatch(name) and all(map(WEIGHTS_NAME.fullmatch, originals))
    if not names_fit or not _DIGEST.fullmatch(sha256) or type(size_bytes) is not int:
        raise DamagedArtifactError
    return ArtifactFile(name=name, size_bytes=size_bytes, sha256=sha256, originals=originals)


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
    # A second name, as published folders have, is none of its business: whoever hands a file on
    # reads it again when its identity has changed.
    return stat.S_ISREG(status.st_mode) and status.st_size == size_bytes


def _has_one_name(path: Path) -> bool:
    """Whether nobody could change the bytes by another name while they are looked at."""
    return path.lstat().st_nlink <= 1


def _has_plain_mode(path: Path) -> bool:
    mode = stat.S_IMODE(path.lstat().st_mode)
    readable_and_writable = stat.S_IRUSR | stat.S_IWUSR
    special = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX
    return mode & (readable_and_writable | special) == readable_and_writable


def _unlike(problem: str) -> MisreportedFilesError:
    return MisreportedFilesError(f"the result of the conversion {problem}")
