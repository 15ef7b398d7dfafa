"""A file that never rests is copied when a save is over, or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import h5py
import pytest

from tests.builder.conftest import LONG_AGO_NS, Folder
from tfjs_serve.builder import between_saves as module
from tfjs_serve.builder.between_saves import BetweenSaves, copy_at_rest
from tfjs_serve.builder.sources import Sources
from tfjs_serve.builder.stamps import is_racy, read_stamps
from tfjs_serve.errors import SourceChangedError, StoreError
from tfjs_serve.settings import TICK_SECONDS

SAMPLES = Path(__file__).parents[2] / "sample_models"
OPEN = threading.Event()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "models").mkdir()
    return Folder(tmp_path / "models")


def save(folder: Folder, sample: str = "iris.h5") -> bytes:
    """Save in place, and return what was saved."""
    shutil.copyfile(SAMPLES / sample, folder.path / "a.h5")
    return (SAMPLES / sample).read_bytes()


def tear(folder: Folder) -> None:
    (folder.path / "a.h5").write_bytes((SAMPLES / "digits.h5").read_bytes()[:5000])


def fill(item: h5py.Group | h5py.Dataset, value: float) -> None:
    if isinstance(item, h5py.Dataset):
        item[...] = value
    else:
        for child in item.values():
            fill(child, value)


def watched(folder: Folder) -> BetweenSaves:
    """Return what has seen the file in the middle of a save."""
    tear(folder)
    between_saves = BetweenSaves(folder.look("a"))
    assert not between_saves.is_whole()
    return between_saves


def test_a_save_that_is_over_is_copied(folder: Folder, tmp_path: Path) -> None:
    between_saves = watched(folder)
    data = save(folder)
    stamps, digest = between_saves.copy(tmp_path / "copy", OPEN) or ((), "")
    assert stamps == folder.look("a").stamps
    assert digest == hashlib.sha256(data).hexdigest()
    assert (tmp_path / "copy").read_bytes() == data


def put_labels(folder: Folder, text: str, age: int = 0) -> None:
    path = folder.path / "a.labels.txt"
    path.write_text(text)
    os.utime(path, ns=(LONG_AGO_NS + age, LONG_AGO_NS + age))


async def test_a_copy_has_the_digest_that_the_files_have_in_their_place(
    folder: Folder, tmp_path: Path
) -> None:
    put_labels(folder, "cat")
    between_saves = watched(folder)
    save(folder)
    entry = folder.look("a")
    expected = await Sources().digest(entry, entry.stamps)
    stamps, digest = between_saves.copy(tmp_path / "copy", OPEN) or ((), "")
    assert (stamps, digest) == (entry.stamps, expected)
    assert copy_at_rest(entry, entry.stamps, tmp_path / "other", OPEN) == expected
    put_labels(folder, "dog", age=1)
    assert copy_at_rest(entry, entry.stamps, tmp_path / "other", OPEN) is None
    _, changed = between_saves.copy(tmp_path / "copy", OPEN) or ((), "")
    assert changed != expected


@pytest.mark.parametrize("are_at_rest", [False, True])
async def test_what_lies_beside_a_file_that_never_rests_has_to_rest(
    folder: Folder, tmp_path: Path, are_at_rest: bool
) -> None:
    saves = 0

    async def save_again(seconds: float) -> None:
        nonlocal saves
        saves += 1
        tear(folder)
        if saves % 3 == 0:
            save(folder)
        if not are_at_rest:
            (folder.path / "a.labels.txt").write_text(str(saves))

    tear(folder)
    put_labels(folder, "cat")
    finding = Sources(sleep=save_again).whole(
        folder.look("a"), scratch_in(tmp_path), patience_seconds=1
    )
    if are_at_rest:
        assert (await finding).copy_digest
    else:
        with pytest.raises(SourceChangedError):
            await finding


def test_a_torn_file_is_not_copied(folder: Folder, tmp_path: Path) -> None:
    between_saves = watched(folder)
    save(folder)
    tear(folder)
    assert between_saves.copy(tmp_path / "copy", OPEN) is None


def test_a_file_that_is_edited_in_place_is_never_taken_for_whole(folder: Folder) -> None:
    save(folder)
    between_saves = BetweenSaves(folder.look("a"))
    for value in range(5):
        with h5py.File(folder.path / "a.h5", "r+", locking=False) as file:
            fill(file["model_weights"], value)
        assert not between_saves.is_whole()


@pytest.mark.parametrize("change", ["replaced", "of another size"])
def test_a_file_that_was_replaced_or_grew_is_made_anew(folder: Folder, change: str) -> None:
    save(folder)
    between_saves = BetweenSaves(folder.look("a"))
    assert not between_saves.is_whole()
    if change == "replaced":
        beside = folder.path / "beside"
        shutil.copyfile(SAMPLES / "iris.h5", beside)
        beside.replace(folder.path / "a.h5")
    else:
        save(folder, "digits.h5")
    assert between_saves.is_whole()


def test_a_file_that_its_writer_has_locked_is_not_whole(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    between_saves = watched(folder)
    save(folder)
    inode = (folder.path / "a.h5").stat().st_ino
    monkeypatch.setattr(module, "is_write_locked", lambda asked: asked == inode)
    assert not between_saves.is_whole()
    monkeypatch.setattr(module, "is_write_locked", lambda asked: asked != inode)
    assert between_saves.is_whole()


@pytest.mark.parametrize("hide_times", [False, True])
def test_a_write_while_it_is_copied_is_noticed(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hide_times: bool
) -> None:
    between_saves = watched(folder)
    save(folder)
    stamps = read_stamps(folder.look("a"))
    copy_file = module.copy_file

    def copy_and_write(path: Path, target: Path, closed: threading.Event) -> str:
        digest = copy_file(path, target, closed)
        with path.open("r+b") as file:
            file.seek(4000)
            file.write(b"other weights")
        return digest

    monkeypatch.setattr(module, "copy_file", copy_and_write)
    if hide_times:  # as a coarse clock does
        monkeypatch.setattr(module, "read_stamps", lambda entry: stamps)
    assert between_saves.copy(tmp_path / "copy", OPEN) is None


def test_a_full_disk_is_the_caches_fault(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    between_saves = watched(folder)
    save(folder)
    with pytest.raises(StoreError, match=r"a\.h5 keeps changing and cannot be copied"):
        between_saves.copy(tmp_path / "no such folder" / "copy", OPEN)


def scratch_in(tmp_path: Path) -> Callable[[], Awaitable[Path]]:
    async def scratch() -> Path:
        (tmp_path / "scratch").mkdir()
        return tmp_path / "scratch"

    return scratch


async def test_a_file_that_never_rests_is_converted_from_a_copy(
    folder: Folder, tmp_path: Path
) -> None:
    saves = 0

    async def save_again(seconds: float) -> None:
        nonlocal saves
        saves += 1
        if saves % 3:
            tear(folder)
        else:
            save(folder, ("iris.h5", "digits.h5")[saves % 2])

    tear(folder)
    sources = Sources(sleep=save_again)
    source = await sources.whole(folder.look("a"), scratch_in(tmp_path))
    assert source.path.parent == tmp_path / "scratch"
    data = source.path.read_bytes()
    assert data in [(SAMPLES / name).read_bytes() for name in ("iris.h5", "digits.h5")]
    assert source.copy_digest == hashlib.sha256(data).hexdigest()
    assert source.is_racy


async def test_a_file_that_never_rests_and_is_never_whole_is_given_up(
    folder: Folder, tmp_path: Path
) -> None:
    async def tear_again(seconds: float) -> None:
        tear(folder)

    tear(folder)
    with pytest.raises(SourceChangedError, match=r"a\.h5 is still being written"):
        await Sources(sleep=tear_again).whole(
            folder.look("a"), scratch_in(tmp_path), patience_seconds=1
        )
    assert not (tmp_path / "scratch").exists()


def test_times_that_two_writes_can_share_are_no_proof(folder: Folder) -> None:
    save(folder)
    (stamp,) = stamps = read_stamps(folder.look("a"))
    written_ns = max(stamp.mtime_ns, stamp.ctime_ns)
    tick_ns = int(TICK_SECONDS * 1e9)
    assert is_racy(stamps, written_ns)
    assert is_racy(stamps, written_ns - 5 * tick_ns)
    assert is_racy(stamps, written_ns + tick_ns - 1)
    assert not is_racy(stamps, written_ns + tick_ns)
    seconds_ns = written_ns // 10**9 * 10**9
    os.utime(folder.path / "a.h5", ns=(seconds_ns, seconds_ns))
    assert is_racy(read_stamps(folder.look("a")), written_ns + tick_ns)
