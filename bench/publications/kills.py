"""Publishes are killed at random moments, while clients load the models in a loop."""

from __future__ import annotations

import gzip
import random
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from answers import shard_paths
from tables import Table

from tfjs_serve.publishing.manifest import FOLDER

from .places import PLACES, Options, Place, each
from .relay import Tally, relay
from .versions import MODELS, clients, take_version, tell, write_versions

_WHOLE_EVERY = 5
"""So many publishes are killed before one is left alone."""
_EARLY = 0.2
"""Share of those that are killed at any moment; the others when they send."""
_POLL_SECONDS = 0.002
_NOW = ("--delete", "--grace", "0s")


@dataclass(slots=True)
class Kills:
    """What became of the publishes.

    Attributes
    ----------
    while_sending
        Of those that were killed, how many left the note of a publish that is not done.
    incomplete
        Publishes that were left alone, after which something was not there.
    whole_seconds, sending_seconds
        How long one takes that is left alone, and how long of that it sends.
    """

    killed: int = 0
    while_sending: int = 0
    incomplete: int = 0
    whole_seconds: float = 0
    sending_seconds: float = 0


SITE_FILES = ("_headers", ".nojekyll", "index.html", "models.json")
"""What a folder has beside its models."""


def run(options: Options) -> Table:
    """Kill publishes to each place."""
    table = Table(
        "Publishes that are killed",
        [
            f"{options.kills} publishes of new versions of {MODELS} models are killed at random",
            f"moments, most while they send; after each {_WHOLE_EVERY}, one is left alone. All the",
            f"time, {options.clients} clients load the models in a loop, and check every byte.",
            "Afterwards, when nobody loads, one with --delete --grace 0s.",
        ],
    )
    for name in PLACES:
        with each(name, options.workspace) as place:
            _measure(table, place, options)
    return table


def _measure(table: Table, place: Place, options: Options) -> None:
    models, cache = options.workspace / f"models {place.name}", options.workspace / "cache"
    versions = options.workspace / "versions"
    if not versions.exists():
        # Some are over before they are killed.
        write_versions(versions, 3 * options.kills // 2, cache)
    take_version(versions, 0, models)
    place.publish(models, cache)
    with clients(place, options.clients) as loads:
        kills = _kill(place, versions, models, cache, options.kills)
    before = place.sizes()
    place.publish(models, cache, *_NOW)
    after = place.sizes()
    fresh = place.publish(models, cache)
    if ", 0 bytes sent" not in " ".join(fresh.printed.split()):
        raise SystemExit(f"{place.name} is not complete: {fresh.printed}")
    figures = {
        "publishes killed": kills.killed,
        "... of them while they were sending": kills.while_sending,
        "loads": loads.count,
        "versions that were loaded": loads.versions,
        "failed loads": len(loads.failed),
        "mixed loads": len(loads.mixed),
        "publishes left alone that were not complete": kills.incomplete,
        "files of earlier versions, and of those never done": len(before.keys() - after.keys()),
        "files that are not needed, after --delete": len(after.keys() - _needed(place, after)),
    }
    for what, value in figures.items():
        table.add(table.row(what, ""), place.name, value)
    tell(place, loads)


def _kill(place: Place, versions: Path, models: Path, cache: Path, count: int) -> Kills:
    kills, chance = Kills(), random.Random(7)
    for version in range(1, len([*versions.iterdir()])):
        take_version(versions, version, models)
        with _started(place, models, cache) as watched:
            if version % (_WHOLE_EVERY + 1) == 1:
                kills.whole_seconds, kills.sending_seconds = watched.durations()
            else:
                kills.killed += _is_killed(watched, kills, chance)
        if version % (_WHOLE_EVERY + 1) == 1:
            kills.incomplete += not _is_complete(place, models, cache)
        else:
            left = place.sizes()
            kills.while_sending += any(path.startswith(f"{FOLDER}/doing-") for path in left)
        if kills.killed == count:
            break
    return kills


def _is_killed(watched: _Watched, kills: Kills, chance: random.Random) -> bool:
    """Kill a publish, unless it is over before."""
    if chance.random() < _EARLY:
        return watched.kill_after(chance.uniform(0, kills.whole_seconds))
    watched.wait_for("doing-")
    return watched.kill_after(chance.uniform(0, kills.sending_seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """A publish that has begun."""

    process: subprocess.Popen[bytes]
    place: Place
    tally: Tally

    def wait_for(self, note: str) -> None:
        """Wait until it has written that it is doing something, or that it is done."""
        notes = Path(self.place.destination, FOLDER)
        before = set() if self.place.endpoint else set(notes.glob(f"{note}*"))
        while self.process.poll() is None:
            if self.tally.has_put(note) or (
                not self.place.endpoint and set(notes.glob(f"{note}*")) - before
            ):
                return
            time.sleep(_POLL_SECONDS)

    def durations(self) -> tuple[float, float]:
        """Let it go on to its end; return how long it takes, and how long it sends."""
        start = time.monotonic()
        self.wait_for("doing-")
        sending = time.monotonic()
        self.wait_for("done-")
        sent = time.monotonic()
        self.process.wait()
        return time.monotonic() - start, sent - sending

    def kill_after(self, seconds: float) -> bool:
        """Kill it, unless it is over before; return whether it was killed."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return True
        return False


@contextmanager
def _started(place: Place, models: Path, cache: Path) -> Iterator[_Watched]:
    tally = Tally()
    with ExitStack() as stack:
        endpoint = ""
        if place.endpoint:
            endpoint = stack.enter_context(relay(place.endpoint, tally))
        process = place.start(models, cache, endpoint=endpoint)
        yield _Watched(process=process, place=place, tally=tally)


def _is_complete(place: Place, models: Path, cache: Path) -> bool:
    return ", 0 bytes sent" in " ".join(place.publish(models, cache).printed.split())


def _needed(place: Place, sizes: Mapping[str, int]) -> set[str]:
    """Return the paths of all that pages ask for, and of one manifest."""
    manifests = [path for path in sizes if path.startswith(f"{FOLDER}/done-")]
    needed = {*manifests[:1], *SITE_FILES}
    for number in range(MODELS):
        document = f"model_{number}/model.json"
        with urlopen(Request(f"{place.url}/{document}")) as answer:
            body = answer.read()
            is_gzipped = answer.headers["Content-Encoding"] == "gzip"
        text = gzip.decompress(body) if is_gzipped else body
        needed |= {document, *shard_paths(f"model_{number}", text)}
    return needed
