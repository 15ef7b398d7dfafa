"""What dead processes left goes at once, and what live ones fill stays."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.circumstances import on_small_disk
from tfjs_serve.artifacts import presence as module
from tfjs_serve.artifacts.folder import STALE_STAGING_SECONDS
from tfjs_serve.artifacts.presence import Presence, gone_processes

from .helpers import add, key_of, names_in, new_store

FILLS_AND_DIES = """
import os, sys
from pathlib import Path
from tfjs_serve.artifacts.store import ArtifactStore
store = ArtifactStore(Path(sys.argv[1]), limit_bytes=1, grace_seconds=1)
stage = store.stage()
staged = stage.__enter__()
(staged / "half").write_bytes(bytes(1000))
os.kill(os.getpid(), 9) if os.name == "posix" else os._exit(1)
"""


def fill_and_die(root: Path) -> None:
    subprocess.run([sys.executable, "-c", FILLS_AND_DIES, str(root)], check=False)
    assert len(names_in(root / "staging")) == 1


def test_what_a_killed_process_was_filling_is_removed_by_the_next_one(tmp_path: Path) -> None:
    fill_and_die(tmp_path)
    left = names_in(tmp_path / "processes")
    store = new_store(tmp_path)
    for folder in ("staging", "trash", "processes"):
        assert names_in(tmp_path / folder) == []
    assert len(left) == 1
    add(store, key_of("a"))


def test_a_server_that_goes_on_cleans_up_behind_one_that_was_killed(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    add(store, key_of("mine"))
    with store.stage() as staged:
        fill_and_die_beside = tmp_path / "staging"
        subprocess.run([sys.executable, "-c", FILLS_AND_DIES, str(tmp_path)], check=False)
        assert len(names_in(fill_and_die_beside)) == 2
        store.prune()
        assert names_in(fill_and_die_beside) == [staged.name]
        assert len(names_in(tmp_path / "processes")) == 1


def test_what_a_live_process_fills_stays(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.stage() as staged:
        (staged / "half").write_bytes(b"x")
        new_store(tmp_path).prune()
        assert names_in(staged) == ["half"]
    assert names_in(tmp_path / "staging") == []


def test_a_store_that_is_given_up_is_not_announced_any_more(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    add(store, key_of("a"))
    assert len(names_in(tmp_path / "processes")) == 1
    del store
    gc.collect()
    assert names_in(tmp_path / "processes") == []


def test_presence_outlives_the_emptying_of_the_cache(tmp_path: Path) -> None:
    presence = Presence(tmp_path / "processes", fills=tmp_path / "staging")
    presence.announce()
    (tmp_path / "processes" / presence.name).unlink()
    (tmp_path / "processes").rmdir()
    presence.announce()
    assert names_in(tmp_path / "processes") == [presence.name]
    assert gone_processes(tmp_path / "processes") == frozenset()


def test_who_has_not_locked_its_file_yet_is_not_taken_for_dead(tmp_path: Path) -> None:
    (tmp_path / "about to lock").touch()
    assert gone_processes(tmp_path) == frozenset()
    os.utime(tmp_path / "about to lock", (module._LOCKED_SECONDS, module._LOCKED_SECONDS))
    assert gone_processes(tmp_path) == {"about to lock"}


ON_A_FULL_DISK = """
import subprocess, sys
from contextlib import suppress
from pathlib import Path
from tfjs_serve.artifacts.store import ArtifactStore
root, dies = Path(sys.argv[1]), sys.argv[2]
ArtifactStore(root, limit_bytes=1, grace_seconds=1)
with suppress(OSError), (root / "much").open("wb", buffering=0) as file:
    while file.write(bytes(4096)):
        pass
subprocess.run([sys.executable, "-c", dies, str(root)], check=False)
print(len(list((root / "staging").iterdir())))
ArtifactStore(root, limit_bytes=1, grace_seconds=1)
print(len(list((root / "staging").iterdir())))
"""


def test_also_on_a_full_disk_what_a_killed_process_was_filling_is_removed(tmp_path: Path) -> None:
    prefix = on_small_disk(tmp_path / "disk", "256k")
    dies = FILLS_AND_DIES.replace("bytes(1000)", "b''")
    command = [*prefix, sys.executable, "-c", ON_A_FULL_DISK, str(tmp_path / "disk"), dies]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert said.split() == ["1", "0"]


def test_without_locks_leftovers_go_by_their_age(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, *, wait: bool) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(module, "_lock", refuse)
    store = new_store(tmp_path)
    stage = store.stage()
    staged = stage.__enter__()
    del store
    now = staged.stat().st_mtime
    new_store(tmp_path, lambda: now + STALE_STAGING_SECONDS - 1)
    assert staged.exists()
    new_store(tmp_path, lambda: now + STALE_STAGING_SECONDS + 1)
    assert not staged.exists()


@pytest.fixture
def undeletable(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Nothing can be deleted until the patch is undone, as if permissions were missing."""
    monkeypatch.setattr(shutil, "rmtree", lambda *args, **options: None)
    monkeypatch.setattr(Path, "unlink", lambda *args, **options: None)
    yield monkeypatch


def test_what_could_not_be_deleted_is_deleted_later(
    tmp_path: Path, undeletable: pytest.MonkeyPatch
) -> None:
    store = new_store(tmp_path)
    with store.stage() as staged:
        (staged / "half").write_bytes(b"x")
    assert names_in(tmp_path / "staging") == [staged.name]
    undeletable.undo()
    store.prune()
    assert names_in(tmp_path / "staging") == []


def test_what_could_not_be_deleted_at_all_is_left_to_the_next_process(
    tmp_path: Path, undeletable: pytest.MonkeyPatch
) -> None:
    store = new_store(tmp_path)
    with store.stage():
        pass
    undeletable.undo()
    del store
    gc.collect()
    assert len(names_in(tmp_path / "staging")) == 1
    new_store(tmp_path)
    for folder in ("staging", "processes"):
        assert names_in(tmp_path / folder) == []


def test_leftovers_that_cannot_be_removed_hinder_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_and_die(tmp_path)

    def refuse(*args: object, **options: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "rename", refuse)
    store = new_store(tmp_path)
    assert store.get(key_of("a")) is None


def test_threads_that_announce_their_process_at_once_do_not_wait_for_each_other_forever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Path.mkdir

    def slow(path: Path, *args: int, **kwargs: bool) -> None:
        time.sleep(0.05)  # so that all of them are here before one has the lock
        made(path, *args, **kwargs)

    monkeypatch.setattr(Path, "mkdir", slow)
    presence = Presence(tmp_path / "processes", fills=tmp_path)
    threads = [threading.Thread(target=presence.announce, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert names_in(tmp_path / "processes") == [presence.name]
