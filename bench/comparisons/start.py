"""Starting with few and with many models, listing them, and noticing changes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from answers import ask
from builds import Build, Served, wait_until
from keras_models import write_model
from measuring import tree_bytes
from setting import Setting, interleaved
from tables import Table, at_most

_FEW, _MANY = 10, 10_000
_IN_A_FOLDER = 10
_MODEL_BYTES = 4_000
_LISTINGS = 5
_SEEN_SECONDS = 60.0
_LIST = "/-/models.json"
_AS_BROWSERS_ASK = {"Accept-Encoding": "gzip, deflate, br"}


def run(setting: Setting) -> Table:
    """Compare with the baseline."""
    table = Table(
        "Starting, and listing many models",
        [
            f"{_MANY:,} models are in folders of {_IN_A_FOLDER}; {setting.rounds_in_words}.",
            "The first answer is the model.json of a model that was converted before.",
            "The list is asked for as browsers do, with compression.",
        ],
    )
    with setting.folder() as folder:
        few, many = folder / "few", folder / "many"
        _write_models(few, _FEW)
        _write_models(many, _MANY)
        builds = {build.name: build for build in setting.builds}
        for name, build in builds.items():
            for models in (few, many):
                _convert_one(build, models, folder / f"cache of {name}")
        for number, name in interleaved(list(builds), setting.rounds):
            cache_dir = folder / f"cache of {name}"
            with _serving(builds[name], few, cache_dir) as served:
                row = table.row(f"first answer, {_FEW} models", "s", at_most(0.35))
                table.add(row, name, served.start_seconds)
            with _serving(builds[name], many, cache_dir) as served:
                _with_many(table, name, served, many / f"new_{name}_{number}.h5")
    return table


def _write_models(folder: Path, count: int) -> None:
    """Write so many files; all hold the same model, which the list does not look at."""
    folder.mkdir()
    content = write_model(folder / "first.h5", _MODEL_BYTES).read_bytes()
    for number in range(count - 1):
        place = folder / f"folder_{number // _IN_A_FOLDER}" / f"model_{number}.h5"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)


def _serving(build: Build, models: Path, cache_dir: Path) -> AbstractContextManager[Served]:
    return build.serving(models, cache_dir, first="/first/model.json")


def _convert_one(build: Build, models: Path, cache_dir: Path) -> None:
    with _serving(build, models, cache_dir):
        return


def _with_many(table: Table, name: str, served: Served, new: Path) -> None:
    row = table.row(f"first answer, {_MANY:,} models", "s", at_most(1))
    table.add(row, name, served.start_seconds)
    row = table.row(f"first whole list of {_MANY:,} models", "s")
    start = time.monotonic()
    listed = ask(served, _LIST)
    table.add(row, name, time.monotonic() - start)
    found = len(json.loads(listed.body)["models"])
    if found < _MANY:
        raise SystemExit(f"{name} lists {found} of {_MANY} models")
    row = table.row(f"{_LIST}, warm", "ms", at_most(50))
    for seconds in _times(served, _LIST):
        table.add(row, name, 1000 * seconds)
    for path in (_LIST, "/"):
        row = table.row(f"bytes of {path}, compressed", "KB")
        table.add(row, name, len(ask(served, path, _AS_BROWSERS_ASK).body) / 1000)
    row = table.row("a new file is in the list after", "s", at_most(1))
    table.add(row, name, _seconds_until_listed(served, new))
    row = table.row(f"memory with {_MANY:,} models", "MB")
    table.add(row, name, tree_bytes(served.pid) / 1e6)


def _times(served: Served, path: str) -> Iterator[float]:
    for _ in range(_LISTINGS):
        start = time.monotonic()
        answer = ask(served, path, _AS_BROWSERS_ASK)
        yield time.monotonic() - start
        if answer.status != 200:
            raise SystemExit(f"{path} is answered with {answer.status}")


def _seconds_until_listed(served: Served, new: Path) -> float:
    """Add a model, and ask for the list until it is there; the model stays."""
    beside = new.with_suffix(".new")
    write_model(beside, _MODEL_BYTES, seed=1)
    wanted = f'"{new.stem}"'.encode()
    beside.replace(new)
    start = time.monotonic()
    if not wait_until(lambda: wanted in ask(served, _LIST).body, _SEEN_SECONDS):
        raise SystemExit(f"{new.name} was never listed")
    return time.monotonic() - start
