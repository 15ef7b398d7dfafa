"""What the handlers work with."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from tfjs_serve.settings import ServerSettings
from tfjs_serve.web.catalogue import Catalogue
from tfjs_serve.web.cors import CorsPolicy
from tfjs_serve.web.events.stream import Events
from tfjs_serve.web.hosts import HostPolicy
from tfjs_serve.web.notices import Notices
from tfjs_serve.web.pages.policy import PagePolicy
from tfjs_serve.web.protocols import BuilderService, CatalogService, SaverService
from tfjs_serve.web.saving.policy import SavePolicy
from tfjs_serve.web.tfjs import Tfjs
from tfjs_serve.web.tfjs_backends import Backends


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that the handlers work with."""

    catalog: CatalogService
    builder: BuilderService
    catalogue: Catalogue
    events: Events
    settings: ServerSettings
    cors: CorsPolicy
    hosts: HostPolicy
    notices: Notices
    tfjs: Tfjs
    backends: Backends
    save_policy: SavePolicy
    saver: SaverService | None
    page_policy: PagePolicy


SERVICES: web.AppKey[Services] = web.AppKey("services", Services)
