"""Publishing, with every step on the file system failing once."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tfjs_serve.artifacts.model import ArtifactFile
from tfjs_serve.artifacts.store import ArtifactStore
from tfjs_serve.errors import StoreError

from .helpers import CONTENTS, add, assert_no_leftovers, fill, is_whole, key_of, names_in, new_store

KEY = key_of("model")
STEPS = [(os, "utime"), (os, "open")]
STEPS += [(Path, name) for name in ("open", "rename", "unlink", "mkdir", "iterdir", "lstat")]


class FailingOnce:
    """Lets calls through until one of them, counted over all steps, fails."""

    def __init__(self, failing_call: int) -> None:
        self.failing_call = failing_call
        self.calls = 0

    def wrap(self, function: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **options: object) -> object:
            self.calls += 1
            if self.calls == self.failing_call:
                raise OSError(28, "No space left on device")
            return function(*args, **options)

        return call


def publish_with_failure(
    store: ArtifactStore,
    staged: Path,
    files: list[ArtifactFile],
    monkeypatch: pytest.MonkeyPatch,
    failing_call: int,
) -> FailingOnce:
    failing = FailingOnce(failing_call)
    with monkeypatch.context() as patch:
        for owner, name in STEPS:
            patch.setattr(owner, name, failing.wrap(getattr(owner, name)))
        with suppress(StoreError):
            store.publish(KEY, staged, files)
    return failing


def test_no_failing_step_leaves_half_an_artifact_and_a_retry_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_call, steps_left = 0, True
    while steps_left:
        failing_call += 1
        root = tmp_path / str(failing_call)
        store = new_store(root)
        with store.stage() as staged:
            files = fill(staged, CONTENTS)
            failing = publish_with_failure(store, staged, files, monkeypatch, failing_call)
            steps_left = failing.calls >= failing_call
            assert names_in(root / "artifacts") in ([], [KEY.digest])
            seen = new_store(root).get(KEY)
            assert seen is None or is_whole(seen)
            if seen is None:
                assert is_whole(store.publish(KEY, staged, files))
        assert is_whole(add(store, KEY))
        assert_no_leftovers(root)
    assert failing_call > 15


@pytest.mark.parametrize("failing_call", range(1, 12))
def test_a_failing_step_while_a_damaged_artifact_is_replaced_is_no_lasting_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing_call: int
) -> None:
    store = new_store(tmp_path)
    (add(store, KEY).directory / "model.json").unlink()
    failing = FailingOnce(failing_call)
    with monkeypatch.context() as patch:
        for owner, name in STEPS:
            patch.setattr(owner, name, failing.wrap(getattr(owner, name)))
        with suppress(StoreError):
            assert store.get(KEY) is None
    assert store.get(KEY) is None
    assert is_whole(add(store, KEY))


def test_a_full_disk_is_told_and_the_old_artifacts_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = new_store(tmp_path)
    other = add(store, key_of("other"))

    def refuse(path: Path, *args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(StoreError, match="No space left on device"):
        add(store, KEY)
    assert store.get(KEY) is None
    assert is_whole(other)
    assert_no_leftovers(tmp_path)
