"""What the handlers need of the catalogue and of the builder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from tfjs_serve.artifacts.model import Artifact, ArtifactFile
from tfjs_serve.builder import Build, EntryStatus
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.settings import ServerSettings, Variant
from tfjs_serve.web.cors import CorsPolicy
from tfjs_serve.web.hosts import HostPolicy


class CatalogService(Protocol):
    """Knows which models exist."""

    async def scan(self) -> tuple[CatalogEntry, ...]:
        """Look at the whole folder."""

    async def lookup(self, name: str, *, suggest: bool = True) -> CatalogEntry:
        """Look at the model called `name`; `suggest` similar ones if there is none.

        Raises
        ------
        ModelNotFoundError, AmbiguousNameError
        """


class BuilderService(Protocol):
    """Makes artifacts of entries."""

    async def build(self, entry: CatalogEntry, variant: Variant) -> Build:
        """Return the artifact of `entry`, converted first if need be."""

    def status(self, entry: CatalogEntry, variant: Variant) -> EntryStatus:
        """Return what is known of `entry`, without looking at any file."""

    async def find_file(
        self, entry_name: str, variant: Variant, file_name: str
    ) -> tuple[Artifact, ArtifactFile]:
        """Find a file in this or an earlier generation of a model; never converts.

        Raises
        ------
        FileGoneError
            A generation had it; building the model again may bring it back.
        FileNotInModelError
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """All that the handlers work with."""

    catalog: CatalogService
    builder: BuilderService
    settings: ServerSettings
    cors: CorsPolicy
    hosts: HostPolicy


SERVICES: web.AppKey[Services] = web.AppKey("services", Services)
