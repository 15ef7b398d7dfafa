"""What the web room works with: artifacts of real files, and services that find them."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import brotli
from aiohttp import ClientSession, web

from tfjs_serve.artifacts.model import Artifact, ArtifactFile, ArtifactKey
from tfjs_serve.builder import Build, BuildEvent, EntryState, EntryStatus, KeptGeneration
from tfjs_serve.catalog.catalog import CatalogChange
from tfjs_serve.catalog.model import CatalogEntry, EntryKind, FileStamp
from tfjs_serve.catalog.names import resolve
from tfjs_serve.catalog.others import NotAModel
from tfjs_serve.errors import FileNotInModelError, TfjsServeError
from tfjs_serve.settings import KIB, ServerSettings, Variant
from tfjs_serve.sightings import Sightings
from tfjs_serve.web.app import create_app, create_runner

SMALL_SHARD_BYTES = 300
LARGE_SHARD_BYTES = 700 * KIB
"""Beyond what is read at once, and beyond one chunk of what is not."""


def make_entry(exact_name: str, kind: EntryKind = EntryKind.HDF5, name: str = "") -> CatalogEntry:
    stamp = FileStamp(path=exact_name, device=1, inode=2, size_bytes=123456, mtime_ns=3)
    return CatalogEntry(
        name=name or exact_name.rpartition(".")[0],
        exact_name=exact_name,
        path=Path("/models") / exact_name,
        kind=kind,
        stamps=(stamp,),
    )


def pseudo_random(size_bytes: int, seed: str) -> bytes:
    return hashlib.shake_256(seed.encode()).digest(size_bytes)


def shard_name(body: bytes) -> str:
    return f"weights.{hashlib.sha256(body).hexdigest()[:32]}.bin"


def write_artifact(directory: Path, bodies: dict[str, bytes]) -> Artifact:
    directory.mkdir(parents=True)
    files = []
    for name, body in bodies.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(body)
        digest = hashlib.sha256(body).hexdigest()
        files.append(ArtifactFile(name=name, size_bytes=len(body), sha256=digest))
    key = ArtifactKey(digest=hashlib.sha256(str(directory).encode()).hexdigest())
    return Artifact(key=key, directory=directory, files=tuple(files))


def model_bodies(seed: str) -> dict[str, bytes]:
    shards = [pseudo_random(SMALL_SHARD_BYTES, seed), pseudo_random(LARGE_SHARD_BYTES, seed)]
    names = [shard_name(shard) for shard in shards]
    document = {"format": "layers-model", "seed": seed, "weightsManifest": [{"paths": names}]}
    text = json.dumps(document, indent=1).encode()
    return {**coded("model.json", text), **dict(zip(names, shards, strict=True))}


def coded(name: str, body: bytes) -> dict[str, bytes]:
    """Return a text and its compressed forms, as files of a model."""
    compressed = {f"{name}.gz": gzip.compress(body, mtime=0), f"{name}.br": brotli.compress(body)}
    return {name: body, **compressed}


def script_bodies(seed: str) -> dict[str, bytes]:
    """Return the files with the layers that a model needs."""
    body = f"// layers of {seed}\n".encode()
    return coded(f"layers.{hashlib.sha256(body).hexdigest()[:32]}.js", body)


@dataclass
class FakeCatalog:
    entries: list[CatalogEntry] = field(default_factory=list)
    others: Sequence[NotAModel] = ()
    looked_up: list[str] = field(default_factory=list)
    suggested_for: list[str] = field(default_factory=list)

    subscribers: list[Callable[[CatalogChange], None]] = field(default_factory=list)

    async def refresh(self) -> tuple[CatalogEntry, ...]:
        return tuple(self.entries)

    def subscribe(self, callback: Callable[[CatalogChange], None]) -> Callable[[], None]:
        self.subscribers.append(callback)
        return lambda: self.subscribers.remove(callback)

    async def lookup(
        self, name: str, *, suggest: bool = True, sightings: Sightings | None = None
    ) -> CatalogEntry:
        if sightings is not None:
            sightings.doubt()  # entries change without any file
        self.looked_up.append(name)
        if suggest:
            self.suggested_for.append(name)
        return resolve(self.entries, name)


@dataclass
class FakeBuilder:
    root: Path
    artifacts: dict[tuple[str, Variant], Artifact] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)
    stale: dict[str, str] = field(default_factory=dict)
    searched: list[tuple[str, Variant, str]] = field(default_factory=list)
    with_layers: set[str] = field(default_factory=set)
    watchers: list[Callable[[str], object]] = field(default_factory=list)
    listeners: list[Callable[[BuildEvent], None]] = field(default_factory=list)

    async def build(
        self, entry: CatalogEntry, variant: Variant, sightings: Sightings | None = None
    ) -> Build:
        if entry.exact_name in self.errors:
            raise self.errors[entry.exact_name]
        key = (entry.exact_name, variant)
        if key not in self.artifacts:
            seed = f"{entry.exact_name}@{variant.value}"
            bodies = model_bodies(seed)
            if entry.name in self.with_layers:
                bodies |= script_bodies(seed)
            directory = self.root / f"{len(self.artifacts)}"
            self.artifacts[key] = write_artifact(directory, bodies)
            for watcher in self.watchers:
                watcher(entry.exact_name)
        return Build(artifact=self.artifacts[key], stale_reason=self.stale.get(entry.exact_name))

    async def generations(self, entry: CatalogEntry, variant: Variant) -> list[KeptGeneration]:
        artifact = self.artifacts.get((entry.exact_name, variant))
        return [KeptGeneration(artifact=artifact, recorded_at=0.0)] if artifact else []

    def status(self, entry: CatalogEntry, variant: Variant) -> EntryStatus:
        error = self.errors.get(entry.exact_name)
        if isinstance(error, TfjsServeError):
            return EntryStatus(state=EntryState.FAILED, error=error)
        built = (entry.exact_name, variant) in self.artifacts
        return EntryStatus(state=EntryState.READY if built else EntryState.FOUND)

    def subscribe(self, listener: Callable[[BuildEvent], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def watch(self, watcher: Callable[[str], object]) -> None:
        self.watchers.append(watcher)

    async def find_file(
        self,
        entry_name: str,
        variant: Variant,
        file_name: str,
        sightings: Sightings | None = None,
    ) -> tuple[Artifact, ArtifactFile]:
        self.searched.append((entry_name, variant, file_name))
        for (exact_name, made), artifact in self.artifacts.items():
            short_names = (exact_name.rpartition(".")[0], exact_name.removesuffix("/model.json"))
            is_named = entry_name in (exact_name, *short_names)
            if is_named and made is variant and file_name in artifact.by_name:
                file = artifact.by_name[file_name]
                if sightings is not None:
                    sightings.file(artifact.path(file))
                return artifact, file
        raise FileNotInModelError(f"{entry_name} has no file {file_name}")


@dataclass
class Site:
    """A running server and what it serves."""

    catalog: FakeCatalog
    builder: FakeBuilder
    session: ClientSession
    port: int
    runner: web.AppRunner

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def built(self, name: str, variant: Variant = Variant.FULL) -> Artifact:
        entry = await self.catalog.lookup(name)
        return (await self.builder.build(entry, variant)).artifact


@asynccontextmanager
async def running(
    catalog: FakeCatalog, builder: FakeBuilder, settings: ServerSettings
) -> AsyncIterator[Site]:
    runner = create_runner(create_app(catalog=catalog, builder=builder, settings=settings))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    try:
        async with ClientSession(auto_decompress=False) as session:
            yield Site(catalog=catalog, builder=builder, session=session, port=port, runner=runner)
    finally:
        await runner.cleanup()
