from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve.artifacts import cleaner as cleaner_module
from tfjs_serve.artifacts.model import Artifact
from tfjs_serve.artifacts.pruning import (
    RECENT_SECONDS,
    TOUCH_SECONDS,
    StoredArtifact,
    choose_removals,
)
from tfjs_serve.artifacts.store import ArtifactStore

from .helpers import GRACE, START, FakeClock, add, assert_no_leftovers, is_whole, key_of, new_store

KILOBYTE = {"model.json": bytes(1000)}
LONG_AGO = 10 * GRACE


def size_on_disk(artifact: Artifact) -> int:
    return sum(path.stat().st_size for path in artifact.directory.iterdir())


def three(root: Path, clock: FakeClock) -> list[Artifact]:
    """Artifacts 0, 1 and 2, used in this order, all long ago."""
    store = new_store(root, clock)
    artifacts = []
    for number in range(3):
        artifacts.append(add(store, key_of(number), KILOBYTE))
        clock.now += 10
    clock.now += LONG_AGO
    return artifacts


def left(store: ArtifactStore) -> list[int]:
    return [number for number in range(3) if store.get(key_of(number))]


def test_the_least_recently_used_goes_first_and_no_more_than_needed(tmp_path: Path) -> None:
    clock = FakeClock()
    artifacts = three(tmp_path, clock)
    one = size_on_disk(artifacts[0])
    assert new_store(tmp_path, clock, limit_bytes=3 * one).prune() == 0
    store = new_store(tmp_path, clock, limit_bytes=3 * one - 1)
    assert store.prune() == one
    assert left(store) == [1, 2]
    assert_no_leftovers(tmp_path)


def test_what_was_used_again_stays_longer(tmp_path: Path) -> None:
    clock = FakeClock()
    artifacts = three(tmp_path, clock)
    store = new_store(tmp_path, clock, limit_bytes=size_on_disk(artifacts[0]))
    assert store.get(key_of(0))
    clock.now += LONG_AGO
    store.prune()
    assert left(store) == [0]


def test_another_process_notices_what_was_pruned(tmp_path: Path) -> None:
    clock = FakeClock()
    three(tmp_path, clock)
    other = new_store(tmp_path, clock)
    assert left(other) == [0, 1, 2]
    clock.now += LONG_AGO
    new_store(tmp_path, clock, limit_bytes=0).prune()
    assert left(other) == []


def test_newest_generations_in_use_and_fresh_superseded_ones_stay(tmp_path: Path) -> None:
    clock = FakeClock()
    three(tmp_path, clock)
    store = new_store(tmp_path, clock, limit_bytes=0)
    store.record_generation("in use", key_of(0))
    assert store.get(key_of(0))
    clock.now += GRACE - 10
    store.record_generation("changing", key_of(1))
    clock.now += 5
    store.record_generation("changing", key_of(2))
    store.prune()
    # 2 is the newest of its label, but nobody has asked for it for long.
    assert left(store) == [0, 1]
    assert store.generations("changing") == (key_of(1),)


def test_what_was_just_published_stays_until_it_can_be_recorded(tmp_path: Path) -> None:
    clock = FakeClock()
    store = new_store(tmp_path, clock, limit_bytes=0, grace_seconds=0)
    add(store, key_of(0))
    clock.now += RECENT_SECONDS
    assert store.prune() == 0
    clock.now += 1
    assert store.prune() > 0
    assert store.get(key_of(0)) is None


def test_an_artifact_used_while_pruning_looks_around_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    three(tmp_path, clock)
    store = new_store(tmp_path, clock, limit_bytes=0)

    def choose(*args: object) -> tuple[StoredArtifact, ...]:
        assert new_store(tmp_path, clock).get(key_of(1))
        return choose_removals(*args)

    monkeypatch.setattr(cleaner_module, "choose_removals", choose)
    store.prune()
    assert left(store) == [1]


