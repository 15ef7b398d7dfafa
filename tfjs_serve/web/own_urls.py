"""The URLs that belong to no model: one table, from each path to what answers it.

README.md has a row for each of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache, partial

from aiohttp import hdrs, web

from tfjs_serve import __version__, companion
from tfjs_serve.web import pages
from tfjs_serve.web.catalogue import CODINGS
from tfjs_serve.web.encoding import negotiate
from tfjs_serve.web.page_responses import own_origin, send_page
from tfjs_serve.web.representation import (
    JAVASCRIPT,
    JSON,
    MODEL_HEADERS,
    Representation,
    from_bytes,
)
from tfjs_serve.web.sending import joined, send
from tfjs_serve.web.services import Services
from tfjs_serve.web.urls import LAYERS_SCRIPT_URL

_NUMBER = re.compile(r"[0-9]{1,9}")


async def _catalogue_page(request: web.Request, services: Services) -> web.StreamResponse:
    models = await services.catalogue.models()
    number = request.query.get("page", "")
    shown = models.excerpt(
        request.query.get("q", "").strip(),
        int(number) if _NUMBER.fullmatch(number) else 1,
    )
    page = pages.catalogue_page(
        [services.catalogue.summary(models, entry) for entry in shown.entries],
        shown,
        folder=services.settings.models_dir.name,
        origin=own_origin(request),
    )
    return await send_page(request, page)


async def _catalogue_json(request: web.Request, services: Services) -> web.StreamResponse:
    coding = negotiate(joined(request, hdrs.ACCEPT_ENCODING), CODINGS)
    return await send(request, await services.catalogue.document(coding))


async def _health(_request: web.Request, _services: Services) -> web.StreamResponse:
    body = json.dumps({"status": "ok", "version": __version__}).encode("ascii")
    headers = {"Content-Type": JSON, "Cache-Control": "no-store"}
    return web.Response(body=body, headers=headers)


@lru_cache(maxsize=2)
def _layers_file(file_name: str) -> Representation:
    """Return the companion layers, which pages of all origins may load, even isolated ones."""
    body = companion.files()[file_name].encode("utf-8")
    return from_bytes(body, JAVASCRIPT, extra_headers=MODEL_HEADERS)


async def _layers(file_name: str, request: web.Request, _services: Services) -> web.StreamResponse:
    return await send(request, _layers_file(file_name))


Answer = Callable[[web.Request, Services], Awaitable[web.StreamResponse]]
"""Answers a GET or HEAD."""

OWN_URLS: Mapping[str, Answer] = {
    "/": _catalogue_page,
    "/-/models.json": _catalogue_json,
    "/-/health": _health,
    LAYERS_SCRIPT_URL: partial(_layers, companion.SCRIPT_NAME),
    "/-/layers.mjs": partial(_layers, companion.MODULE_NAME),
}
"""By decoded path. All but the first begin with ``/-/``, where no model can be."""
