"""One of three storage nodes of OpenStack Swift is killed while models are published and loaded."""

from __future__ import annotations

import random
import time
from pathlib import Path

from tables import Table

from tests.stores.swift import Swift, swift

from .places import Options, Place, place_of
from .versions import Loads, clients, take_version, tell, write_versions

_NODES = 3
_PUBLISHES = 3
"""With the node gone."""
_PAUSE_SECONDS = 3.0


def run(options: Options) -> Table:
    """Kill each node in turn, each time of a new cluster: once during a publish, once without."""
    table = Table(
        "A storage node that is killed",
        [
            f"OpenStack Swift of {_NODES} storage nodes, each with a copy of everything; each node",
            f"in turn is killed, in a cluster of its own: while {options.clients} clients load 4",
            "models in a loop, and while they do and a publish is under way.",
            f"{_PUBLISHES} versions are published afterwards.",
        ],
    )
    write_versions(options.workspace / "versions", 2 + _PUBLISHES, options.workspace / "cache")
    for number in range(_NODES):
        for what in ("during loads", "during a publish"):
            folder = options.workspace / f"{number} {what}".replace(" ", "-")
            folder.mkdir()
            with swift(folder, _NODES) as cluster:
                _measure(table, cluster, number, what, options)
    return table


def _measure(table: Table, cluster: Swift, number: int, what: str, options: Options) -> None:
    place = place_of("Swift", cluster.store)
    models, cache = options.workspace / "models", options.workspace / "cache"
    versions = options.workspace / "versions"
    take_version(versions, 0, models)
    place.publish(models, cache)
    failed_publishes = 0
    with clients(place, options.clients) as loads:
        time.sleep(_PAUSE_SECONDS)
        if what == "during a publish":
            take_version(versions, 1, models)
            failed_publishes += _killed_in_a_publish(cluster, place, number, models, cache)
        else:
            cluster.kill_node(number)
            time.sleep(_PAUSE_SECONDS)
        for version in range(2, 2 + _PUBLISHES):
            take_version(versions, version, models)
            place.publish(models, cache)
    _add(table, f"node {number}, {what}", loads, failed_publishes)
    tell(place, loads)


def _killed_in_a_publish(
    cluster: Swift, place: Place, number: int, models: Path, cache: Path
) -> bool:
    """Kill a node at a moment when files are being sent; return whether the publish failed."""
    process = place.start(models, cache)
    while process.poll() is None and not any("/doing-" in path for path in place.sizes()):
        pass
    time.sleep(random.uniform(0, 0.2))
    is_in_time = process.poll() is None
    cluster.kill_node(number)
    if not is_in_time:
        raise SystemExit("the publish was over before the node was killed")
    return process.wait() != 0


def _add(table: Table, side: str, loads: Loads, failed_publishes: int) -> None:
    table.add(table.row("loads", ""), side, loads.count)
    table.add(table.row("versions that were loaded", ""), side, loads.versions)
    table.add(table.row("failed loads", ""), side, len(loads.failed))
    table.add(table.row("mixed loads", ""), side, len(loads.mixed))
    table.add(table.row("failed publishes", ""), side, failed_publishes)
