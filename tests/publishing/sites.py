"""Small sites for tests, and a destination that fails when it is told to."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence

from tfjs_serve.publishing.model import Destination, SiteFile, Stage
from tfjs_serve.publishing.publish import Wish


def file(path: str, content: bytes, stage: Stage | None = None) -> SiteFile:
    """Return a file whose stage its name tells."""
    name = path.rpartition("/")[2]
    told = Stage.MODEL_JSON if name == "model.json" else Stage.WEIGHTS
    return SiteFile(
        path=path,
        stage=told if stage is None else stage,
        content=content,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        media_type="application/json" if name == "model.json" else "application/octet-stream",
        cache_control="no-cache",
    )


def model(name: str, *shards: bytes, version: str = "1") -> list[SiteFile]:
    """Return a model with these shards, named by their bytes as those of artifacts are."""
    paths = [f"{name}/weights.{hashlib.sha256(one).hexdigest()[:32]}.bin" for one in shards]
    document = f"{version} {' '.join(paths)}".encode()
    files = [file(path, content) for path, content in zip(paths, shards, strict=True)]
    labels = file(f"{name}/labels.txt", b"a\nb\n", Stage.BESIDE)
    return [*files, labels, file(f"{name}/model.json", document)]


def wish(
    *models: list[SiteFile], only: str = "", removes_after_seconds: float | None = None
) -> Wish:
    """Return the wish to have these models, or only one that is published now."""
    files = [one for files in models for one in files]
    return Wish(
        files=files,
        is_mine=lambda folder: not only or folder == only,
        removes_after_seconds=removes_after_seconds,
    )


class Killed(BaseException):
    """Stands for a process that ends at once: nobody handles it."""


class Recorded:
    """A destination that notes what it is asked for, and ends everything at one call."""

    def __init__(self, inner: Destination, killed_at: int | None = None) -> None:
        self.inner = inner
        self.asked: list[str] = []
        self.killed_at = killed_at
        self.keeps_headers = inner.keeps_headers

    @property
    def keeps_locks(self) -> bool:
        return self.inner.keeps_locks

    def _note(self, what: str) -> None:
        if self.killed_at is not None and len(self.asked) >= self.killed_at:
            raise Killed
        self.asked.append(what)

    async def sizes(self) -> AsyncIterator[Mapping[str, int]]:
        self._note("list")
        async for some in self.inner.sizes():
            yield some

    async def read(self, path: str) -> bytes | None:
        self._note(f"read {path}")
        return await self.inner.read(path)

    async def put(self, one: SiteFile) -> None:
        self._note(f"put {one.path}")
        await self.inner.put(one)

    async def create(self, path: str, content: bytes) -> bool:
        self._note(f"create {path}")
        return await self.inner.create(path, content)

    async def delete(self, paths: Sequence[str]) -> None:
        for path in paths:
            self._note(f"delete {path}")
            await self.inner.delete([path])


async def contents(destination: Destination) -> dict[str, bytes]:
    """Return all files of models that are there."""
    paths = [path async for some in destination.sizes() for path in some]
    found = {path: await destination.read(path) for path in paths}
    return {
        path: content
        for path, content in found.items()
        if content is not None and not path.startswith(".tfjs-serve/")
    }


def is_whole(there: Mapping[str, bytes], name: str) -> bool:
    """Whether a page gets the model, and all that its ``model.json`` names."""
    document = there.get(f"{name}/model.json")
    return document is not None and set(document.decode().split()[1:]) <= there.keys()
