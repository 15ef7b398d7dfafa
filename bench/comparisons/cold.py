"""Models that nobody has asked for yet: one, a hundred at once, and a check of many."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

from answers import digest_of_weights
from builds import Build
from grid_models import save_models
from keras_models import at_rest, write_model
from loading import ask_at_once, load_model
from setting import Setting, interleaved
from tables import Table, at_most

_SMALL_BYTES, _LARGE_BYTES = 100_000, 100 << 20
_AT_ONCE, _AT_ONCE_BYTES = 100, 32_000
_WARM_LOADS = 3
_REST_SECONDS = 2.0
"""After its start, until the server has done all that it does in advance."""


def run(setting: Setting) -> Table:
    """Compare with the baseline."""
    table = Table(
        "Models that nobody has asked for yet",
        [
            "The server has run for two seconds, its cache is empty, and a client with six",
            f"connections asks for model.json and then for all shards; {setting.rounds_in_words}.",
            f"Checked are {setting.models} models of all kinds that Keras 3 has saved, once.",
        ],
    )
    with setting.folder(needed_bytes=4 * _LARGE_BYTES) as folder:
        _requests(table, setting, _models(folder / "models"))
    with setting.folder() as folder:
        save_models(folder, setting.models)
        _check(table, setting, folder)
    return table


def _models(folder: Path) -> Path:
    folder.mkdir()
    write_model(folder / "small.h5", _SMALL_BYTES)
    write_model(folder / "large.h5", _LARGE_BYTES)
    for number in range(_AT_ONCE):
        write_model(folder / f"one_{number}.h5", _AT_ONCE_BYTES, seed=1 + number)
    return folder


def _requests(table: Table, setting: Setting, models: Path) -> None:
    builds = {build.name: build for build in setting.builds}
    digests = set()
    for _, name in interleaved(list(builds), setting.rounds):
        with setting.folder(needed_bytes=2 * _LARGE_BYTES) as cache_dir:
            digests.add(_one_server(table, builds[name], models, cache_dir))
    if len(digests) > 1:
        raise SystemExit("the builds serve different weights")


def _one_server(table: Table, build: Build, models: Path, cache_dir: Path) -> str:
    """Ask a new server for everything; return the digest of what it served."""
    small = table.row("cold, 100 KB", "ms", at_most(60))
    cold = table.row("cold, 100 MiB", "ms")
    warm = table.row("warm, 100 MiB", "ms")
    ratio = table.row("cold ÷ warm, 100 MiB", "", at_most(2))
    at_once = table.row(f"{_AT_ONCE} cold models of 32 KB at once, model.json", "s", at_most(2))
    with build.serving(models, cache_dir) as served:
        time.sleep(_REST_SECONDS)
        table.add(small, build.name, 1000 * load_model(served, "/small").seconds)
        cold_seconds = load_model(served, "/large").seconds
        warm_seconds = median(load_model(served, "/large").seconds for _ in range(_WARM_LOADS))
        table.add(cold, build.name, 1000 * cold_seconds)
        table.add(warm, build.name, 1000 * warm_seconds)
        table.add(ratio, build.name, cold_seconds / warm_seconds)
        paths = [f"/one_{number}/model.json" for number in range(_AT_ONCE)]
        table.add(at_once, build.name, ask_at_once(served, paths))
        return digest_of_weights(served, "/large") + digest_of_weights(served, "/one_99")


def _check(table: Table, setting: Setting, models: Path) -> None:
    for path in models.iterdir():
        at_rest(path)
    goals = [at_most(0.1, name) for name in setting.baselines]
    seconds = table.row(f"check of {setting.models} small models", "s", *goals)
    memory = table.row("its peak memory", "MB")
    refused = table.row("models that it refuses", "")
    for build in setting.builds:
        with setting.folder() as cache_dir:
            cost = build.measured("check", models, "--cache-dir", cache_dir, sampled=True)
            made = len(list(cache_dir.glob("artifacts/*")))
        if not made:
            raise SystemExit(cost.printed)
        table.add(seconds, build.name, cost.seconds)
        table.add(memory, build.name, cost.peak_bytes / 1e6)
        table.add(refused, build.name, setting.models - made)
