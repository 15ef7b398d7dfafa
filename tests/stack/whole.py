"""Everything together: real files, catalogue, store, workers and server."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
from aiohttp import ClientSession, web

from tests.web.asking import Answer, ask
from tfjs_serve.artifacts.store import ArtifactStore
from tfjs_serve.builder import Builder, BuildEvent
from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.saving import Export, Saver
from tfjs_serve.saving.way_back import new_saver
from tfjs_serve.settings import ServerSettings
from tfjs_serve.web.app import create_app, create_runner
from tfjs_serve.worker.client import WorkerPool

SAMPLES = Path(__file__).parents[2] / "sample_models"
LOCAL = "http://localhost:5173"
LONG_AGO_NS = 1_000_000_000_123_456_789

Edit = Callable[[dict[str, Any]], None]


class Folder:
    """A models folder whose files were all saved long ago, each at another time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._saves = 0

    def save(self, name: str, sample: str = "iris.h5", edit: Edit = lambda config: None) -> None:
        """Put a sample model into the folder, its configuration edited."""
        beside = self.path / "being-saved.tmp"
        shutil.copyfile(SAMPLES / sample, beside)
        with h5py.File(beside, "r+") as file:
            config = json.loads(file.attrs["model_config"])
            edit(config)
            file.attrs["model_config"] = json.dumps(config)
        self._saves += 1
        saved_ns = LONG_AGO_NS + self._saves * 1_000_000_000
        os.utime(beside, ns=(saved_ns, saved_ns))
        beside.replace(self.path / name)

    def add_tfjs(self, name: str) -> Path:
        return Path(shutil.copytree(SAMPLES / "breast-cancer-tfjs", self.path / name))


def layer(config: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the layer called `name` of a Sequential model."""
    layers: list[dict[str, Any]] = config["config"]["layers"]
    return next(one for one in layers if one["config"]["name"] == name)


def regularize(config: dict[str, Any]) -> None:
    """Give a layer what TF.js lacks and does not need to predict."""
    regularizer = {"class_name": "OrthogonalRegularizer", "config": {"factor": 0.01}}
    layer(config, "hidden")["config"]["kernel_regularizer"] = regularizer


def freeze(config: dict[str, Any]) -> None:
    layer(config, "hidden")["config"]["trainable"] = False


def make_custom(config: dict[str, Any]) -> None:
    layer(config, "hidden")["class_name"] = "MyDense"


@dataclass
class Stack:
    """A running server, and what its builder told."""

    builder: Builder
    session: ClientSession
    port: int
    cache_dir: Path
    events: list[BuildEvent] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def told(self) -> list[str]:
        """Return what the builder told, without progress, and forget it."""
        kinds = [event.kind.value for event in self.events if event.kind.value != "progress"]
        self.events.clear()
        return kinds

    async def listed(self, exact_name: str) -> dict[str, Any]:
        """Return what the catalogue says about a model."""
        models = (await ask(self, "/-/models.json")).json()["models"]
        found: dict[str, Any] = next(one for one in models if one["exactName"] == exact_name)
        return found

    async def load(self, base: str) -> tuple[Answer, dict[str, bytes]]:
        """Load a model as TF.js does: ``model.json``, then what it names beside it."""
        document = await ask(self, f"{base}/model.json", Origin=LOCAL)
        assert document.status == 200, document.body
        shards = {}
        for path in shard_names(document):
            answer = await ask(self, f"{base}/{path}", Origin=LOCAL)
            assert answer.status == 200
            shards[path] = answer.body
        return document, shards

    def stored(self, folder: str = "artifacts") -> int:
        return len(list((self.cache_dir / folder).iterdir()))


def shard_names(document: Answer) -> list[str]:
    return [path for group in document.json()["weightsManifest"] for path in group["paths"]]


@asynccontextmanager
async def running(
    settings: ServerSettings,
    *,
    clock: Callable[[], float] = time.time,
    export: Export | None = None,
) -> AsyncIterator[Stack]:
    """Run what ``tfjs-serve serve`` runs, without its terminal and watcher.

    Parameters
    ----------
    export
        Writes what pages save; ``None``: as the server does, if they may.
    """
    async with AsyncExitStack() as stack:
        store = ArtifactStore(
            settings.cache_dir,
            limit_bytes=settings.cache_size_bytes,
            grace_seconds=settings.grace_seconds,
            clock=clock,
        )
        workers = WorkerPool(
            deadline_seconds=settings.conversion_deadline_seconds,
            memory_bytes=settings.worker_memory_bytes,
        )
        stack.push_async_callback(workers.close)
        builder = Builder(store=store, workers=workers, settings=settings, clock=clock)
        stack.push_async_callback(builder.close)
        catalog = Catalog(settings.models_dir, follow_symlinks=settings.follow_symlinks)
        saver = new_saver(catalog, builder, settings) if settings.save_token else None
        if export is not None:
            limits = settings.saving
            saver = Saver(catalog=catalog, builder=builder, export=export, limits=limits)
        app = create_app(catalog=catalog, builder=builder, settings=settings, saver=saver)
        runner = create_runner(app)
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        session = await stack.enter_async_context(ClientSession(auto_decompress=False))
        port = runner.addresses[0][1]
        started = Stack(builder=builder, session=session, port=port, cache_dir=settings.cache_dir)
        builder.subscribe(started.events.append)
        yield started
