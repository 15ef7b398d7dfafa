"""What the handlers need from the catalogue and the builder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from tfjs_serve.artifacts.model import Artifact, ArtifactFile
from tfjs_serve.builder import Build, EntryStatus
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.settings import ServerSettings, Variant
from tfjs_serve.sightings import Sightings
from tfjs_serve.web.cors import CorsPolicy
from tfjs_serve.web.hosts import HostPolicy


class CatalogService(Protocol):
    """Knows which models exist."""

    async def scan(self) -> tuple[CatalogEntry, ...]:
        """Scan the whole folder."""

    async def lookup(
        self, name: str, *, suggest: bool = True, sightings: Sightings | None = None
    ) -> CatalogEntry:
        """Return the model called `name`; `suggest` similar names if there is none.

        All that the result depends on is noted in `sightings`, here and below.

        Raises
        ------
        ModelNotFoundError, AmbiguousNameError
            The name means no model, or several.
        """


class BuilderService(Protocol):
    """Makes artifacts from entries."""

    async def build(
        self, entry: CatalogEntry, variant: Variant, sightings: Sightings | None = None
    ) -> Build:
        """Return the artifact of `entry`, converting it first if necessary."""

    def status(self, entry: CatalogEntry, variant: Variant) -> EntryStatus:
        """Return what is known about `entry`, without looking at any file."""

    async def find_file(
        self,
        entry_name: str,
        variant: Variant,
        file_name: str,
        sightings: Sightings | None = None,
    ) -> tuple[Artifact, ArtifactFile]:
        """Find a file in this or an earlier generation of a model; never converts.

        Raises
        ------
        FileGoneError
            A generation had it, but is gone; building the model again may bring it back.
        FileNotInModelError
            No known generation had it.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that the handlers work with."""

    catalog: CatalogService
    builder: BuilderService
    settings: ServerSettings
    cors: CorsPolicy
    hosts: HostPolicy


SERVICES: web.AppKey[Services] = web.AppKey("services", Services)
