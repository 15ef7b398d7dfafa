"""Two servers on the same models, one with a fast road, and what may happen to their files."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from tests.stack.whole import SAMPLES, Folder, Stack, make_custom, running
from tests.web.fast import Kept, request
from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.settings import ServerSettings
from tfjs_serve.web.app import create_app, create_runner

MODEL = "/iris/model.json"


def shard_of(answer: bytes) -> str:
    found = re.search(rb"weights\.[0-9a-f]{32}(?:|/weights)\.bin", answer)
    assert found is not None
    return found[0].decode()


@dataclass
class Roads:
    """Two servers on the same models: one with a fast road, and one without."""

    fast: Stack
    slow: Stack
    folder: Folder
    cache_dir: Path
    etags: list[str] = field(default_factory=lambda: ['"none"'])
    shards: list[str] = field(default_factory=lambda: ["weights.bin"])

    async def ask(self, question: Question, fast: Kept, slow: Kept) -> None:
        head = question.head(self)
        again = [await fast.ask(head) for _ in range(3)]
        expected = await slow.ask(head)
        assert again == [expected] * 3, head
        self.etags += re.findall(r'(?<=\r\nETag: )"[0-9a-f]+"', expected.decode("latin-1"))
        if b'"weightsManifest"' in expected:
            self.shards.append(shard_of(expected))

    def artifacts(self) -> list[Path]:
        return sorted((self.cache_dir / "artifacts").iterdir())


@dataclass(frozen=True)
class Question:
    """A request; ``{shard}`` and ``{etag}`` are the latest that were heard of."""

    target: str
    lines: tuple[str, ...]
    method: str
    host: str
    version: str

    def head(self, roads: Roads) -> bytes:
        head = request(self.target, *self.lines, method=self.method, host=self.host)
        head = head.replace(b"HTTP/1.1", self.version.encode())
        head = head.replace(b"{shard}", roads.shards[-1].encode())
        return head.replace(b"{etag}", roads.etags[-1].encode())


@asynccontextmanager
async def both_roads(settings: ServerSettings) -> AsyncIterator[Roads]:
    async with AsyncExitStack() as stack:
        fast = await stack.enter_async_context(running(settings))
        catalog = Catalog(settings.models_dir)
        app = create_app(catalog=catalog, builder=fast.builder, settings=settings)
        # A server that logs each request has no fast road.
        runner = create_runner(app, access_log=logging.getLogger("tests.nowhere"))
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        slow = Stack(fast.builder, fast.session, runner.addresses[0][1], fast.cache_dir)
        yield Roads(fast, slow, Folder(settings.models_dir), settings.cache_dir)


def save(roads: Roads) -> None:
    roads.folder.save("iris.h5")


def save_another(roads: Roads) -> None:
    roads.folder.save("iris.h5", sample="digits.h5")


def save_a_bad_one(roads: Roads) -> None:
    roads.folder.save("iris.h5", edit=make_custom)


def write_in_place(roads: Roads) -> None:
    path = roads.folder.path / "iris.h5"
    path.write_bytes((SAMPLES / "digits.h5").read_bytes())
    os.utime(path, ns=(10**18 + 1, 10**18 + 1))


def add_a_twin(roads: Roads) -> None:
    roads.folder.save("iris.hdf5")


def remove_the_twin(roads: Roads) -> None:
    (roads.folder.path / "iris.hdf5").unlink(missing_ok=True)


def remove(roads: Roads) -> None:
    (roads.folder.path / "iris.h5").unlink(missing_ok=True)


def touch(roads: Roads) -> None:
    if (roads.folder.path / "iris.h5").exists():
        os.utime(roads.folder.path / "iris.h5", ns=(10**18 + 3, 10**18 + 3))


def put_a_link(roads: Roads) -> None:
    path = roads.folder.path
    roads.folder.save("target.h5")
    (path / "iris.h5").unlink(missing_ok=True)
    (path / "iris.h5").symlink_to(path / "target.h5")


def add_a_folder(roads: Roads) -> None:
    if not (roads.folder.path / "iris").exists():
        roads.folder.add_tfjs("iris")


def remove_the_folder(roads: Roads) -> None:
    shutil.rmtree(roads.folder.path / "iris", ignore_errors=True)


def write_labels(roads: Roads) -> None:
    (roads.folder.path / "iris.labels.txt").write_text("setosa\n")


def write_other_labels(roads: Roads) -> None:
    (roads.folder.path / "iris.labels.txt").write_text("virginica\n")
    os.utime(roads.folder.path / "iris.labels.txt", ns=(10**18 + 5, 10**18 + 5))


def put_a_link_to_labels(roads: Roads) -> None:
    (roads.folder.path / "others.txt").write_text("others\n")
    remove_labels(roads)
    (roads.folder.path / "iris.labels.txt").symlink_to("others.txt")


def remove_labels(roads: Roads) -> None:
    (roads.folder.path / "iris.labels.txt").unlink(missing_ok=True)


def put_metadata_into_the_folder(roads: Roads) -> None:
    add_a_folder(roads)
    (roads.folder.path / "iris" / "metadata.json").write_text('{"labels": ["setosa"]}')


def change_the_weights_of_the_folder(roads: Roads) -> None:
    add_a_folder(roads)
    weights = roads.folder.path / "iris" / "weights.bin"
    weights.write_bytes(weights.read_bytes()[::-1])


def name_a_variant(roads: Roads) -> None:
    roads.folder.save("iris@uint8.h5", sample="digits.h5")


def remove_what_names_a_variant(roads: Roads) -> None:
    (roads.folder.path / "iris@uint8.h5").unlink(missing_ok=True)


def lose_the_cache(roads: Roads) -> None:
    for artifact in roads.artifacts():
        shutil.rmtree(artifact)


def damage_the_cache(roads: Roads) -> None:
    for artifact in roads.artifacts():
        for path in artifact.iterdir():
            if path.suffix in (".bin", ".json"):
                path.write_bytes(path.read_bytes()[::-1])


CHANGES: list[Callable[[Roads], None]] = [
    save,
    save_another,
    save_a_bad_one,
    write_in_place,
    add_a_twin,
    remove_the_twin,
    remove,
    touch,
    put_a_link,
    add_a_folder,
    remove_the_folder,
    write_labels,
    write_other_labels,
    put_a_link_to_labels,
    remove_labels,
    put_metadata_into_the_folder,
    change_the_weights_of_the_folder,
    name_a_variant,
    remove_what_names_a_variant,
    lose_the_cache,
    damage_the_cache,
]
