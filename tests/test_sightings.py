from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tfjs_serve import sightings as module
from tfjs_serve.settings import TICK_SECONDS
from tfjs_serve.sightings import SECOND_NS, Sightings, may_hide_a_write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file, both of which nobody has touched for a while."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "a.h5").write_bytes(b"1234")
    now_ns = time.time_ns() + 10 * SECOND_NS
    monkeypatch.setattr(time, "time_ns", lambda: now_ns)
    return folder


def replace(folder: Path) -> None:
    (folder / "b").write_bytes(b"5678")
    (folder / "b").replace(folder / "a.h5")


FILE_CHANGES: list[Callable[[Path], object]] = [
    lambda folder: (folder / "a.h5").write_bytes(b"12345"),
    lambda folder: os.utime(folder / "a.h5", ns=(1, 1)),
    lambda folder: (folder / "a.h5").unlink(),
    replace,
]
FOLDER_CHANGES: list[Callable[[Path], object]] = [
    lambda folder: (folder / "a.h5").unlink(),
    lambda folder: (folder / "a.h5").rename(folder / "b.h5"),
    lambda folder: (folder / "b.h5").write_bytes(b""),
    lambda folder: (folder / "b").mkdir(),
    lambda folder: folder.rename(folder.with_name("elsewhere")),
]


@pytest.mark.parametrize("change", FILE_CHANGES)
def test_a_file_that_changed_is_noticed(folder: Path, change: Callable[[Path], object]) -> None:
    seen = Sightings()
    seen.file(folder / "a.h5")
    assert seen.is_lasting
    assert seen.still_hold()
    change(folder)
    assert not seen.still_hold()


@pytest.mark.parametrize("is_local", [True, False])
@pytest.mark.parametrize("change", FOLDER_CHANGES)
def test_a_folder_that_changed_is_noticed(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], object],
    is_local: bool,
) -> None:
    monkeypatch.setattr(module, "_is_local", lambda _path: is_local)
    seen = Sightings()
    seen.folder(folder)
    assert seen.is_lasting
    assert seen.still_hold()
    change(folder)
    assert not seen.still_hold()


def test_what_is_not_there_may_appear(folder: Path) -> None:
    seen = Sightings()
    seen.file(folder / "b.h5")
    assert seen.is_lasting
    assert seen.still_hold()
    (folder / "b.h5").write_bytes(b"")
    assert not seen.still_hold()


def test_the_first_sighting_counts(folder: Path) -> None:
    seen = Sightings()
    seen.file(folder / "a.h5")
    (folder / "a.h5").write_bytes(b"12345")
    seen.file(folder / "a.h5")
    assert not seen.still_hold()


def test_a_look_at_a_file_does_not_stand_for_one_at_a_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_is_local", lambda _path: False)
    seen = Sightings()
    seen.file(folder)
    seen.folder(folder)
    unchanged = folder.stat()
    monkeypatch.setattr(os, "stat", lambda _path: unchanged)
    assert seen.still_hold()
    (folder / "b.h5").write_bytes(b"")
    holds = seen.still_hold()
    monkeypatch.undo()
    assert not holds


@pytest.mark.skipif(os.name == "nt", reason="makes links")
def test_links_are_in_doubt(folder: Path) -> None:
    (folder / "link.h5").symlink_to(folder / "a.h5")
    seen = Sightings()
    seen.file(folder / "link.h5")
    assert not seen.is_lasting


def test_what_was_just_changed_is_in_doubt(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_bytes(b"")
    os.utime(tmp_path / "a.h5", (time.time() + 60,) * 2)
    seen = Sightings()
    seen.file(tmp_path / "a.h5")
    assert not seen.is_lasting


def test_of_nothing_seen_nothing_is_known() -> None:
    assert not Sightings().is_lasting


@pytest.mark.parametrize(
    ("mtime_ns", "ctime_ns", "age_seconds", "hides"),
    [
        (SECOND_NS + 1, 0, TICK_SECONDS / 2, True),
        (SECOND_NS + 1, 0, 2 * TICK_SECONDS, False),
        (1, SECOND_NS + 1, TICK_SECONDS / 2, True),
        (SECOND_NS, 0, 1.9, True),
        (SECOND_NS, 0, 2.1, False),
        (SECOND_NS + 1, 0, -5, True),
    ],
)
def test_times_that_two_writes_can_share(
    mtime_ns: int, ctime_ns: int, age_seconds: float, hides: bool
) -> None:
    now_ns = SECOND_NS + 1 + int(age_seconds * SECOND_NS)
    assert may_hide_a_write(mtime_ns, ctime_ns, now_ns) == hides


MOUNTS = """\
22 1 8:1 / / rw,relatime - ext4 /dev/root rw
23 22 0:50 / /mnt/far rw,relatime shared:9 - nfs4 server:/ rw
24 22 0:51 / /mnt/odd\\040name rw - ext4 /dev/x rw
25 22 0:51 / /mnt/again rw - fuse.sshfs x rw
"""


@pytest.mark.skipif(not hasattr(os, "makedev"), reason="devices have numbers on POSIX only")
@pytest.mark.parametrize(
    ("device", "is_local"),
    [((8, 1), True), ((0, 50), False), ((0, 51), False), ((9, 9), False)],
)
def test_only_known_file_systems_are_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: tuple[int, int], is_local: bool
) -> None:
    class Stat:
        st_dev = os.makedev(*device)

    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    monkeypatch.setattr(module, "_MOUNTS", mounts)
    monkeypatch.setattr(os, "stat", lambda _path: Stat)
    found = module._is_local(tmp_path)
    monkeypatch.undo()
    assert found == is_local


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this list of mounts")
def test_the_mounts_are_not_read_for_each_look(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = folder.stat().st_dev
    mounts = tmp_path / "mountinfo"
    line = f"22 1 {os.major(device)}:{os.minor(device)} / / rw - {{kind}} /dev/root rw\n"
    monkeypatch.setattr(module, "_MOUNTS", mounts)
    now_seconds = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now_seconds)
    mounts.write_text(line.format(kind="ext4"))
    assert module._is_local(folder)
    mounts.write_text(line.format(kind="nfs4"))
    assert module._is_local(folder)
    now_seconds += module._MOUNTS_BELIEVED_SECONDS
    assert not module._is_local(folder)
