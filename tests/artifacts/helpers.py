"""A clock to turn by hand, and artifacts with contents of any size."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tfjs_serve.artifacts.model import Artifact, ArtifactFile, ArtifactKey
from tfjs_serve.artifacts.store import ArtifactStore

START = 1_700_000_000.0
GRACE = 3600.0


class FakeClock:
    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def key_of(text: object) -> ArtifactKey:
    return ArtifactKey(digest=hashlib.sha256(str(text).encode()).hexdigest())


def new_store(root: Path, clock: FakeClock | None = None, **options: float) -> ArtifactStore:
    chosen = {"limit_bytes": 10**9, "grace_seconds": GRACE, **options}
    return ArtifactStore(root, clock=clock or FakeClock(), **chosen)


def fill(directory: Path, contents: dict[str, bytes]) -> list[ArtifactFile]:
    """Write the files and list them, as a conversion does."""
    for name, data in contents.items():
        (directory / name).write_bytes(data)
    return [
        ArtifactFile(name=name, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        for name, data in contents.items()
    ]


CONTENTS = {"model.json": b"{}", "weights.00.bin": bytes(range(256)) * 20, "empty.bin": b""}


def add(
    store: ArtifactStore, key: ArtifactKey, contents: dict[str, bytes] | None = None
) -> Artifact:
    with store.stage() as staged:
        files = fill(staged, CONTENTS if contents is None else contents)
        return store.publish(key, staged, files)


def is_whole(artifact: Artifact) -> bool:
    """Whether each file has the bytes that it is listed with."""
    return all(
        hashlib.sha256(artifact.path(file).read_bytes()).hexdigest() == file.sha256
        for file in artifact.files
    )


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def assert_no_leftovers(root: Path) -> None:
    assert names_in(root / "staging") == []
    assert names_in(root / "trash") == []
