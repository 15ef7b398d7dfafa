"""Many clients that load a large model at once, while it is cold and when it is warm."""

from __future__ import annotations

from pathlib import Path

from answers import digest_of_weights
from builds import Build, Served, wait_until
from keras_models import write_model
from loading import load_at_once
from rivals import nginx, settings_of
from setting import Setting, interleaved
from tables import Row, Table, at_most

_CLIENTS = 64
_MODEL_BYTES = 100 << 20
_BASE = "/model"
_LOG_SECONDS = 10.0


def run(setting: Setting) -> Table:
    """Compare with nginx, which serves the converted files."""
    table = Table(
        "Many clients at once",
        [
            f"{_CLIENTS} clients, each with six connections, load a model of",
            f"{_MODEL_BYTES >> 20} MiB at the same time; {setting.rounds_in_words}.",
            "nginx has nothing to convert and is always warm.",
            settings_of(["nginx"]),
        ],
    )
    with setting.folder(needed_bytes=4 * _MODEL_BYTES) as folder:
        models, public = folder / "models", folder / "public"
        models.mkdir()
        model = write_model(models / "model.h5", _MODEL_BYTES)
        setting.ours.convert(model, public / "model", folder / "cache")
        builds = {build.name: build for build in setting.builds}
        with nginx(public, folder) as rival:
            expected = digest_of_weights(rival, _BASE)
            for _, name in interleaved([*builds, "nginx"], setting.rounds):
                if name == "nginx":
                    _load_from_nginx(table, rival)
                    continue
                with setting.folder(needed_bytes=2 * _MODEL_BYTES) as cache_dir:
                    _load_from(table, builds[name], models, cache_dir, expected)
    return table


def _load_from_nginx(table: Table, served: Served) -> None:
    seconds = load_at_once(served, [_BASE] * _CLIENTS).seconds
    for row in _rows(table):
        table.add(row, "nginx", seconds)


def _load_from(table: Table, build: Build, models: Path, cache_dir: Path, expected: str) -> None:
    """Ask a new server, whose cache is empty, and then once more."""
    cold, warm = _rows(table)
    conversions = table.row("conversions", "", at_most(1))
    with build.serving(models, cache_dir) as served:
        table.add(cold, build.name, load_at_once(served, [_BASE] * _CLIENTS).seconds)
        table.add(warm, build.name, load_at_once(served, [_BASE] * _CLIENTS).seconds)
        if digest_of_weights(served, _BASE) != expected:
            raise SystemExit(f"{build.name} served other weights")
        wait_until(lambda: b"ready in" in served.log.read_bytes(), _LOG_SECONDS)
        table.add(conversions, build.name, served.log.read_text().count("converting ..."))


def _rows(table: Table) -> tuple[Row, Row]:
    cold = table.row(f"{_CLIENTS} clients, cold", "s", at_most(1.5, "nginx"))
    return cold, table.row(f"{_CLIENTS} clients, warm", "s", at_most(1.1, "nginx"))
