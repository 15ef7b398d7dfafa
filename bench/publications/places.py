"""Where models are published: a folder behind nginx, OpenStack Swift, and Azurite."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from measuring import Cost, measured
from rivals import nginx

from tests.stores.azurite import azurite
from tests.stores.store import Store
from tests.stores.swift import swift
from tfjs_serve.publishing.destinations import open_destination

_TFJS_SERVE = (sys.executable, "-m", "tfjs_serve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much is to be done, and an empty folder for it."""

    workspace: Path
    kills: int
    clients: int
    models: int
    rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where models are published.

    Attributes
    ----------
    destination, endpoint
        As ``publish`` takes them; a folder has no endpoint.
    url
        Where pages find the models.
    environment
        Keys.
    """

    name: str
    destination: str
    endpoint: str = ""
    url: str
    environment: Mapping[str, str]

    def command(self, models: Path, cache: Path, *options: str, endpoint: str = "") -> list[str]:
        """Return the command that publishes all models in a folder.

        Parameters
        ----------
        endpoint
            What stands for that of the store, if something does.
        """
        words = [*_TFJS_SERVE, "publish", str(models), self.destination, *options]
        at = ["--endpoint", endpoint or self.endpoint] if self.endpoint else []
        # Looking at all models afterwards is not part of what is measured.
        return [*words, *at, "--url", "", "--cache-dir", str(cache)]

    def publish(
        self,
        models: Path,
        cache: Path,
        *options: str,
        endpoint: str = "",
        sampled: bool = False,
    ) -> Cost:
        """Publish, which must succeed."""
        command = self.command(models, cache, *options, endpoint=endpoint)
        cost = measured(["env", *_assignments(self.environment), *command], sampled=sampled)
        if cost.exit_code:
            raise SystemExit(f"{self.name}: {cost.printed}")
        return cost

    def start(self, models: Path, cache: Path, *, endpoint: str = "") -> subprocess.Popen[bytes]:
        """Begin to publish."""
        return subprocess.Popen(
            self.command(models, cache, endpoint=endpoint),
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def sizes(self) -> dict[str, int]:
        """Return the sizes of all files there, by their paths."""
        os.environ.update(self.environment)
        destination = open_destination(self.destination, self.endpoint or None)

        async def listed() -> dict[str, int]:
            return {path: size async for some in destination.sizes() for path, size in some.items()}

        return asyncio.run(listed())


def _assignments(environment: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in environment.items()]


@contextmanager
def a_folder(workspace: Path) -> Iterator[Place]:
    """A folder behind nginx."""
    site, beside = workspace / "site", workspace / "nginx"
    site.mkdir()
    beside.mkdir()
    with nginx(site, beside) as served:
        yield Place(name="folder", destination=str(site), url=served.origin, environment={})


def place_of(name: str, store: Store) -> Place:
    """Return an object store as a place."""
    return Place(
        name=name,
        destination=store.destination,
        endpoint=store.endpoint,
        url=store.url,
        environment=store.environment,
    )


@contextmanager
def a_swift(workspace: Path) -> Iterator[Place]:
    """OpenStack Swift of one node."""
    with swift(workspace) as running:
        yield place_of("Swift", running.store)


@contextmanager
def an_azurite(workspace: Path) -> Iterator[Place]:
    """Azurite."""
    with azurite(workspace) as store:
        yield place_of("Azurite", store)


PLACES: Mapping[str, Callable[[Path], AbstractContextManager[Place]]] = {
    "folder": a_folder,
    "Swift": a_swift,
    "Azurite": an_azurite,
}


@contextmanager
def each(name: str, workspace: Path) -> Iterator[Place]:
    """Run one of the places in a folder of its own."""
    folder = workspace / name
    folder.mkdir()
    with PLACES[name](folder) as place:
        yield place
