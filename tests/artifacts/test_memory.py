"""What is remembered of generations that are gone, and what a clock that is set back may do."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from tfjs_serve.artifacts import generations as module
from tfjs_serve.artifacts.generations import REMEMBERED_SECONDS
from tfjs_serve.artifacts.store import ArtifactStore

from .helpers import CONTENTS, GRACE, START, FakeClock, add, key_of, names_in, new_store

A, B, C = (key_of(name) for name in "abc")


def serve(store: ArtifactStore, clock: FakeClock, *names: str) -> None:
    """Make each of `names` the newest generation in turn, its weights in a file of that name."""
    for name in names:
        add(store, key_of(name), {"model.json": b"{}", f"{name}.bin": name.encode() * 1000})
        store.record_generation("digits", key_of(name))
        clock.now += 10


def set_times(root: Path, seconds: float) -> None:
    for path in (root / "generations").rglob("*.files"):
        os.utime(path, (seconds, seconds))


def test_files_of_removed_generations_are_remembered(tmp_path: Path) -> None:
    clock = FakeClock()
    store = new_store(tmp_path, clock, limit_bytes=0)
    serve(store, clock, "a", "b")
    clock.now += 2 * GRACE
    set_times(tmp_path, START)
    assert store.prune() > 0
    assert (store.get(A), store.get(B)) == (None, None)
    for either in (store, new_store(tmp_path, clock)):
        assert either.generations("digits") == ()
        assert either.generations_with("digits", "a.bin") == (A,)
        assert either.generations_with("digits", "c.bin") == ()
        assert either.generations_with("other", "a.bin") == ()


def test_they_are_forgotten_in_the_end(tmp_path: Path) -> None:
    clock = FakeClock()
    store = new_store(tmp_path, clock, limit_bytes=0)
    serve(store, clock, "a", "b")
    set_times(tmp_path, START)
    clock.now = START + GRACE + REMEMBERED_SECONDS + 1
    store.prune()
    assert store.generations_with("digits", "a.bin") == ()
    assert [names_in(folder) for folder in (tmp_path / "generations").iterdir()] == [[]]


def test_no_more_than_so_many_are_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED_PER_LABEL", 2)
    clock = FakeClock()
    store = new_store(tmp_path, clock, grace_seconds=0)
    for age, name in enumerate("abcd"):
        serve(store, clock, name)
        (path,) = (tmp_path / "generations").rglob(f"{key_of(name).digest}.files")
        os.utime(path, (START + age, START + age))
    store.prune()
    remembered = [name for name in "abcd" if store.generations_with("digits", f"{name}.bin")]
    assert remembered == ["b", "c", "d"]


def test_flipped_bytes_are_found_and_the_artifact_goes(tmp_path: Path) -> None:
    add(new_store(tmp_path), A)
    store = new_store(tmp_path)
    artifact = store.get(A)
    assert artifact
    file = artifact.by_name["weights.00.bin"]
    assert store.is_intact(artifact, file)
    path = artifact.path(file)
    path.write_bytes(path.read_bytes()[::-1])
    assert store.get(A)  # by its sizes
    assert not store.is_intact(artifact, file)
    assert store.get(A) is None
    assert names_in(tmp_path / "artifacts") == names_in(tmp_path / "trash") == []
    again = add(store, A)
    assert all(store.is_intact(again, file) for file in again.files)


def test_a_file_is_read_once_and_again_when_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfjs_serve.artifacts import record

    reads: list[str] = []
    digest_file = record.digest_file

    def counted(path: Path) -> str:
        reads.append(path.name)
        return digest_file(path)

    monkeypatch.setattr(record, "digest_file", counted)
    store = new_store(tmp_path)
    artifact = add(store, A)
    file = artifact.by_name["weights.00.bin"]
    reads.clear()
    assert store.is_intact(artifact, file)
    assert reads == []  # it was read when it was published
    store = new_store(tmp_path)
    for _ in range(3):
        assert store.is_intact(artifact, file)
    assert reads == [file.name]
    artifact.path(file).write_bytes(CONTENTS[file.name])
    assert store.is_intact(artifact, file)
    assert reads == [file.name] * 2


def test_a_clock_that_is_set_back_keeps_nothing_for_ever(tmp_path: Path) -> None:
    clock = FakeClock(START + 1000 * GRACE)
    store = new_store(tmp_path, clock, limit_bytes=0)
    serve(store, clock, "a", "b", "c")
    clock.now = START
    store.prune()
    assert store.generations("digits") == (C, B, A)
    clock.now = START + GRACE - 1
    assert store.prune() == 0
    assert store.generations("digits") == (C, B, A)
    clock.now = START + 2 * GRACE
    assert store.prune() > 0
    assert [key for key in (A, B, C) if store.get(key)] == []


def test_a_clock_that_is_set_back_forgets_nothing_early(tmp_path: Path) -> None:
    clock = FakeClock()
    store = new_store(tmp_path, clock, limit_bytes=0)
    serve(store, clock, "a", "b")
    clock.now = START - 100 * GRACE
    assert store.prune() == 0
    serve(store, clock, "c")
    assert store.generations("digits") == (C, B, A)
    assert store.prune() == 0


def test_a_cache_that_is_too_large_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    clock = FakeClock()
    store = new_store(tmp_path, clock, limit_bytes=100)
    serve(store, clock, "a", "b")
    for _ in range(3):
        assert store.prune() == 0
    (told,) = caplog.messages
    assert "--cache-size" in told
    assert "--grace" in told
    clock.now += 2 * GRACE
    store.prune()
    serve(store, clock, "c")
    store.prune()
    assert len(caplog.messages) == 2


def test_what_can_only_be_read_is_still_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(new_store(tmp_path), A)
    store = new_store(tmp_path)

    def refuse(*args: object, **options: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "utime", refuse)
    assert store.get(A)
