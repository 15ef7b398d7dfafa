"""What is sent, in which order, and what is left of publishes that were ended."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest
from obstore.exceptions import GenericError
from obstore.store import MemoryStore

from tfjs_serve.publishing import bucket as bucket_module
from tfjs_serve.publishing import lock as lock_module
from tfjs_serve.publishing import publish as publish_module
from tfjs_serve.publishing.bucket import Bucket
from tfjs_serve.publishing.folder import Folder
from tfjs_serve.publishing.manifest import LOCK
from tfjs_serve.publishing.model import Destination, PublishError, SiteFile
from tfjs_serve.publishing.publish import Published, Wish, publish

from .sites import Killed, Recorded, contents, is_whole, model, wish

OLD = model("m", b"kernel", b"bias")
NEW = model("m", b"kernel", b"other bias", version="2")
OTHER = model("other", b"weights")


@pytest.fixture(params=["folder", "bucket"])
def destination(request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    return (
        Folder(tmp_path / "site") if request.param == "folder" else Bucket(MemoryStore(), "s3://b")
    )


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(publish_module, "_FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(lock_module, "_ENDED_SECONDS", 0.01)
    yield


async def _publish(destination: Destination, wanted: Wish) -> Published:
    return await publish(destination, wanted, lambda _sent, _all: None)


def _bytes(files: list[SiteFile]) -> dict[str, bytes]:
    return {one.path: bytes(one.content) for one in files if isinstance(one.content, bytes)}


async def test_all_is_there_afterwards(destination: Destination) -> None:
    published = await _publish(destination, wish(OLD, OTHER))
    assert await contents(destination) == _bytes([*OLD, *OTHER])
    assert {one.path for one in published.sent} == {one.path for one in [*OLD, *OTHER]}
    assert await destination.read(LOCK) is None


async def test_weights_come_first_and_model_json_last(destination: Destination) -> None:
    recorded = Recorded(destination)
    await _publish(recorded, wish(OLD, OTHER))
    put = [one.removeprefix("put ") for one in recorded.asked if one.startswith("put ")]
    models = [path for path in put if not path.startswith(".tfjs-serve/")]
    kinds = [path.rpartition("/")[2].partition(".")[0] for path in models]
    assert kinds == ["weights"] * 3 + ["labels"] * 2 + ["model"] * 2


async def test_a_second_publish_is_one_listing(destination: Destination) -> None:
    await _publish(destination, wish(OLD, OTHER))
    recorded = Recorded(destination)
    published = await _publish(recorded, wish(OLD, OTHER))
    assert recorded.asked == ["list"]
    assert (published.sent, published.kept) == ((), 7)


async def test_only_what_changed_is_sent(destination: Destination) -> None:
    await _publish(destination, wish(OLD, OTHER))
    published = await _publish(destination, wish(NEW, OTHER))
    names = {one.path for one in published.sent}
    assert names == {"m/model.json", NEW[1].path}
    there = await contents(destination)
    assert is_whole(there, "m")
    assert OLD[1].path in there  # a page may have the old model.json


async def test_a_document_of_the_same_size_is_sent(destination: Destination) -> None:
    await _publish(destination, wish(model("m", b"kernel", version="1")))
    published = await _publish(destination, wish(model("m", b"kernel", version="2")))
    assert [one.path for one in published.sent] == ["m/model.json"]


async def test_other_models_stay_when_one_is_published(destination: Destination) -> None:
    await _publish(destination, wish(OLD, OTHER))
    await _publish(destination, wish(NEW, only="m", removes_after_seconds=0))
    there = await contents(destination)
    assert is_whole(there, "other")
    assert OLD[1].path not in there
    await _publish(destination, wish(NEW, OTHER))
    assert await contents(destination) == there


async def test_a_model_in_the_folder_of_another_stays(destination: Destination) -> None:
    inner = model("m/inner", b"inside")
    await _publish(destination, wish(OLD, inner))
    await _publish(destination, wish(NEW, only="m", removes_after_seconds=0))
    assert is_whole(await contents(destination), "m/inner")


async def test_what_is_not_needed_is_removed_after_a_while(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(publish_module.time, "time", lambda: now)
    await _publish(destination, wish(OLD, OTHER))
    await _publish(destination, wish(NEW, OTHER))
    now = 1050.0
    published = await _publish(destination, wish(NEW, OTHER, removes_after_seconds=100))
    assert published.removed == ()
    now = 1101.0
    published = await _publish(destination, wish(NEW, OTHER, removes_after_seconds=100))
    assert published.removed == (OLD[1].path,)
    assert await contents(destination) == _bytes([*NEW, *OTHER])
    again = await _publish(destination, wish(NEW, OTHER, removes_after_seconds=100))
    assert (again.sent, again.removed) == ((), ())


async def test_the_model_json_of_a_model_that_is_gone_goes_at_once(
    destination: Destination,
) -> None:
    await _publish(destination, wish(OLD, OTHER))
    await _publish(destination, wish(OLD, removes_after_seconds=3600))
    there = await contents(destination)
    assert "other/model.json" not in there
    assert OTHER[0].path in there
    await _publish(destination, wish(OLD, removes_after_seconds=0))
    assert await contents(destination) == _bytes(OLD)


async def test_files_of_others_stay(destination: Destination) -> None:
    stranger = model("stranger", b"theirs")
    for one in stranger:
        await destination.put(one)
    await _publish(destination, wish(OLD, removes_after_seconds=0))
    await _publish(destination, wish(NEW, removes_after_seconds=0))
    assert await contents(destination) == _bytes([*NEW, *stranger])


async def test_what_was_lost_is_sent_again(destination: Destination) -> None:
    await _publish(destination, wish(OLD))
    await destination.delete([OLD[0].path])
    published = await _publish(destination, wish(OLD))
    assert [one.path for one in published.sent] == [OLD[0].path]


async def test_however_it_ends_pages_get_a_whole_model(destination: Destination) -> None:
    """Killed at each call in turn, it leaves the old or the new model; the next one completes."""
    await _publish(destination, wish(OLD, OTHER))
    ends = 0
    for at in range(40):
        killed = Recorded(destination, killed_at=at)
        wanted = wish(NEW if at % 2 else OLD, OTHER, removes_after_seconds=None)
        try:
            await _publish(killed, wanted)
        except Killed:
            ends += 1
        there = await contents(destination)
        assert is_whole(there, "m") and is_whole(there, "other")
        if at % 3 == 0:
            await _publish(destination, wanted)
            assert _bytes([*wanted.files]).items() <= (await contents(destination)).items()
    assert ends >= 10
    await _publish(destination, wish(NEW, OTHER, removes_after_seconds=0))
    assert await contents(destination) == _bytes([*NEW, *OTHER])
    left = [path async for some in destination.sizes() for path in some]
    assert len([path for path in left if path.startswith(".tfjs-serve/")]) == 1


async def test_weights_that_were_removed_are_sent_although_a_store_still_lists_them(
    destination: Destination,
) -> None:
    class Late(Recorded):
        async def sizes(self) -> AsyncIterator[Mapping[str, int]]:
            async for some in super().sizes():
                yield {OLD[1].path: OLD[1].size_bytes, **some}

    await _publish(destination, wish(OLD))
    await _publish(destination, wish(NEW, removes_after_seconds=0))
    await _publish(Late(destination), wish(OLD))
    assert is_whole(await contents(destination), "m")


async def test_what_an_ended_publish_left_half_written_goes(tmp_path: Path) -> None:
    destination = Folder(tmp_path)
    await _publish(destination, wish(OLD))
    left = tmp_path / "m" / ".tfjs-serve-0123abcd"
    left.write_bytes(b"ker")
    await _publish(destination, wish(OLD))
    assert not left.exists()
    assert await contents(destination) == _bytes(OLD)


async def test_progress_ends_with_all_that_was_to_be_sent(destination: Destination) -> None:
    told: list[tuple[int, int]] = []
    await publish(destination, wish(OLD), lambda *progress: told.append(progress))
    await publish(destination, wish(NEW, OTHER), lambda *progress: told.append(progress))
    all_bytes = [sum(one.size_bytes for one in files) for files in (OLD, [*NEW[1:], *OTHER])]
    changed = all_bytes[1] - NEW[2].size_bytes  # the labels
    assert told[len(OLD) - 1] == (all_bytes[0], all_bytes[0])
    assert told[-1] == (changed, changed)


async def test_a_store_that_fails_now_and_then_is_asked_again(destination: Destination) -> None:
    class Flaky(Recorded):
        failures = 0

        async def put(self, one: SiteFile) -> None:
            self.failures += 1
            if self.failures % 3 == 0:
                raise PublishError("try later")
            await super().put(one)

    await _publish(Flaky(destination), wish(OLD, OTHER))
    assert await contents(destination) == _bytes([*OLD, *OTHER])


async def test_what_cannot_be_removed_at_once_is_removed_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The client sends a POST, and does not repeat it when the store closes the connection."""
    store, failures = MemoryStore(), iter([GenericError("connection reset")] * 2)
    destination = Bucket(store, "s3://b")
    await _publish(destination, wish(OLD, OTHER))

    class Resetting:
        async def delete_async(self, paths: object) -> None:
            for failure in failures:
                raise failure
            await store.delete_async(paths)

    monkeypatch.setattr(bucket_module, "_FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(destination, "_store", Resetting())
    await destination.delete([OLD[0].path, "nothing", OLD[1].path])
    left = await contents(Bucket(store, "s3://b"))
    assert left == _bytes([*OLD[2:], *OTHER])


async def test_a_store_that_always_fails_is_an_error(destination: Destination) -> None:
    class Broken(Recorded):
        async def put(self, one: SiteFile) -> None:
            if one.path.endswith(".bin"):
                raise PublishError("the disk is full")
            await super().put(one)

    with pytest.raises(PublishError, match="the disk is full"):
        await _publish(Broken(destination), wish(OLD))
    assert not is_whole(await contents(destination), "m")
    assert await destination.read(LOCK) is None


async def test_somebody_who_publishes_is_not_disturbed(destination: Destination) -> None:
    renewed = iter(range(1000))

    class Busy(Recorded):
        async def read(self, path: str) -> bytes | None:
            if path == LOCK:
                lock = {"host": "elsewhere", "process": 1, "renewed": next(renewed)}
                return json.dumps(lock).encode()
            return await super().read(path)

    await destination.create(LOCK, b"{}")
    with pytest.raises(PublishError, match="process 1 on elsewhere publishes there"):
        await _publish(Busy(destination), wish(OLD))
    assert await contents(destination) == {}


async def test_the_lock_of_a_process_that_is_gone_is_taken_over(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await ended.wait()
    lock = {"host": lock_module.socket.gethostname(), "process": ended.pid, "renewed": 0}
    await destination.create(LOCK, json.dumps(lock).encode())
    monkeypatch.setattr(lock_module, "_ENDED_SECONDS", 1e6)
    await asyncio.wait_for(_publish(destination, wish(OLD)), 30)
    assert is_whole(await contents(destination), "m")


async def test_a_lock_that_somebody_else_has_taken_over_stays(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two publishes have seen the lock of one that has ended, and the other one was faster."""
    monkeypatch.setattr(lock_module, "_is_gone", lambda text: b"ended" in text)
    seen = iter([b'{"host": "ended"}', *(b'{"renewed": %d}' % number for number in range(1000))])

    class Slow(Recorded):
        async def read(self, path: str) -> bytes | None:
            return next(seen) if path == LOCK else await super().read(path)

    await destination.create(LOCK, b"{}")
    with pytest.raises(PublishError, match="publishes there at this moment"):
        await _publish(Slow(destination), wish(OLD))
    assert await destination.read(LOCK) == b"{}"
    assert await contents(destination) == {}


async def test_a_lock_that_nobody_renews_is_taken_over(destination: Destination) -> None:
    await destination.create(LOCK, b'{"host": "elsewhere", "process": 1, "renewed": 7}')
    await _publish(destination, wish(OLD))
    assert is_whole(await contents(destination), "m")
    assert await destination.read(LOCK) is None
