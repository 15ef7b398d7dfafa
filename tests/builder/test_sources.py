"""When a file is at rest, and what its bytes are."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builder.conftest import LONG_AGO_NS, Folder, no_sleep
from tfjs_serve.builder import sources as sources_module
from tfjs_serve.builder.sources import Source, Sources
from tfjs_serve.builder.stamps import ChangedMeanwhileError, read_stamps, rest_seconds
from tfjs_serve.catalog.model import FileStamp
from tfjs_serve.errors import KerasFileError, SourceChangedError
from tfjs_serve.settings import SETTLE_DEADLINE_SECONDS, SETTLE_SECONDS

NOW_NS = 1_700_000_000_123_456_789
SECOND_NS = 1_000_000_000


def stamp(mtime_ns: int) -> FileStamp:
    return FileStamp(path="a.h5", device=1, inode=2, size_bytes=3, mtime_ns=mtime_ns)


async def no_scratch() -> Path:
    raise AssertionError("what is at rest is not copied")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize(
    ("age_ns", "seconds"),
    [
        (3600 * SECOND_NS, 0.0),
        (3 * SECOND_NS, 0.0),
        (SECOND_NS, SETTLE_SECONDS),
        (0, SETTLE_SECONDS),
        (-3600 * SECOND_NS, SETTLE_SECONDS),
        (123_456_789, 2.0),
    ],
    ids=["old", "just old enough", "new", "now", "in the future", "new, by a coarse clock"],
)
def test_rest_that_is_needed(age_ns: int, seconds: float) -> None:
    assert rest_seconds((stamp(NOW_NS - age_ns),), NOW_NS) == seconds


@given(st.lists(st.integers(min_value=0, max_value=2 * NOW_NS), min_size=1))
def test_a_folder_needs_the_rest_of_its_most_restless_file(mtimes_ns: list[int]) -> None:
    stamps = tuple(map(stamp, mtimes_ns))
    assert rest_seconds(stamps, NOW_NS) == max(rest_seconds((s,), NOW_NS) for s in stamps)


async def test_old_file_is_at_rest_without_waiting(folder: Folder) -> None:
    folder.save("a.h5", "v1")
    entry = folder.look("a")
    source = await Sources(sleep=no_sleep).whole(entry, no_scratch)
    assert source == Source(stamps=entry.stamps, path=entry.path)


async def test_new_file_is_at_rest_when_it_stayed_the_same(folder: Folder) -> None:
    path = folder.path / "a.h5"
    path.write_text("v1")
    naps: list[float] = []

    async def write_twice_more(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) <= 2:
            with path.open("a") as file:
                file.write("more")

    source = await Sources(sleep=write_twice_more).whole(folder.look("a"), no_scratch)
    stamps = source.stamps
    assert naps.count(SETTLE_SECONDS) == 3
    assert stamps == folder.look("a").stamps
    assert stamps[0].size_bytes == len("v1moremore")


async def test_file_from_the_future_is_waited_for_once(folder: Folder) -> None:
    folder.save("a.h5", "v1")
    os.utime(folder.path / "a.h5", ns=(4 * LONG_AGO_NS, 4 * LONG_AGO_NS))
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    sources = Sources(sleep=nap)
    for _ in range(3):
        source = await sources.whole(folder.look("a"), no_scratch)
        await sources.digest(folder.look("a"), source.stamps)
    assert naps == [SETTLE_SECONDS]


async def test_waiting_has_an_end(folder: Folder) -> None:
    path = folder.path / "a.h5"
    path.write_text("v1")
    waited_seconds = 0.0

    async def write(seconds: float) -> None:
        nonlocal waited_seconds
        waited_seconds += seconds
        with path.open("a") as file:
            file.write("more")

    with pytest.raises(SourceChangedError, match=r"a\.h5 is still being written"):
        await Sources(sleep=write).whole(folder.look("a"), no_scratch)
    assert SETTLE_DEADLINE_SECONDS <= waited_seconds <= SETTLE_DEADLINE_SECONDS + 2


async def test_digest_of_a_file_is_its_sha256(folder: Folder) -> None:
    folder.save("a.h5", "x" * 3_000_000)
    entry = folder.look("a")
    digest = await Sources().digest(entry, entry.stamps)
    assert digest == hashlib.sha256(b"x" * 3_000_000).hexdigest()


async def test_digest_is_of_the_stamps_or_of_nothing(folder: Folder) -> None:
    folder.save("a.h5", "v1")
    entry = folder.look("a")
    folder.save("a.h5", "v2")
    sources = Sources()
    with pytest.raises(ChangedMeanwhileError, match=r"a\.h5 changed"):
        await sources.digest(entry, entry.stamps)
    now = folder.look("a")
    assert await sources.digest(now, now.stamps) == hashlib.sha256(b"v2").hexdigest()


async def test_known_file_is_not_read_again(folder: Folder) -> None:
    folder.save("a.h5", "v1")
    entry = folder.look("a")
    sources = Sources()
    digests = await asyncio.gather(*(sources.digest(entry, entry.stamps) for _ in range(20)))
    (folder.path / "a.h5").unlink()
    assert {await sources.digest(entry, entry.stamps), *digests} == {digests[0]}


DOCUMENT = '{"format": "graph-model", "weightsManifest": [{"paths": ["a.bin", "b.bin"]}]}'


async def digest_of_folder(path: Path, **contents: str) -> str:
    folder = Folder(path)
    for name, content in contents.items():
        folder.save(f"web/{name}.bin", content)
    folder.save("web/model.json", DOCUMENT)
    entry = folder.look("web")
    return await Sources().digest(entry, entry.stamps)


async def test_digest_of_a_converted_folder_is_that_of_names_and_bytes(tmp_path: Path) -> None:
    same = [await digest_of_folder(tmp_path / place, a="1", b="2") for place in ("x", "y")]
    assert same[0] == same[1]
    others = [
        await digest_of_folder(tmp_path / "z", a="2", b="1"),
        await digest_of_folder(tmp_path / "w", a="1"),
        await digest_of_folder(tmp_path / "v", a="12", b=""),
    ]
    assert len({same[0], *others}) == 4


async def test_digest_of_a_model_with_labels_does_not_depend_on_its_name(folder: Folder) -> None:
    digests = []
    for name, labels in (("a", "cat"), ("b", "cat"), ("c", "dog"), ("d", "")):
        folder.save(f"{name}.h5", "1")
        if labels:
            folder.save(f"{name}.labels.txt", labels)
        entry = folder.look(name)
        digests.append(await Sources().digest(entry, entry.stamps))
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_labels_that_are_gone_are_named(folder: Folder) -> None:
    folder.save("a.h5", "1")
    folder.save("a.labels.txt", "cat")
    entry = folder.look("a")
    (folder.path / "a.labels.txt").unlink()
    with pytest.raises(SourceChangedError, match=r"^a\.labels\.txt was removed\n"):
        read_stamps(entry)


async def test_converted_folder_that_is_the_models_folder_itself(folder: Folder) -> None:
    folder.save("a.bin", "1")
    folder.save("model.json", DOCUMENT)
    entry = folder.look("model.json")
    assert read_stamps(entry) == entry.stamps
    assert len(entry.stamps) == 2


def test_removed_file_is_a_change(folder: Folder) -> None:
    folder.save("a.h5", "v1")
    entry = folder.look("a")
    (folder.path / "a.h5").unlink()
    with pytest.raises(SourceChangedError, match=r"a\.h5 was removed"):
        read_stamps(entry)


async def test_file_that_cannot_be_read_is_named(folder: Folder) -> None:
    folder.save("a.h5", "v1")
    entry = folder.look("a")
    unreadable = replace(entry, path=folder.path)  # even root cannot read a folder's bytes
    with pytest.raises(KerasFileError, match=r"a\.h5 cannot be read"):
        await Sources().digest(unreadable, entry.stamps)


async def test_closed_sources_read_no_further(folder: Folder) -> None:
    folder.save("a.h5", "v1")
    entry = folder.look("a")
    sources = Sources()
    await sources.close()
    with pytest.raises(Exception, match="the server is closing"):
        await sources.digest(entry, entry.stamps)


@pytest.mark.skipif(sys.platform == "win32", reason="flock is POSIX's")
async def test_file_that_its_writer_locked_is_read_all_the_same(folder: Folder) -> None:
    import fcntl

    folder.save("a.h5", "v1")
    entry = folder.look("a")
    with (folder.path / "a.h5").open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX | fcntl.LOCK_NB)
        digest = await Sources().digest(entry, entry.stamps)
    assert digest == hashlib.sha256(b"v1").hexdigest()


@pytest.mark.parametrize("age_seconds", [0.5, 5.0])
async def test_file_that_its_writer_holds_is_not_at_rest(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, age_seconds: float
) -> None:
    folder.save("a.h5", "v1")
    (stamp,) = folder.look("a").stamps
    held = {stamp.inode}
    monkeypatch.setattr(sources_module, "is_write_locked", lambda inode: inode in held)
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    now = stamp.mtime_ns / SECOND_NS
    sources = Sources(clock=lambda: now + age_seconds, sleep=nap)
    with pytest.raises(SourceChangedError, match="still being written"):
        await sources.whole(folder.look("a"), no_scratch)
    forgotten = Sources(clock=lambda: now + 11.0, sleep=no_sleep)
    assert (await forgotten.whole(folder.look("a"), no_scratch)).stamps == (stamp,)
    held.clear()
    assert (await sources.whole(folder.look("a"), no_scratch)).stamps == (stamp,)
