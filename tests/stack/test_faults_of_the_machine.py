"""The real server is killed, runs out of disk, of permissions, of events; two share one cache."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.keras_files.handmade import write_hdf5
from tests.parity.server import Response, ServedModels
from tests.stack import circumstances
from tests.stack.whole import SAMPLES

Note = Callable[[str, str], None]
WAIT_SECONDS = 60.0
LARGE_UNITS = 1500
"""A dense layer of so many inputs and outputs has 9 MB of weights."""


@contextmanager
def server(
    workspace: Path, *, prefix: Sequence[str] = (), options: Sequence[str] = ()
) -> Iterator[ServedModels]:
    workspace.mkdir(exist_ok=True)
    started = ServedModels(workspace, prefix=prefix, options=options)
    try:
        yield started
    finally:
        started.close()


def large_model(path: Path, seed: int = 0) -> Path:
    """Write a model that takes a while to convert."""
    config = {
        "name": "large",
        "layers": [
            {
                "class_name": "Dense",
                "config": {
                    "name": "dense",
                    "units": LARGE_UNITS,
                    "batch_input_shape": [None, LARGE_UNITS],
                    "use_bias": False,
                },
            }
        ],
    }
    kernel = np.random.default_rng(seed).random((LARGE_UNITS, LARGE_UNITS), "float32")
    return write_hdf5(
        path,
        {"class_name": "Sequential", "config": config},
        {"dense": {"dense/kernel:0": kernel}},
        version="2.15.0",
    )


def load(served: ServedModels, name: str) -> dict[str, bytes]:
    """Load a model, hold each shard against its name, and return the shards."""
    document = served.get(f"/{name}/model.json")
    assert document.status == 200, document.body
    manifest = json.loads(document.body)["weightsManifest"]
    shards = {}
    for path in (path for group in manifest for path in group["paths"]):
        answer = served.get(f"/{name}/{path}")
        assert answer.status == 200
        digest = re.search(r"[0-9a-f]{16,}", path)
        assert digest is not None
        assert hashlib.sha256(answer.body).hexdigest().startswith(digest[0])
        shards[path] = answer.body
    return shards


def half_written(cache_dir: Path) -> list[Path]:
    return [*cache_dir.glob("staging/*"), *cache_dir.glob("trash/*"), *cache_dir.rglob("*.tmp")]


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def problem(answer: Response) -> str:
    """Return status and code of a problem, which must say what to do."""
    document = json.loads(answer.body)
    assert document["status"] == answer.status
    assert document["hint"]
    return f"{answer.status} {document['code']}"


MOMENTS: dict[str, Callable[[Path], object]] = {
    "when asked": lambda cache: True,
    "when its folder is made": lambda cache: any(cache.glob("staging/*")),
    "when the first shard is written": lambda cache: any(cache.glob("staging/*/.copies/*")),
    "when the second shard is written": lambda cache: (
        len(list(cache.glob("staging/*/.copies/*"))) > 1
    ),
    "when it is published": lambda cache: any(cache.glob("artifacts/*")),
    "when its generation is recorded": lambda cache: any(cache.glob("generations/*/*.json")),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_kill_9(tmp_path: Path, answered: Note, moment: str) -> None:
    cache_dir = tmp_path / "cache"
    source = large_model(tmp_path / "large.h5")
    with server(tmp_path) as killed:
        killed.add(source)
        asking = threading.Thread(target=lambda: ask_until_killed(killed))
        asking.start()
        wait_for(lambda: MOMENTS[moment](cache_dir))
        killed.kill()
        asking.join()
    with server(tmp_path) as restarted:
        wait_for(lambda: not half_written(cache_dir))
        shards = load(restarted, "large")
        assert sum(map(len, shards.values())) == 4 * LARGE_UNITS**2
        assert len(list(cache_dir.glob("artifacts/*"))) == 1
    assert half_written(cache_dir) == []
    answered(f"kill -9 of the server, {moment}", "200 after the restart; leftovers removed at once")


def ask_until_killed(served: ServedModels) -> None:
    try:
        served.get("/large/model.json")
    except OSError:
        return


def test_disk_full(tmp_path: Path, answered: Note) -> None:
    cache_dir = tmp_path / "cache"
    prefix = circumstances.on_small_disk(cache_dir, "4m")
    with server(tmp_path, prefix=prefix) as served:
        served.add(large_model(tmp_path / "large.h5"))
        served.add(SAMPLES / "iris.h5")
        inside = circumstances.seen_by(served.pid, cache_dir)
        refused = served.get("/large/model.json")
        assert problem(refused) == "507 store-full"
        assert half_written(inside) == []
        assert list(inside.glob("artifacts/*")) == []
        load(served, "iris")
        circumstances.remount(served.pid, cache_dir, "size=64m")
        assert load(served, "large")
        assert half_written(inside) == []
    answered("disk full while converting", f"{problem(refused)}; other models 200; 200 with space")


def test_disk_full_beside_a_good_generation(tmp_path: Path, answered: Note) -> None:
    cache_dir = tmp_path / "cache"
    prefix = circumstances.on_small_disk(cache_dir, "4m")
    with server(tmp_path, prefix=prefix) as served:
        served.add(SAMPLES / "iris.h5", "model.h5")
        old = load(served, "model")
        served.add(large_model(tmp_path / "large.h5"), "model.h5")
        answer = served.get("/model/model.json")
        assert answer.status == 200
        assert "no space" in answer.headers["Tfjs-Serve-Stale"].lower()
        assert load(served, "model") == old
        circumstances.remount(served.pid, cache_dir, "size=64m")
        assert load(served, "model") != old
    answered("disk full while a new version is converted", "200: last good version, stale")


def test_cache_made_read_only(tmp_path: Path, answered: Note) -> None:
    cache_dir = tmp_path / "cache"
    prefix = circumstances.on_small_disk(cache_dir, "64m")
    with server(tmp_path, prefix=prefix) as served:
        served.add(SAMPLES / "iris.h5")
        served.add(SAMPLES / "digits.h5")
        warm = load(served, "iris")
        circumstances.remount(served.pid, cache_dir, "ro")
        assert load(served, "iris") == warm
        refused = served.get("/digits/model.json")
        assert problem(refused) == "503 store-failed"
        assert "Read-only" in json.loads(refused.body)["detail"]
        circumstances.remount(served.pid, cache_dir, "rw")
        load(served, "digits")
        assert half_written(circumstances.seen_by(served.pid, cache_dir)) == []
    answered("cache folder made read-only", f"converted models 200; others {problem(refused)}")


def test_permission_denied_on_one_model(tmp_path: Path, answered: Note) -> None:
    with server(tmp_path, prefix=circumstances.as_nobody_special()) as served:
        served.add(SAMPLES / "iris.h5")
        served.add(SAMPLES / "digits.h5")
        (served.folder / "digits.h5").chmod(0)
        refused = served.get("/digits/model.json")
        assert problem(refused) == "422 unreadable-file"
        assert "permissions" in json.loads(refused.body)["hint"]
        load(served, "iris")
        assert served.get("/").status == 200
        (served.folder / "digits.h5").chmod(0o600)
        load(served, "digits")
    answered("permission denied on one model", f"{problem(refused)}; others 200; 200 when allowed")


def test_inotify_instances_exhausted(tmp_path: Path, answered: Note) -> None:
    with server(tmp_path, prefix=circumstances.without_inotify()) as served:
        wait_for(lambda: "no file events" in served.log())
        served.add(SAMPLES / "iris.h5")
        wait_for(lambda: "iris" in served.log())  # told, though nobody asked
        before = load(served, "iris")
        served.add(SAMPLES / "digits.h5", "iris.h5")
        assert load(served, "iris") != before
    answered("inotify instances exhausted", "200; says that it looks at the folder every second")


def test_two_servers_convert_the_same_model_into_one_cache(tmp_path: Path, answered: Note) -> None:
    source = large_model(tmp_path / "large.h5")
    cache_dir = tmp_path / "cache"
    loaded: dict[int, dict[str, bytes]] = {}
    with server(tmp_path) as first, server(tmp_path) as second:
        first.add(source)
        servers = (first, second)

        def load_from(number: int) -> None:
            loaded[number] = load(servers[number], "large")

        threads = [threading.Thread(target=load_from, args=[number]) for number in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert loaded[0] == loaded[1]
        assert len(list(cache_dir.glob("artifacts/*"))) == 1
        assert half_written(cache_dir) == []
    answered("two servers on one cache convert the same model", "200 by both, same bytes, one kept")


def test_a_save_goes_on_while_the_file_is_read(tmp_path: Path, answered: Note) -> None:
    """Keras takes HDF5's lock for each save: a reader with any lock would make one fail."""
    with server(tmp_path) as served:
        served.add(large_model(tmp_path / "large.h5"))
        path = served.folder / "large.h5"
        asking = [threading.Thread(target=lambda: served.get("/large/model.json")) for _ in "1234"]
        for thread in asking:
            thread.start()
        while any(thread.is_alive() for thread in asking):
            with h5py.File(path, "r+", locking=True):
                pass
        shutil.copyfile(SAMPLES / "iris.h5", path)
        os.utime(path, (1, 1))
        load(served, "large")
    answered("model saved, with HDF5's lock, while it is converted", "200; the save never fails")
