"""Models whose weights tell their version, and clients that load them in a loop."""

from __future__ import annotations

import asyncio
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from keras_models import at_rest
from soak_clients import Tally, load_in_a_loop
from soak_writer import save_in_place

from .places import Place

MODELS = 4


def write_versions(folder: Path, count: int, cache: Path) -> None:
    """Write so many versions of all models, with other weights and other sizes; convert them."""
    for version in range(count):
        inner = folder / f"{version}"
        inner.mkdir(parents=True)
        for number in range(MODELS):
            path = inner / f"model_{number}.h5"
            save_in_place(path, float(version * MODELS + number))
            at_rest(path, version=version)
    nowhere = Place(name="nowhere", destination=str(folder / "nowhere"), url="", environment={})
    nowhere.publish(folder, cache, "--dry-run")


def take_version(folder: Path, version: int, models: Path) -> None:
    """Put one version of all models into the folder `models`, in place of another one."""
    models.mkdir(exist_ok=True)
    for path in (folder / f"{version}").iterdir():
        beside = models / f"{path.name}.new"
        shutil.copy2(path, beside)
        beside.replace(models / path.name)


@dataclass(slots=True)
class Loads:
    """What all clients met, of all models."""

    tallies: list[Tally] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many loads there were."""
        return sum(tally.loads for tally in self.tallies)

    @property
    def mixed(self) -> list[str]:
        """Loads of bytes that do not belong together."""
        return [one for tally in self.tallies for one in tally.wrong]

    @property
    def failed(self) -> list[str]:
        """Loads that came to nothing."""
        return [one.what for tally in self.tallies for one in tally.failures]

    @property
    def versions(self) -> int:
        """How many different ``model.json`` clients have loaded."""
        return sum(len(tally.generations) for tally in self.tallies)


@contextmanager
def clients(place: Place, count: int) -> Iterator[Loads]:
    """Have clients load all models in a loop, until the context ends; then it is known how."""
    loads, ended = Loads(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def load() -> None:
        urls = [f"{place.url}/model_{number}/model.json" for number in range(MODELS)]
        each = max(1, count // MODELS)
        loads.tallies += await asyncio.gather(*(load_in_a_loop(url, each, ended) for url in urls))

    thread = threading.Thread(target=loop.run_until_complete, args=[load()])
    thread.start()
    try:
        yield loads
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


def tell(place: Place, loads: Loads) -> None:
    """Print what went wrong first."""
    for one in [*loads.failed, *loads.mixed][:10]:
        print(f"{place.name}: {one}", file=sys.stderr)
