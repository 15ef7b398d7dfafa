"""The promises of the server, on the fast road."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.stack.roads import CHANGES, MODEL, Roads, remove_the_twin, shard_of
from tests.stack.whole import Folder, Stack, running
from tests.web.fast import Hits, Kept, request, warm
from tfjs_serve.settings import FAST_ROAD_RENEWAL_SECONDS, ServerSettings
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
