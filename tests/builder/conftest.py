"""A models folder, a real store, and workers that convert without a process."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tfjs_serve.artifacts.store import ArtifactStore
from tfjs_serve.builder import Build, Builder, BuildEvent
from tfjs_serve.catalog import scan
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.catalog.names import resolve
from tfjs_serve.errors import KerasFileError, TfjsServeError
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.settings import GIB, ServerSettings
from tfjs_serve.worker.protocol import ConversionReport, ConversionRequest, Progress, ReportedFile

LONG_AGO_NS = 1_000_000_000_123_456_789


class Folder:
    """A models folder whose files were all saved long ago, each at another time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._saves = 0

    def save(self, name: str, content: str) -> None:
        """Write a file, in place as Keras does."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        self._saves += 1
        saved_ns = LONG_AGO_NS + self._saves * 1_000_000_000
        os.utime(path, ns=(saved_ns, saved_ns))

    def look(self, name: str) -> CatalogEntry:
        return resolve(scan.find(self.path, name), name)


class FakeWorkers:
    """Converts text files: a model that is called ``bad`` inside fails."""

    def __init__(self) -> None:
        self.requests: list[ConversionRequest] = []
        self.diagnosed: list[str] = []
        self.may_diagnose = asyncio.Event()
        self.may_diagnose.set()
        self.error: TfjsServeError | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        self.says: Callable[[ConversionReport], ConversionReport] = lambda report: report
        self.started = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def convert(
        self, request: ConversionRequest, on_progress: Callable[[Progress], None]
    ) -> ConversionReport:
        self.requests.append(request)
        on_progress(Progress(done_bytes=1, total_bytes=4))
        content = read_source(Path(request.source))
        self.started.set()
        await self.may_end.wait()
        self.meanwhile()
        if self.error is not None:
            raise self.error
        if "bad" in content:
            raise KerasFileError(f"{request.display_name} is bad")
        return self.says(write_model(Path(request.output_dir), content))

    async def diagnose(self, request: ConversionRequest) -> ConversionReport:
        self.diagnosed.append(request.display_name)
        content = read_source(Path(request.source))
        await self.may_diagnose.wait()
        self.meanwhile()
        if self.error is not None:
            raise self.error
        if "bad" in content:
            raise KerasFileError(f"{request.display_name} is bad")
        return ConversionReport(files=(), facts=ModelFacts(parameters=len(content)))


def read_source(path: Path) -> str:
    if path.is_file():
        return path.read_text()
    return "".join(child.read_text() for child in sorted(path.iterdir()))


def write_model(directory: Path, content: str) -> ConversionReport:
    shard_name = f"{hashlib.sha256(content.encode()).hexdigest()[:8]}.bin"
    texts = {"model.json": json.dumps({"made of": content}), shard_name: content}
    for name, text in texts.items():
        (directory / name).write_text(text)
    files = tuple(
        ReportedFile(
            name=name,
            size_bytes=len(text.encode()),
            sha256=hashlib.sha256(text.encode()).hexdigest(),
        )
        for name, text in texts.items()
    )
    return ConversionReport(files=files, warnings=("converted without care",))


def shard_of(content: str) -> str:
    """Return the name of the shard that is made of `content`."""
    return f"{hashlib.sha256(content.encode()).hexdigest()[:8]}.bin"


def content_of(build: Build) -> str:
    """Return what the served model was made of."""
    document = json.loads((build.artifact.directory / "model.json").read_text())
    content: str = document["made of"]
    assert (build.artifact.directory / shard_of(content)).read_text() == content
    return content


async def no_sleep(seconds: float) -> None:
    raise AssertionError("files that were saved long ago need no waiting")


class House:
    """All that a builder works with; can be left and entered again."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = Folder(tmp_path / "models")
        self.folder.path.mkdir()
        self.cache_dir = tmp_path / "cache"
        self.workers = FakeWorkers()
        self.events: list[BuildEvent] = []
        self.sleep: Callable[[float], Awaitable[None]] = no_sleep
        self._builders: list[Builder] = []

    @property
    def settings(self) -> ServerSettings:
        return ServerSettings(models_dir=self.folder.path, cache_dir=self.cache_dir)

    def store(self) -> ArtifactStore:
        return ArtifactStore(self.cache_dir, limit_bytes=GIB, grace_seconds=3600)

    def builder(self) -> Builder:
        """Return a builder as a new process would make it."""
        builder = Builder(
            store=self.store(),
            workers=self.workers,
            settings=self.settings,
            sleep=self._sleep,
        )
        builder.subscribe(self.events.append)
        self._builders.append(builder)
        return builder

    async def _sleep(self, seconds: float) -> None:
        await self.sleep(seconds)

    def told(self) -> list[str]:
        """Return what listeners were told, without progress, and forget it."""
        kinds = [event.kind.value for event in self.events if event.kind.value != "progress"]
        self.events.clear()
        return kinds

    def artifacts_stored(self) -> int:
        return len(list(self.cache_dir.rglob("model.json")))

    async def close(self) -> None:
        for builder in self._builders:
            await builder.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    yield house
    await house.close()
