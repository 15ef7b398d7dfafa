"""Answer a ``POST``: check, receive, save, and say what was done."""

from __future__ import annotations

import json
import logging
from typing import Any

from aiohttp import hdrs, web

from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.catalog.names import file_name_of
from tfjs_serve.catalog.places import Place
from tfjs_serve.errors import CannotSaveHereError, TfjsServeError, UploadTooSlowError
from tfjs_serve.media_types import JSON
from tfjs_serve.settings import MODEL_JSON, Variant
from tfjs_serve.web import problems
from tfjs_serve.web.conditional import Conditions
from tfjs_serve.web.problems import ProblemError
from tfjs_serve.web.protocols import SavedModel
from tfjs_serve.web.representation import IDENTITY, codings_of, of_model_json
from tfjs_serve.web.responses import requested_authority
from tfjs_serve.web.saving.policy import Asked
from tfjs_serve.web.saving.preconditions import is_conditional, may_save
from tfjs_serve.web.saving.receiving import discard, opened, receive
from tfjs_serve.web.saving.target import SaveTarget, require_whole_weights, save_target
from tfjs_serve.web.sending import conditions_of
from tfjs_serve.web.services import Services
from tfjs_serve.web.urls import ModelFile, ModelPage, Refusal, model_url
from tfjs_serve.web.variants import effective_variant

_log = logging.getLogger(__name__)


async def save(
    request: web.Request, services: Services, target: ModelFile | ModelPage | Refusal
) -> web.Response:
    """Save the model that is sent; answer with what became of it.

    Raises
    ------
    ProblemError, TfjsServeError
        It is not saved, and everything is as it was.
    """
    try:
        return await _save(request, services, target)
    except UploadTooSlowError:
        raise
    except (ProblemError, TfjsServeError):
        await discard(request, services.settings.saving)
        raise


async def _save(
    request: web.Request, services: Services, target: ModelFile | ModelPage | Refusal
) -> web.Response:
    services.save_policy.check(asked_by(request))
    saver = services.saver
    assert saver is not None
    parser = opened(request, services.settings.saving)
    name, variant = await _name(services, save_target(target))
    async with saver.upload() as folder:
        await receive(request, parser, folder, services.settings.saving)
        async with saver.turn(name) as place:
            await _require(services, place, variant, conditions_of(request))
            saved = await saver.save(place, folder)
            answer = await _answer(services, saved, variant)
    _log.info("%s", _told(saved, request.headers.get(hdrs.ORIGIN)))
    return answer


def asked_by(request: web.BaseRequest) -> Asked:
    """Return what decides whether `request` may save."""
    return Asked(
        authority=requested_authority(request),
        origins=request.headers.getall(hdrs.ORIGIN, ()),
        authorizations=request.headers.getall(hdrs.AUTHORIZATION, ()),
        query=request.raw_path.partition("?")[2].partition("#")[0],
    )


async def _name(services: Services, target: SaveTarget) -> tuple[str, str | None]:
    """Return the name to save under, and the variant that conditions are about.

    Raises
    ------
    CannotSaveHereError, AmbiguousNameError
        There is no place for it, which is told before anything is received.
    """
    assert services.saver is not None
    if target.variant is None:
        await services.saver.place(target.whole)
        return target.whole, None
    try:
        place = await services.saver.place(target.whole)
    except CannotSaveHereError:
        place = None
    if place is not None and place.entry is not None:  # a file may be called model@uint8.h5
        return target.whole, None
    require_whole_weights(target)
    await services.saver.place(target.base)
    return target.base, target.variant.value


async def _require(
    services: Services, place: Place, variant: str | None, conditions: Conditions
) -> None:
    """Raise :class:`ProblemError` (412) unless the conditions of the request hold."""
    if not is_conditional(conditions):
        return
    etags = None
    if place.entry is not None:
        etags = await _etags_now(services, place.entry, variant)
    if not may_save(conditions, etags):
        detail = f"{place.exact_name} is not the version that the request names."
        raise ProblemError(problems.from_status(412, detail))


async def _etags_now(
    services: Services, entry: CatalogEntry, spelling: str | None
) -> tuple[str, ...]:
    """Return the entity tags of the ``model.json`` of `entry`, if its file can be served."""
    variant = effective_variant(entry, spelling, services.settings.default_variant)
    try:
        build = await services.builder.build(entry, variant)
    except TfjsServeError:
        return ()
    if build.stale_reason is not None:
        return ()
    codings = (IDENTITY, *codings_of(build.artifact, MODEL_JSON))
    return tuple(of_model_json(build.artifact, coding).etag for coding in codings)


async def _answer(services: Services, saved: SavedModel, spelling: str | None) -> web.Response:
    """Return the answer about a model that was saved, with the tag for the next ``If-Match``."""
    url = model_url(file_name_of(saved.exact_name), Variant(spelling) if spelling else None)
    headers = {"Content-Type": JSON, "Cache-Control": "no-store"}
    if not saved.backup:
        headers["Location"] = url
    if etag := await _etag_of(services, saved, spelling):
        headers["ETag"] = etag
    body = json.dumps(answer_document(saved, url)).encode("ascii")
    return web.Response(status=200 if saved.backup else 201, headers=headers, body=body)


async def _etag_of(services: Services, saved: SavedModel, spelling: str | None) -> str | None:
    """Return an entity tag of what was saved; ``None`` if another program was faster."""
    try:
        entry = await services.catalog.lookup(saved.exact_name, suggest=False)
        etags = await _etags_now(services, entry, spelling)
    except TfjsServeError:
        return None
    return next(iter(etags), None) if entry.stamps[0] == saved.stamp else None


def answer_document(saved: SavedModel, url: str) -> dict[str, Any]:
    """Return what a page is told: where the model is, and how its former file is called now."""
    return {
        "file": saved.exact_name,
        "url": url,
        "backup": saved.backup or None,
        "notes": list(saved.notes),
    }


def _told(saved: SavedModel, origin: str | None) -> str:
    by = f"a page of {origin}" if origin else "a program"
    backup = f"; the former file is {saved.backup}" if saved.backup else ""
    return f"{saved.exact_name} was saved by {by}{backup}"
