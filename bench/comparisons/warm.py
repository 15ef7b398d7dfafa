"""Answers that are ready: ``model.json`` with 200 and with 304, and shards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from answers import check_same, condition_of, shard_paths
from builds import Served
from keras_models import write_model
from load_generator import Load, load
from rivals import RIVALS, settings_of
from setting import Setting, interleaved
from tables import Table, at_least

_MODEL_BYTES = 100 << 20
_UNITS = 256
"""Of each layer: with 400 layers, ``model.json`` is as large as that of a real network."""
_CONNECTIONS = (1, 32, 256)
_BASE = "/model"
_DOCUMENT = f"{_BASE}/model.json"


def run(setting: Setting) -> Table:
    """Compare with all servers of files."""
    table = Table(
        "Answers that are ready",
        [
            f"A model of {_MODEL_BYTES >> 20} MiB and 400 layers, in shards of 4 MiB.",
            f"wrk with one thread, {setting.seconds:g} s each, {setting.rounds_in_words}.",
            "Requests and answers are not compressed.",
            settings_of(list(RIVALS)),
        ],
    )
    with (
        setting.folder(needed_bytes=4 * _MODEL_BYTES) as folder,
        _serving(setting, folder) as sides,
    ):
        document = check_same(sides, [_DOCUMENT])[_DOCUMENT]
        shards = check_same(sides, shard_paths(_BASE, document))
        wrk = _Wrk(table=table, setting=setting, sides=sides)
        for connections in _CONNECTIONS:
            wrk.ask_for_document(connections, len(document))
        for connections in _CONNECTIONS:
            wrk.ask_for_shards(connections, shards)
        check_same(sides, [_DOCUMENT])
    table.settings.insert(1, f"model.json has {len(document):,} bytes.")
    return table


@contextmanager
def _serving(setting: Setting, folder: Path) -> Iterator[dict[str, Served]]:
    """Serve the model by all sides; the rivals have what ``convert`` writes."""
    models, public = folder / "models", folder / "public"
    models.mkdir()
    model = write_model(models / "model.h5", _MODEL_BYTES, units=_UNITS)
    setting.ours.convert(model, public / "model", folder / "cache")
    with ExitStack() as stack:
        sides = {}
        for build in setting.builds:
            server = build.serving(models, folder / f"cache of {build.name}")
            sides[build.name] = stack.enter_context(server)
        for name, serving in RIVALS.items():
            workspace = folder / name
            workspace.mkdir()
            sides[name] = stack.enter_context(serving(public, workspace))
        yield sides


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wrk:
    """Has wrk ask all sides in turn, and enters what it measures into the table."""

    table: Table
    setting: Setting
    sides: Mapping[str, Served]

    def ask_for_document(self, connections: int, size_bytes: int) -> None:
        goals = [at_least(1, "Caddy"), *(at_least(20, name) for name in self.setting.baselines)]
        for status in (200, 304):
            what = f"model.json {status}, {_connections(connections)}"
            rate = self.table.row(what, "requests/s", *goals)
            p99 = self.table.row(f"{what}: p99", "ms")
            for _, name in interleaved(list(self.sides), self.setting.rounds):
                headers = condition_of(self.sides[name], _DOCUMENT) if status == 304 else {}
                if headers is None:
                    self.table.note(f"{name} does not answer 304.")
                    continue
                body_bytes = size_bytes if status == 200 else 0
                done = self._load(name, [_DOCUMENT], connections, body_bytes, headers=headers)
                self.table.add(rate, name, done.requests_per_second)
                self.table.add(p99, name, done.p99_ms)
                self._note_lost(name, what, done.lost)

    def ask_for_shards(self, connections: int, shards: Mapping[str, bytes]) -> None:
        what = f"shards, {_connections(connections)}"
        row = self.table.row(what, "MB/s", at_least(1, "nginx", "Caddy"))
        mean_bytes = sum(map(len, shards.values())) / len(shards)
        for _, name in interleaved(list(self.sides), self.setting.rounds):
            done = self._load(name, list(shards), connections, mean_bytes)
            self.table.add(row, name, done.bytes_per_second / 1e6)
            self._note_lost(name, what, done.lost)

    def _load(
        self,
        name: str,
        paths: Sequence[str],
        connections: int,
        body_bytes: float,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Load:
        return load(
            self.sides[name],
            paths,
            connections=connections,
            seconds=self.setting.seconds,
            headers=headers,
            body_bytes=body_bytes,
        )

    def _note_lost(self, name: str, what: str, lost: int) -> None:
        if lost:
            self.table.note(f"{name} lost connections: {what}.")


def _connections(count: int) -> str:
    return "1 connection" if count == 1 else f"{count} connections"
