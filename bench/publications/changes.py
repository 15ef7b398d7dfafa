"""What a second publish of a large model sends, and what it asks for."""

from __future__ import annotations

from pathlib import Path

from keras_models import at_rest, write_model
from tables import Table

from .places import PLACES, Options, Place, each
from .relay import Tally, relay

_MODEL_BYTES = 100 << 20


def run(options: Options) -> Table:
    """Publish to each place three times, through what counts."""
    table = Table(
        "A model that changes",
        [
            f"One layer, of 4 MiB, of a model of {_MODEL_BYTES >> 20} MiB changes before",
            "the second publish; nothing does before the third. Requests of the folder are files",
            "that were written.",
        ],
    )
    models = options.workspace / "models"
    models.mkdir()
    for name in PLACES:
        write_model(models / "model.h5", _MODEL_BYTES)
        with each(name, options.workspace) as place:
            _measure(table, place, models, options.workspace / "cache")
    return table


def _measure(table: Table, place: Place, models: Path, cache: Path) -> None:
    changed = write_model(models.with_name("changed"), _MODEL_BYTES, last_seed=1)
    for number, what in enumerate(("first publish", "one layer changed", "nothing changed")):
        if number == 1:
            at_rest(changed.replace(models / "model.h5"), version=1)
        tally = _tally(place, models, cache)
        table.add(table.row(f"{what}: sent", "MB"), place.name, tally.sent_bytes / 1e6)
        table.add(table.row(f"{what}: requests", ""), place.name, len(tally.asked))
        if place.endpoint:
            words = ", ".join(f"{count} {method}" for method, count in tally.methods.items())
            table.note(f"{place.name}, {what}: {words}.")


def _tally(place: Place, models: Path, cache: Path) -> Tally:
    tally = Tally()
    if place.endpoint:
        with relay(place.endpoint, tally) as endpoint:
            place.publish(models, cache, endpoint=endpoint)
        return tally
    before = _written(Path(place.destination))
    place.publish(models, cache)
    for one in _written(Path(place.destination)) - before:
        tally.add("files", "", one[1])
    return tally


def _written(site: Path) -> set[tuple[int, int]]:
    """Return the inodes and sizes of all files: one that is written again has another inode."""
    return {
        (s.st_ino, s.st_size) for path in site.rglob("*") if (s := path.stat()) and path.is_file()
    }
