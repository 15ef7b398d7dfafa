"""Several threads and several processes on one cache folder."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .helpers import (
    CONTENTS,
    FakeClock,
    add,
    assert_no_leftovers,
    is_whole,
    key_of,
    names_in,
    new_store,
)

THREADS = 8
KEY = key_of("model")


@pytest.mark.parametrize("shared", [True, False], ids=["one-store", "a-store-each"])
def test_threads_that_publish_the_same_key_get_the_same_artifact(
    tmp_path: Path, shared: bool
) -> None:
    one = new_store(tmp_path)
    barrier = threading.Barrier(THREADS)

    def publish(_: int) -> object:
        store = one if shared else new_store(tmp_path)
        barrier.wait()
        return add(store, KEY)

    with ThreadPoolExecutor(THREADS) as pool:
        artifacts = list(pool.map(publish, range(THREADS)))
    assert all(artifact == artifacts[0] for artifact in artifacts)
    assert is_whole(artifacts[0])
    assert names_in(tmp_path / "artifacts") == [KEY.digest]
    assert_no_leftovers(tmp_path)


def test_threads_that_replace_a_damaged_artifact_all_end_well(tmp_path: Path) -> None:
    (add(new_store(tmp_path), KEY).directory / "model.json").unlink()
    barrier = threading.Barrier(THREADS)

    def publish(_: int) -> bool:
        store = new_store(tmp_path)
        barrier.wait()
        return is_whole(add(store, KEY))

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(publish, range(THREADS)))
    assert new_store(tmp_path).get(KEY) is not None
    assert_no_leftovers(tmp_path)


def test_generations_recorded_at_once_are_all_kept(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    keys = [key_of(number) for number in range(THREADS)]
    barrier = threading.Barrier(THREADS)

    def record(number: int) -> None:
        barrier.wait()
        store.record_generation("label", keys[number])

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(record, range(THREADS)))
    assert set(store.generations("label")) == set(keys)


ROOT = Path(__file__).parents[2]
PROCESS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.artifacts.helpers import CONTENTS, START, FakeClock, add, key_of, new_store

role, root = sys.argv[2], Path(sys.argv[3])
# The pruner lives so late that nothing is protected from it.
clock = FakeClock(START + (1e6 if role == "prune" else 0))
store = new_store(root, clock, limit_bytes=0, grace_seconds=0)
print("ready", flush=True)
sys.stdin.readline()
for round in range(60):
    key = key_of(round % 3)
    if role == "prune":
        store.prune()
        continue
    add(store, key)
    store.record_generation("label", key)
    store.generations("label")
    artifact = store.get(key)
    for file in artifact.files if artifact else ():
        try:
            data = artifact.path(file).read_bytes()
        except FileNotFoundError:
            break  # pruned as a whole
        assert data == CONTENTS[file.name], file
print("done", flush=True)
"""


def test_processes_that_publish_read_and_prune_never_see_half_an_artifact(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", PROCESS, str(ROOT)]
    processes = [
        subprocess.Popen(
            [*command, role, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for role in ("use", "use", "prune", "prune")
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        output, errors = process.communicate(timeout=120)
        # A pruning that another one was ahead of may say so among the errors.
        assert (process.returncode, output) == (0, "done\n"), errors
    assert_no_leftovers(tmp_path)
    store = new_store(tmp_path, FakeClock())
    assert is_whole(add(store, key_of(0), CONTENTS))
