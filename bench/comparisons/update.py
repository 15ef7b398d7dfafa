"""What a page must fetch again when only the last layer of its model has changed."""

from __future__ import annotations

from pathlib import Path

from answers import ask, shard_paths
from builds import Build, Served
from keras_models import at_rest, weights_of, write_model
from setting import Setting
from tables import Goal, Table, at_most

_MODEL_BYTES = 100 << 20
_SHARD_BYTES = 4 << 20
_BASE = "/model"


def run(setting: Setting) -> Table:
    """Compare with the baseline."""
    table = Table(
        "A model that changes",
        [
            f"Only the last layer of a model of {_MODEL_BYTES >> 20} MiB changes. A client has",
            "the earlier version in its cache and asks again, without compression. The goal is",
            "the changed weights, one shard of 4 MiB, and model.json.",
        ],
    )
    with setting.folder(needed_bytes=5 * _MODEL_BYTES) as folder:
        for build in setting.builds:
            _change(table, build, folder / build.name)
    return table


def _change(table: Table, build: Build, folder: Path) -> None:
    models, cached = folder / "models", dict[str, int]()
    models.mkdir(parents=True)
    model = write_model(models / "model.h5", _MODEL_BYTES)
    with build.serving(models, folder / "cache") as served:
        whole_bytes = _fetch(served, cached)
        write_model(folder / "changed.h5", _MODEL_BYTES, last_seed=1).replace(model)
        at_rest(model, version=1)
        fetched_bytes = _fetch(served, cached)
        document_bytes = len(ask(served, f"{_BASE}/model.json").body)
    goal = _goal(model, document_bytes)
    table.add(table.row("first load", "MB"), build.name, whole_bytes / 1e6)
    table.add(table.row("after the change", "MB", goal), build.name, fetched_bytes / 1e6)


def _goal(model: Path, document_bytes: int) -> Goal:
    *_, last = weights_of(model)
    return at_most((last.nbytes + _SHARD_BYTES + document_bytes) / 1e6)


def _fetch(served: Served, cached: dict[str, int]) -> int:
    """Load the model with what is `cached`, by path; return the bytes that came."""
    document = ask(served, f"{_BASE}/model.json")
    if document.status != 200:
        raise SystemExit(f"model.json is answered with {document.status}")
    wanted = [path for path in shard_paths(_BASE, document.body) if path not in cached]
    answers = {path: ask(served, path) for path in wanted}
    for path, answer in answers.items():
        if answer.status != 200 or "immutable" not in answer.headers["cache-control"]:
            raise SystemExit(f"{path} cannot be cached: {answer.status}, {answer.headers}")
        cached[path] = len(answer.body)
    return len(document.body) + sum(cached[path] for path in answers)
