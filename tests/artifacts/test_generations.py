from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from .helpers import GRACE, START, FakeClock, add, key_of, new_store

A, B, C = (key_of(name) for name in "abc")


def test_generations_are_newest_first_and_survive_a_restart(tmp_path: Path) -> None:
    clock = FakeClock()
    store = new_store(tmp_path, clock)
    for key in (A, B, C):
        store.record_generation("digits", key)
        clock.now += 10
    for either in (store, new_store(tmp_path, clock)):
        assert either.generations("digits") == (C, B, A)
    log = store.generation_log("digits")
    assert [entry.recorded_at - START for entry in log] == [20, 10, 0]
    assert [entry.superseded_at for entry in log] == [None, START + 20, START + 10]


def test_recording_the_newest_again_changes_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    store = new_store(tmp_path, clock)
    store.record_generation("digits", A)
    clock.now += 10
    store.record_generation("digits", B)
    before = store.generation_log("digits")
    clock.now += 10
    store.record_generation("digits", B)
    assert store.generation_log("digits") == before


def test_a_generation_that_comes_back_is_the_newest_again(tmp_path: Path) -> None:
    clock = FakeClock()
    store = new_store(tmp_path, clock)
    for key in (A, B, A):
        store.record_generation("digits", key)
        clock.now += 10
    assert store.generations("digits") == (A, B)
    assert store.generation_log("digits")[1].superseded_at == START + 20


def test_the_order_holds_when_the_clock_stands_still_or_goes_back(tmp_path: Path) -> None:
    clock = FakeClock()
    store = new_store(tmp_path, clock)
    for key, seconds in ((A, 0), (B, 0), (C, -500)):
        clock.now = START + seconds
        store.record_generation("digits", key)
    assert store.generations("digits") == (C, B, A)


def test_generations_superseded_longer_than_the_grace_time_are_forgotten(tmp_path: Path) -> None:
    clock = FakeClock()
    store = new_store(tmp_path, clock)
    for key in (A, B, C):
        add(store, key)
        store.record_generation("digits", key)
        clock.now += GRACE / 2
    clock.now = START + GRACE / 2 + GRACE
    assert store.generations("digits") == (C, B, A)
    clock.now += 1
    assert store.generations("digits") == (C, B)
    store.prune()
    clock.now = START + GRACE
    assert store.generations("digits") == (C, B)


def test_the_newest_is_never_forgotten_while_its_artifact_is_there(tmp_path: Path) -> None:
    clock = FakeClock()
    store = new_store(tmp_path, clock)
    add(store, A)
    store.record_generation("digits", A)
    clock.now += 1000 * GRACE
    store.prune()
    assert store.generations("digits") == (A,)


def test_pruning_forgets_generations_whose_artifact_is_gone(tmp_path: Path) -> None:
    clock = FakeClock()
    store = new_store(tmp_path, clock, limit_bytes=0)
    add(store, A)
    store.record_generation("digits", A)
    clock.now += 2 * GRACE
    store.prune()
    assert store.get(A) is None
    assert store.generations("digits") == ()


def test_torn_entries_are_passed_over(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    store.record_generation("digits", A)
    (folder,) = (tmp_path / "generations").iterdir()
    for name, text in ((B.digest, ""), (C.digest, '{"recorded_at": NaN}'), ("notes", "{}")):
        (folder / f"{name}.json").write_text(text)
    assert store.generations("digits") == (A,)
    store.record_generation("digits", B)
    assert store.generations("digits") == (B, A)


@given(st.lists(st.text(st.characters()), min_size=2, max_size=5, unique=True))
def test_labels_are_any_text_and_do_not_mix(labels: list[str]) -> None:
    labels += ["../escape", "a/b", "CON"]
    labels = list(dict.fromkeys(labels))
    with tempfile.TemporaryDirectory() as folder:
        store = new_store(Path(folder))
        for label in labels:
            store.record_generation(label, key_of(repr(label)))
        for label in labels:
            assert store.generations(label) == (key_of(repr(label)),)
        assert len(list((Path(folder) / "generations").iterdir())) == len(labels)


KEYS = [key_of(number) for number in range(4)]
STEPS = st.lists(st.tuples(st.sampled_from(KEYS), st.floats(-100, 2 * GRACE)), max_size=12)


@given(STEPS)
def test_the_log_is_the_history_without_repetitions(steps: list) -> None:
    clock = FakeClock()
    expected: list = []
    with tempfile.TemporaryDirectory() as folder:
        store = new_store(Path(folder), clock, grace_seconds=1e9)
        for key, seconds in steps:
            store.record_generation("label", key)
            expected = [key, *(other for other in expected if other != key)]
            assert store.generations("label") == tuple(expected)
            clock.now += seconds
