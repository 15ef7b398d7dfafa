"""The layers that a page must load before a model, written beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from tfjs_serve import companion
from tfjs_serve.artifacts.model import ArtifactFile, MisreportedFilesError
from tfjs_serve.compression import COMPRESSED_SUFFIXES


def write_script(folder: Path, parts: Sequence[str]) -> tuple[ArtifactFile, ...]:
    """Write the script with `parts` and its compressed forms; nothing if there are no parts.

    A conversion process only names the parts. Pages run this file, so it is made here, of what the
    package has, whatever a model file has done to that process.

    Raises
    ------
    MisreportedFilesError
        There is no part of such a name.
    OSError
        The folder cannot be written to.
    """
    if not parts:
        return ()
    try:
        script = companion.script_of(parts)
    except ValueError as error:
        raise MisreportedFilesError(f"the result of the conversion is wrong: {error}") from None
    text = script.text.encode("utf-8")
    contents = {script.name: text}
    contents |= {script.name + end: make(text) for end, make in COMPRESSED_SUFFIXES.items()}
    return tuple(_write(folder, name, data) for name, data in contents.items())


def _write(folder: Path, name: str, data: bytes) -> ArtifactFile:
    (folder / name).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    return ArtifactFile(name=name, size_bytes=len(data), sha256=digest)
