"""Which files of artifacts still hold the bytes that were published.

Sizes are checked whenever an artifact is used, which costs nothing, but changed bytes are found
only by reading them. A process reads each file before it serves its first byte, and again when the
file's identity has changed. So damaged weights never reach a page, and a start is fast because
files that nobody asks for are not read.
"""

from __future__ import annotations

import threading

from tfjs_serve.artifacts.model import Artifact, ArtifactFile, ArtifactKey
from tfjs_serve.artifacts.record import file_identity, has_file


class IntactFiles:
    """Remembers the identity of files whose bytes were correct. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._identities: dict[ArtifactKey, dict[str, tuple[int, ...] | None]] = {}

    def note(self, artifact: Artifact) -> None:
        """Remember all files of `artifact`, whose bytes have just been read."""
        identities = {file.name: file_identity(artifact.path(file)) for file in artifact.files}
        with self._lock:
            self._identities[artifact.key] = identities

    def holds(self, artifact: Artifact, file: ArtifactFile) -> bool:
        """Return whether `file` has the right bytes; reads it if that is not known."""
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
        """Forget an artifact that is removed."""
        with self._lock:
            self._identities.pop(key, None)
