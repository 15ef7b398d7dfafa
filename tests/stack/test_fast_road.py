"""The promises of the server, on the fast road."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.stack.roads import CHANGES, MODEL, Roads, remove_the_twin, shard_of
from tests.stack.whole import Folder, Stack, running
from tests.web.fast import Hits, Kept, request, warm
from tfjs_serve.settings import FAST_ROAD_RENEWAL_SECONDS, TICK_SECONDS, ServerSettings
from tfjs_serve.web import fast_road


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[Kept]:
    kept = Kept(stack)
    yield kept
    await kept.close()


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


NET = "/net/model.json"


@pytest.fixture
def net(folder: Folder) -> Path:
    """A tfjs folder with its weights two folders further down."""
    net = folder.add_tfjs("net")
    document = json.loads((net / "model.json").read_bytes())
    (net / "in" / "deep").mkdir(parents=True)
    for group in document["weightsManifest"]:
        for name in group["paths"]:
            (net / name).rename(net / "in" / "deep" / name)
        group["paths"] = [f"in/deep/{name}" for name in group["paths"]]
    (net / "model.json").write_text(json.dumps(document))
    for path in (net, *net.rglob("*")):
        os.utime(path, ns=(10**18 + 1, 10**18 + 1))
    return net


def move_out(net: Path) -> None:
    """Replace a folder by a link out of the models folder to the same folder."""
    outside = net.parent.with_name("outside")
    (net / "in").rename(outside)
    (net / "in").symlink_to(outside)


def replace_a_shard(net: Path) -> None:
    shard = next((net / "in" / "deep").iterdir())
    shard.rename(net / "elsewhere")
    shard.write_bytes((net / "elsewhere").read_bytes()[::-1])


@pytest.mark.skipif(os.name == "nt", reason="makes links")
@pytest.mark.parametrize("change", [move_out, replace_a_shard])
async def test_weights_in_folders_of_a_tfjs_folder_are_looked_at(
    client: Kept, net: Path, hits: Hits, change: Callable[[Path], None]
) -> None:
    before = await warm(client, hits, request(NET))
    change(net)
    after = await client.ask(request(NET))
    assert hits.take() == 0
    # What lies outside is not part of the model any more, so the last good version is served.
    assert (b"\r\nTfjs-Serve-Stale: " in after) == (change is move_out)
    assert before != after


@pytest.mark.skipif(os.name == "nt", reason="makes links")
async def test_a_link_on_the_way_to_weights_is_left_to_the_slow_road(
    client: Kept, net: Path, hits: Hits
) -> None:
    (net / "in" / "deep").rename(net / "in" / "other")
    (net / "in" / "deep").symlink_to("other")
    for _ in range(3):
        assert b"200 OK" in await client.ask(request(NET))
        await asyncio.sleep(2 * TICK_SECONDS)
    assert hits.take() == 0


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
