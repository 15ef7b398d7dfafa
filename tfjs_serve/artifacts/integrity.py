"""Which files of artifacts hold the bytes that were published: each is read once to know that.

Sizes are looked at whenever an artifact is used, which costs nothing; flipped bytes show only to
who reads them. A file is read before its first byte is served by a process, and again when its
identity has changed: so damaged weights never reach a page, and a start stays fast, because what
nobody asks for is not read.
"""

from __future__ import annotations

import threading

from tfjs_serve.artifacts.model import Artifact, ArtifactFile, ArtifactKey
from tfjs_serve.artifacts.record import file_identity, has_file


class IntactFiles:
    """Remembers the identity of files whose bytes were right. Safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._identities: dict[ArtifactKey, dict[str, tuple[int, ...] | None]] = {}

    def note(self, artifact: Artifact) -> None:
        """Remember all files of `artifact`, whose bytes were read a moment ago."""
        identities = {file.name: file_identity(artifact.path(file)) for file in artifact.files}
        with self._lock:
            self._identities[artifact.key] = identities

    def holds(self, artifact: Artifact, file: ArtifactFile) -> bool:
        """Return whether `file` has the bytes it should have, reading it if that is not known."""
        identity = file_identity(artifact.path(file))
        known = self._identities.get(artifact.key, {}).get(file.name)
        if identity is not None and known == identity:
            return True
        if not has_file(artifact, file):
            return False
        with self._lock:
            self._identities.setdefault(artifact.key, {})[file.name] = identity
        return True

    def forget(self, key: ArtifactKey) -> None:
        """Remember nothing of an artifact that is removed."""
        with self._lock:
            self._identities.pop(key, None)
