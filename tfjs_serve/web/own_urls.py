"""The URLs that belong to no model: one table, from each path to what answers it.

README.md has a row for each of them.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial

from aiohttp import hdrs, web

from tfjs_serve import __version__, companion
from tfjs_serve.web import pages, problems
from tfjs_serve.web.catalogue import CODINGS
from tfjs_serve.web.encoding import negotiate
from tfjs_serve.web.page_responses import own_origin, send_page
from tfjs_serve.web.problems import ProblemError
from tfjs_serve.web.representation import (
    GZIP,
    IMMUTABLE,
    JAVASCRIPT,
    JSON,
    MODEL_HEADERS,
    REVALIDATE,
    Representation,
    from_bytes,
)
from tfjs_serve.web.sending import joined, send
from tfjs_serve.web.services import Services

_NUMBER = re.compile(r"[0-9]{1,9}")


async def _catalogue_page(request: web.Request, services: Services) -> web.StreamResponse:
    models = await services.catalogue.models()
    number = request.query.get("page", "")
    shown = models.excerpt(
        request.query.get("q", "").strip(),
        int(number) if _NUMBER.fullmatch(number) else 1,
        services.catalogue.bad if request.query.get("only") == "bad" else None,
    )
    page = pages.catalogue_page(
        [services.catalogue.summary(models, entry) for entry in shown.entries],
        shown,
        services.catalogue.overview,
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


@lru_cache(maxsize=4)
def _layers_script(coding: str, cache_control: str) -> Representation:
    """Return all companion layers, which pages of all origins may load, even isolated ones."""
    body = companion.whole_script().text.encode("utf-8")
    if coding == GZIP:
        body = gzip.compress(body, compresslevel=9, mtime=0)
    plain = from_bytes(body, JAVASCRIPT, extra_headers=MODEL_HEADERS)
    return replace(plain, cache_control=cache_control, content_encoding=coding, negotiated=True)


@lru_cache(maxsize=1)
def _module_of_layers() -> Representation:
    body = companion.module(companion.whole_script().name).encode("ascii")
    return from_bytes(body, JAVASCRIPT, extra_headers=MODEL_HEADERS)


# In threads, because the first time they read files and compress.


async def _layers(
    cache_control: str, request: web.Request, _services: Services
) -> web.StreamResponse:
    coding = negotiate(joined(request, hdrs.ACCEPT_ENCODING), (GZIP,))
    return await send(request, await asyncio.to_thread(_layers_script, coding, cache_control))


async def _layers_by_digest(request: web.Request, services: Services) -> web.StreamResponse:
    script = await asyncio.to_thread(companion.whole_script)
    if request.path != f"/-/{script.name}":
        raise ProblemError(problems.from_status(404, "these are layers of another version."))
    return await _layers(IMMUTABLE, request, services)


async def _layers_module(request: web.Request, _services: Services) -> web.StreamResponse:
    return await send(request, await asyncio.to_thread(_module_of_layers))


Answer = Callable[[web.Request, Services], Awaitable[web.StreamResponse]]
"""Answers a GET or HEAD."""

_BY_DIGEST = "/-/layers.<digest>.js"
OWN_URLS: Mapping[str, Answer] = {
    "/": _catalogue_page,
    "/-/models.json": _catalogue_json,
    "/-/health": _health,
    "/-/layers.js": partial(_layers, REVALIDATE),
    "/-/layers.mjs": _layers_module,
    _BY_DIGEST: _layers_by_digest,
}
"""By decoded path. All but the first begin with ``/-/``, where no model can be."""


def own_answer(path: str) -> Answer | None:
    """Return what answers a decoded path, if anything does."""
    by_digest = companion.is_script(path.removeprefix("/-/"))
    return OWN_URLS.get(_BY_DIGEST if by_digest else path)