def test_losing_a_race_for_a_removal_is_normal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    artifacts = three(tmp_path, clock)
    sizes = [size_on_disk(artifact) for artifact in artifacts]
    store = new_store(tmp_path, clock, limit_bytes=0)

    def choose(*args: object) -> tuple[StoredArtifact, ...]:
        shutil.rmtree(artifacts[0].directory)
        return choose_removals(*args)

    monkeypatch.setattr(cleaner_module, "choose_removals", choose)
    assert store.prune() == sum(sizes[1:])
    assert left(store) == []


def test_what_does_not_belong_in_the_folder_is_left_alone(tmp_path: Path) -> None:
    store = new_store(tmp_path, limit_bytes=0)
    (tmp_path / "artifacts" / "notes.txt").write_bytes(b"mine")
    (tmp_path / "artifacts" / "photos").mkdir()
    (tmp_path / "generations" / "notes.txt").write_bytes(b"mine")
    assert store.prune() == 0
    assert (tmp_path / "artifacts" / "notes.txt").exists()
    assert (tmp_path / "artifacts" / "photos").exists()
    assert (tmp_path / "generations" / "notes.txt").exists()


AGES = st.floats(0, 3 * GRACE)
USES = st.lists(st.tuples(st.integers(0, 2000), AGES), min_size=1, max_size=6)
"""Of each artifact its size and how long ago it was used."""
HISTORIES = st.dictionaries(
    st.sampled_from(["x", "y"]),
    st.lists(st.tuples(st.integers(0, 5), AGES), max_size=4),
)
"""Of each label which artifacts it was and how long ago each became the newest."""


def must_stay(uses: list, histories: dict) -> set[int]:
    """What the promise says, told again from the history."""
    stay = {number for number, (_, age) in enumerate(uses) if age <= RECENT_SECONDS}
    for history in histories.values():
        log: list[tuple[int, float]] = []
        for number, age in sorted(history, key=lambda step: -step[1]):
            if not log or log[0][0] != number:
                log = [(number, age), *(entry for entry in log if entry[0] != number)]
        for index, (number, _) in enumerate(log):
            if number < len(uses) and index == 0 and uses[number][1] <= GRACE + TOUCH_SECONDS:
                stay.add(number)
            if number < len(uses) and index > 0 and log[index - 1][1] <= GRACE:
                stay.add(number)
    return stay


@given(USES, HISTORIES, st.integers(0, 8000))
def test_prune_keeps_its_promises(uses: list, histories: dict, limit_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, clock = Path(folder), FakeClock()
        # Whole seconds, as a file's mtime may hold no more.
        uses = [(size, float(round(age))) for size, age in uses]
        histories = {
            label: [(number, float(round(age))) for number, age in history]
            for label, history in histories.items()
        }
        artifacts = []
        for number, (size_bytes, age) in enumerate(uses):
            clock.now = START - age
            store = new_store(root, clock)
            artifacts.append(add(store, key_of(number), {"weights.bin": bytes(size_bytes)}))
        for label, history in histories.items():
            for number, age in sorted(history, key=lambda step: -step[1]):
                clock.now = START - age
                store.record_generation(label, key_of(number))
        clock.now = START
        sizes = [size_on_disk(artifact) for artifact in artifacts]

        freed = new_store(root, clock, limit_bytes=limit_bytes).prune()

        kept = {number for number, artifact in enumerate(artifacts) if artifact.directory.exists()}
        removed = set(range(len(uses))) - kept
        assert freed == sum(sizes[number] for number in removed)
        assert all(is_whole(artifacts[number]) for number in kept)
        stay = must_stay(uses, histories)
        assert stay <= kept
        assert sum(sizes[number] for number in kept) <= limit_bytes or kept == stay
        for number in kept - stay:
            assert all(uses[number][1] <= uses[other][1] for other in removed)
        if removed:
            # Of several used at the same time, the one whose key is last goes last.
            last = max(removed, key=lambda number: (-uses[number][1], key_of(number).digest))
            assert sum(sizes[number] for number in kept | {last}) > limit_bytes
        assert_no_leftovers(root)
