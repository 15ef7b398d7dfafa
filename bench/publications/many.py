"""Many models to a folder and to OpenStack Swift, beside rclone on the same bytes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from keras_models import write_model
from measuring import Cost, measured
from rivals import install
from tables import OURS, Table

from tests.stores.store import CONTAINER
from tests.stores.swift import swift
from tfjs_serve.facts.wording import counted

from .places import Options, Place, place_of

_MODEL_BYTES = 2_000_000
_FEW = 10
"""Divides the models, to see whether memory grows with them."""
_RCLONE = ("rclone", "--config", "", "--transfers", "8", "copy", "--s3-no-check-bucket")


def run(options: Options) -> Table:
    """Publish and copy in turn, each time to an empty place."""
    install(["rclone"])
    count = options.models
    table = Table(
        "Many models",
        [
            f"{count:,} models of {_MODEL_BYTES / 1e6:.0f} MB, converted before;",
            f"{counted(options.rounds, 'round')} in turn, each to an empty place. rclone copies",
            "what was published to a folder, with 8 transfers at a time, as publish does. Publish",
            "waits until the disk has each file of a folder, rclone does not.",
        ],
    )
    folders = _Folders(options.workspace)
    folders.write_models(count)
    trial = _place(folders.site).publish(folders.models, folders.cache, "--dry-run")
    table.add(table.row("convert all", "s"), OURS, trial.seconds)
    for _ in range(options.rounds):
        _to_folders(table, folders)
        _to_swift(table, folders)
    return table


class _Folders:
    """Where everything is."""

    def __init__(self, workspace: Path) -> None:
        self.models, self.few, self.cache = (workspace / name for name in ("all", "few", "cache"))
        self.site, self.beside = workspace / "site", workspace / "beside"
        self.swift = workspace / "swift"

    def write_models(self, count: int) -> None:
        """Write so many models, and some of them to another folder."""
        self.models.mkdir()
        self.few.mkdir()
        for number in range(count):
            path = write_model(self.models / f"model_{number}.h5", _MODEL_BYTES, seed=number)
            if number < count // _FEW:
                (self.few / path.name).hardlink_to(path)


def _place(folder: Path) -> Place:
    return Place(name="folder", destination=str(folder), url="", environment={})


def _to_folders(table: Table, folders: _Folders) -> None:
    site, beside, again = folders.site, folders.beside, table.row("folder, again", "s")
    shutil.rmtree(site, ignore_errors=True)
    _add_few(table, _place(beside), folders)
    shutil.rmtree(beside)
    _add(table, "folder", OURS, _place(site).publish(folders.models, folders.cache, sampled=True))
    table.add(again, OURS, _place(site).publish(folders.models, folders.cache).seconds)
    _add(table, "folder", "rclone", _copied(site, str(beside), {}, sampled=True))
    table.add(again, "rclone", _copied(site, str(beside), {}).seconds)
    shutil.rmtree(beside)


def _to_swift(table: Table, folders: _Folders) -> None:
    again = table.row("Swift, again", "s")
    with _empty_swift(folders) as place:
        _add(table, "Swift", OURS, place.publish(folders.models, folders.cache, sampled=True))
        table.add(again, OURS, place.publish(folders.models, folders.cache).seconds)
    with _empty_swift(folders) as place:
        target, remote = f"store:{CONTAINER}/models", _remote(place)
        _add(table, "Swift", "rclone", _copied(folders.site, target, remote, sampled=True))
        table.add(again, "rclone", _copied(folders.site, target, remote).seconds)
    with _empty_swift(folders) as place:
        _add_few(table, place, folders)


@contextmanager
def _empty_swift(folders: _Folders) -> Iterator[Place]:
    folders.swift.mkdir()
    with swift(folders.swift) as cluster:
        yield place_of("Swift", cluster.store)
    shutil.rmtree(folders.swift)


def _add(table: Table, where: str, side: str, cost: Cost) -> None:
    table.add(table.row(where, "s"), side, cost.seconds)
    table.add(table.row(f"{where}: memory", "MB"), side, cost.peak_bytes / 1e6)


def _add_few(table: Table, place: Place, folders: _Folders) -> None:
    cost = place.publish(folders.few, folders.cache, sampled=True)
    row = table.row(f"{place.name}, a tenth of the models: memory", "MB")
    table.add(row, OURS, cost.peak_bytes / 1e6)


def _copied(source: Path, target: str, remote: Mapping[str, str], *, sampled: bool = False) -> Cost:
    words = [f"{name}={value}" for name, value in remote.items()]
    # rclone cannot load certificates in the way that this variable asks for; none are needed here.
    cost = measured(
        ["env", "-u", "AWS_CA_BUNDLE", *words, *_RCLONE, str(source), target], sampled=sampled
    )
    if cost.exit_code:
        raise SystemExit(cost.printed)
    return cost


def _remote(store: Place) -> dict[str, str]:
    """Return how rclone finds a store by the name ``store``."""
    members = {
        "TYPE": "s3",
        "PROVIDER": "Other",
        "REGION": "us-east-1",
        "ENDPOINT": store.endpoint,
        "ACCESS_KEY_ID": store.environment["AWS_ACCESS_KEY_ID"],
        "SECRET_ACCESS_KEY": store.environment["AWS_SECRET_ACCESS_KEY"],
    }
    return {f"RCLONE_CONFIG_STORE_{name}": value for name, value in members.items()}
