"""The URLs that belong to no model: one table, from each path to what answers it.

docs/serving.md has a row for each of them.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial

from aiohttp import hdrs, web

from tfjs_serve.compression import COMPRESSED_SUFFIXES
from tfjs_serve.media_types import IMMUTABLE, JAVASCRIPT, JSON, REVALIDATE, TYPESCRIPT, media_type
from tfjs_serve.packed_scripts import KINDS, Kind, is_script, module, types, whole_script
from tfjs_serve.version import __version__
from tfjs_serve.web import problems, tfjs
from tfjs_serve.web.catalogue import CODINGS
from tfjs_serve.web.encoding import negotiate
from tfjs_serve.web.events import client
from tfjs_serve.web.excerpt import Question, excerpt
from tfjs_serve.web.mounting import own_path
from tfjs_serve.web.page_responses import own_origin, send_page
from tfjs_serve.web.pages.assets import URL_FOLDER, Asset, asset_at
from tfjs_serve.web.pages.catalogue import catalogue_page
from tfjs_serve.web.problems import ProblemError
from tfjs_serve.web.representation import (
    ENCODED_SUFFIXES,
    GZIP,
    MODEL_HEADERS,
    Representation,
    from_bytes,
)
from tfjs_serve.web.sending import joined, send
from tfjs_serve.web.services import Services

_TFJS_FILE = f"{tfjs.FOLDER}<file>"


async def _catalogue_page(request: web.Request, services: Services) -> web.StreamResponse:
    models = await services.catalogue.models()
    question, statuses = Question.of(request.query), services.catalogue.statuses
    shown = await asyncio.to_thread(excerpt, models, statuses, question)
    page = partial(
        catalogue_page,
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


async def _events(request: web.Request, services: Services) -> web.StreamResponse:
    return await services.events.stream(request)


async def _client(name: str, request: web.Request, _services: Services) -> web.StreamResponse:
    coding = negotiate(joined(request, hdrs.ACCEPT_ENCODING), (GZIP,))
    return await send(request, await asyncio.to_thread(client.script, name, coding))


async def _client_types(request: web.Request, _services: Services) -> web.StreamResponse:
    return await send(request, await asyncio.to_thread(client.types))


async def _relay(request: web.Request, services: Services) -> web.StreamResponse:
    return await send(request, await asyncio.to_thread(client.relay, services.cors))


async def _health(_request: web.Request, services: Services) -> web.StreamResponse:
    state = {"status": "ok", "version": __version__, "listening": services.events.listening}
    body = json.dumps(state).encode("ascii")
    headers = {"Content-Type": JSON, "Cache-Control": "no-store"}
    return web.Response(body=body, headers=headers)


@lru_cache(maxsize=4 * len(KINDS))
def _script(kind: Kind, coding: str, cache_control: str) -> Representation:
    """Return a whole script, which pages of all origins may load, even isolated ones."""
    body = whole_script(kind).text.encode("utf-8")
    if coding == GZIP:
        body = gzip.compress(body, compresslevel=9, mtime=0)
    plain = from_bytes(body, JAVASCRIPT, extra_headers=MODEL_HEADERS)
    return replace(plain, cache_control=cache_control, content_encoding=coding, negotiated=True)


@lru_cache(maxsize=len(KINDS))
def _module_of(kind: Kind) -> Representation:
    body = module(kind, whole_script(kind).name).encode("ascii")
    return from_bytes(body, JAVASCRIPT, extra_headers=MODEL_HEADERS)


@lru_cache(maxsize=len(KINDS))
def _types_of(kind: Kind) -> Representation:
    body = types(kind).encode("utf-8")
    return from_bytes(body, TYPESCRIPT, extra_headers=MODEL_HEADERS)


@lru_cache(maxsize=64)
def _asset(asset: Asset, coding: str) -> Representation:
    """Return a style or a script of the pages, which only pages of this server load."""
    body = asset.text.encode("utf-8")
    if coding in ENCODED_SUFFIXES:
        body = COMPRESSED_SUFFIXES[ENCODED_SUFFIXES[coding]](body)
    plain = from_bytes(body, media_type(asset.name))
    return replace(plain, cache_control=IMMUTABLE, content_encoding=coding, negotiated=True)


# In threads, because the first time they read files and compress.


async def _send_script(
    kind: Kind, cache_control: str, request: web.Request, _services: Services
) -> web.StreamResponse:
    coding = negotiate(joined(request, hdrs.ACCEPT_ENCODING), (GZIP,))
    return await send(request, await asyncio.to_thread(_script, kind, coding, cache_control))


async def _send_script_by_digest(
    kind: Kind, request: web.Request, services: Services
) -> web.StreamResponse:
    script = await asyncio.to_thread(whole_script, kind)
    if not request.path.endswith(f"/-/{script.name}"):
        message = f"this is the {kind.script_name} of another version."
        raise ProblemError(problems.from_status(404, message))
    return await _send_script(kind, IMMUTABLE, request, services)


async def _send_module(kind: Kind, request: web.Request, _services: Services) -> web.StreamResponse:
    return await send(request, await asyncio.to_thread(_module_of, kind))


async def _send_types(kind: Kind, request: web.Request, _services: Services) -> web.StreamResponse:
    return await send(request, await asyncio.to_thread(_types_of, kind))


async def _send_asset(request: web.Request, _services: Services) -> web.StreamResponse:
    asset = await asyncio.to_thread(asset_at, own_path(request))
    if asset is None:
        message = "the pages of this version do not have this file."
        raise ProblemError(problems.from_status(404, message))
    coding = negotiate(joined(request, hdrs.ACCEPT_ENCODING), tuple(ENCODED_SUFFIXES))
    return await send(request, await asyncio.to_thread(_asset, asset, coding))


async def _send_tfjs(request: web.Request, services: Services) -> web.StreamResponse:
    files = {**services.backends.files, **services.tfjs.files}
    path = files.get(request.path.rpartition("/")[2])
    if path is None:
        message = "this server has no such file of TensorFlow.js; --tfjs-url gives it one."
        raise ProblemError(problems.from_status(404, message))
    coding = negotiate(joined(request, hdrs.ACCEPT_ENCODING), (GZIP,))
    return await send(request, await asyncio.to_thread(tfjs.representation, path, coding))


_ASSETS = f"{URL_FOLDER}<name>.<digest>.<ending>"
Answer = Callable[[web.Request, Services], Awaitable[web.StreamResponse]]
"""Answers a GET or HEAD."""


def _by_digest(kind: Kind) -> str:
    return f"/-/{kind.prefix}<digest>.js"


def _script_urls(kind: Kind) -> Mapping[str, Answer]:
    return {
        f"/-/{kind.script_name}": partial(_send_script, kind, REVALIDATE),
        f"/-/{kind.module_name}": partial(_send_module, kind),
        f"/-/{kind.types_name}": partial(_send_types, kind),
        _by_digest(kind): partial(_send_script_by_digest, kind),
    }


EVENTS_URL = "/-/events"
"""The one answer that does not end."""
OWN_URLS: Mapping[str, Answer] = {
    "/": _catalogue_page,
    "/-/models.json": _catalogue_json,
    EVENTS_URL: _events,
    **{f"/-/{name}": partial(_client, name) for name in client.SCRIPTS},
    f"/-/{client.TYPES_NAME}": _client_types,
    "/-/relay.html": _relay,
    "/-/health": _health,
    **{path: answer for kind in KINDS for path, answer in _script_urls(kind).items()},
    _TFJS_FILE: _send_tfjs,
    _ASSETS: _send_asset,
}
"""By decoded path. All but the first begin with ``/-/``, where no model can be."""


def own_answer(path: str) -> Answer | None:
    """Return what answers a decoded path, if anything does."""
    if path.startswith(tfjs.FOLDER):
        return OWN_URLS[_TFJS_FILE]
    if path.startswith(URL_FOLDER):
        return OWN_URLS[_ASSETS]
    name = path.removeprefix("/-/")
    kind = next((kind for kind in KINDS if is_script(kind, name)), None)
    return OWN_URLS.get(_by_digest(kind) if kind else path)
