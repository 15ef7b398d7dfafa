"""What the fast road answers is what the slow road would answer, whatever happens in between."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.stack.whole import SAMPLES, Folder, Stack, make_custom, running
from tests.web.fast import Hits, Kept, count_hits, request, warm
from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.settings import FAST_ROAD_RENEWAL_SECONDS, TICK_SECONDS, ServerSettings
from tfjs_serve.web import fast_road
from tfjs_serve.web.app import create_app, create_runner

MODEL = "/iris/model.json"


@pytest.fixture
def hits(monkeypatch: pytest.MonkeyPatch) -> Hits:
    return count_hits(monkeypatch)


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[Kept]:
    kept = Kept(stack)
    yield kept
    await kept.close()


def shard_of(answer: bytes) -> str:
    found = re.search(rb"weights\.[0-9a-f]{32}\.bin", answer)
    assert found is not None
    return found[0].decode()


# --- Both roads, side by side ---------------------------------------------------------------


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
    name_a_variant,
    remove_what_names_a_variant,
    lose_the_cache,
    damage_the_cache,
]
LINES = [
    "Origin: http://localhost:5173",
    "Origin: http://127.0.0.1:1",
    "Origin: https://evil.example",
    "Origin: null",
    "origin:http://localhost:5173",
    "Accept-Encoding: gzip, deflate, br",
    "Accept-Encoding: gzip",
    "Accept-Encoding: br;q=0, identity",
    "If-None-Match: {etag}",
    "If-None-Match: *",
    'If-None-Match: "other"',
    "If-Match: {etag}",
    'If-Match: "other"',
    "Range: bytes=1-5",
    "Range: bytes=9999999-",
    "If-Range: {etag}",
    "Connection: close",
    "Connection: keep-alive",
    "Cache-Control: no-cache",
    "Host: evil.example",
    "Content-Length: 0",
    "Expect: 100-continue",
    "Upgrade-Insecure-Requests: 1",
    "X-Unknown: \u00e9",
]
TARGETS = [
    MODEL,
    f"{MODEL}?tfjs=1",
    "/iris.h5/model.json",
    "/iris@uint8/model.json",
    "http://localhost/iris/model.json",
    "http://evil.example/iris/model.json",
    "/iris/{shard}",
    "/iris/{shard}?tfjs=1",
    "/iris@uint8/{shard}",
    "/iris/",
    "/none/model.json",
]
QUESTIONS = st.builds(
    Question,
    target=st.sampled_from([MODEL, "/iris/{shard}", *TARGETS]),
    lines=st.lists(st.sampled_from(LINES), max_size=3).map(tuple),
    method=st.sampled_from(["GET"] * 6 + ["HEAD", "OPTIONS"]),
    host=st.sampled_from(["localhost"] * 4 + ["127.0.0.1:8000", "evil.example"]),
    version=st.sampled_from(["HTTP/1.1"] * 8 + ["HTTP/1.0"]),
)
Change = Callable[[Roads], None]


async def take(roads: Roads, questions: list[Question], changes: list[Change]) -> None:
    """Ask everything after each change, and again when the fast road may know the answers."""
    for undo in (remove, remove_the_twin, remove_the_folder, remove_what_names_a_variant):
        undo(roads)
    asking = [(question, Kept(roads.fast), Kept(roads.slow)) for question in questions]
    try:
        for change in (save, *changes):
            change(roads)
            for each in asking:
                await roads.ask(*each)
            await asyncio.sleep(2 * TICK_SECONDS)
            for each in asking:
                await roads.ask(*each)
    finally:
        for _, fast, slow in asking:
            await fast.close()
            await slow.close()


PLAIN = Question(MODEL, (), "GET", "localhost", "HTTP/1.1")


@pytest.mark.skipif(os.name == "nt", reason="makes links")
def test_both_roads_give_the_same_answers(
    settings: ServerSettings, folder: Folder, hits: Hits
) -> None:
    loop = asyncio.new_event_loop()
    servers = both_roads(settings)
    roads = loop.run_until_complete(servers.__aenter__())

    @hypothesis_settings(max_examples=12, deadline=None)
    @given(
        st.lists(QUESTIONS, max_size=3),
        st.lists(st.sampled_from(CHANGES), min_size=3, max_size=8),
    )
    def check(questions: list[Question], changes: list[Change]) -> None:
        loop.run_until_complete(take(roads, [PLAIN, *questions], changes))

    try:
        check()
    finally:
        loop.run_until_complete(servers.__aexit__(None, None, None))
        loop.close()
    assert hits.heads  # or nothing was compared


# --- One promise after the other ------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Origin: http://localhost:5173",),
        ("Accept-Encoding: br",),
        ("Origin: https://evil.example", "Accept-Encoding: gzip"),
    ],
)
async def test_a_document_and_its_304_are_given_again(
    client: Kept, folder: Folder, hits: Hits, lines: tuple[str, ...]
) -> None:
    folder.save("iris.h5")
    whole = await warm(client, hits, request(MODEL, *lines))
    etag = re.search(rb"\r\nETag: (\S+)", whole)
    assert etag is not None
    known = request(MODEL, *lines, f"If-None-Match: {etag[1].decode()}")
    unchanged = await warm(client, hits, known)
    assert unchanged.startswith(b"HTTP/1.1 304 Not Modified\r\n")
    assert unchanged.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("change", CHANGES[1:10])
async def test_a_change_is_seen_by_the_very_next_request(
    stack: Stack,
    settings: ServerSettings,
    client: Kept,
    folder: Folder,
    hits: Hits,
    change: Callable[[Roads], None],
) -> None:
    folder.save("iris.h5")
    await warm(client, hits, request(MODEL))
    change(Roads(stack, stack, folder, settings.cache_dir))
    await client.ask(request(MODEL))
    # A twin that was not there before was not removed, so nothing changed.
    assert hits.take() == (change is remove_the_twin)


Spoil = Callable[[Path], Awaitable[None] | None]


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"wrong")])
async def test_a_shard_that_was_lost_or_damaged_is_not_given_again(
    stack: Stack, client: Kept, folder: Folder, hits: Hits, spoil: Callable[[Path], object]
) -> None:
    folder.save("iris.h5")
    name = shard_of(await client.ask(request(MODEL)))
    whole = await warm(client, hits, request(f"/iris/{name}"))
    (artifact,) = (stack.cache_dir / "artifacts").iterdir()
    spoil(artifact / name)
    assert await client.ask(request(f"/iris/{name}")) == whole
    assert hits.take() == 0
    assert (artifact / name).read_bytes() == whole.partition(b"\r\n\r\n")[2]


async def test_a_document_is_not_given_again_when_its_artifact_is_gone(
    stack: Stack, client: Kept, folder: Folder, hits: Hits
) -> None:
    folder.save("iris.h5")
    whole = await warm(client, hits, request(MODEL))
    (artifact,) = (stack.cache_dir / "artifacts").iterdir()
    shutil.rmtree(artifact)
    assert await client.ask(request(MODEL)) == whole
    assert hits.take() == 0
    assert artifact.exists()


async def test_from_time_to_time_one_request_takes_the_slow_road(
    settings: ServerSettings, folder: Folder, hits: Hits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the artifact would not count as used, and be removed from a full cache."""
    folder.save("iris.h5")
    late_seconds = 0.0
    make = fast_road.FastRoad

    def made() -> fast_road.FastRoad:
        return make(clock=lambda: late_seconds)

    monkeypatch.setattr("tfjs_serve.web.app.FastRoad", made)
    async with running(settings) as stack:
        client = Kept(stack)
        await warm(client, hits, request(MODEL))
        late_seconds = FAST_ROAD_RENEWAL_SECONDS
        for expected in (0, 1, 1):
            await client.ask(request(MODEL))
            assert hits.take() == expected
        await client.close()
