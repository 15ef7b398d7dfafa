"""The handlers of all URLs: look up, build, and pass on to :mod:`tfjs_serve.web.sending`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from urllib.parse import quote

from aiohttp import hdrs, web

from tfjs_serve.builder import Build
from tfjs_serve.companion import is_script
from tfjs_serve.errors import FileGoneError, FileNotInModelError, ModelNotFoundError
from tfjs_serve.neighbours import NEIGHBOURS, PROOF_JSON
from tfjs_serve.settings import MODEL_JSON
from tfjs_serve.sightings import Sightings
from tfjs_serve.web import problems, scripts
from tfjs_serve.web.cors import ALLOWED_METHODS, GENERATION_HEADER, STALE_HEADER, WITH_SAVING
from tfjs_serve.web.encoding import negotiate
from tfjs_serve.web.finding import (
    kept_file,
    lookup,
    no_such_neighbour,
    original_weights,
    page_without_slash,
    require_model,
)
from tfjs_serve.web.generations import is_generation, send_generation
from tfjs_serve.web.keeping import offer
from tfjs_serve.web.mounting import mount_of, own_target
from tfjs_serve.web.notices import is_by_script, notice_of_slip
from tfjs_serve.web.own_urls import own_answer
from tfjs_serve.web.page_responses import own_origin, send_page
from tfjs_serve.web.pages.model import model_page
from tfjs_serve.web.pages.typescript import TYPES_NAME
from tfjs_serve.web.problems import ProblemError
from tfjs_serve.web.representation import (
    ENCODED_SUFFIXES,
    Representation,
    codings_of,
    of_file,
    of_model_json,
    of_script,
)
from tfjs_serve.web.responses import instance_of, requested_authority
from tfjs_serve.web.saving.handler import save
from tfjs_serve.web.sending import joined, send
from tfjs_serve.web.services import SERVICES, Services
from tfjs_serve.web.types_of_models import send_types
from tfjs_serve.web.urls import ModelFile, ModelPage, OwnUrl, Refusal, Target, parse_target

_STALE_REASON_CHARS = 500
_HEADER_SAFE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


async def handle(request: web.Request) -> web.StreamResponse:
    """Answer any request."""
    if request.method == hdrs.METH_OPTIONS:
        return _options(request)
    services = request.app[SERVICES]
    target = parse_target(own_target(request))
    if request.method == hdrs.METH_POST and not isinstance(target, OwnUrl):
        return await save(request, services, target)
    if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
        raise ProblemError(_method_not_allowed(request.method, _methods(services)))
    return await _answer(request, services, target)


async def ignore_expectation(_request: web.Request) -> None:
    """Accept a request with ``Expect``: whoever reads its body answers it (RFC 9110, 10.1.1)."""


def _methods(services: Services) -> str:
    return WITH_SAVING if services.save_policy.is_on else ALLOWED_METHODS


def _options(request: web.Request) -> web.Response:
    """Answer ``OPTIONS``, a CORS preflight or not, in the same way for every URL."""
    services = request.app[SERVICES]
    origin = request.headers.get(hdrs.ORIGIN)
    asked = request.headers.get("Access-Control-Request-Private-Network", "")
    may_save = origin is not None and services.save_policy.allows(
        origin, requested_authority(request)
    )
    cors_headers = services.cors.preflight_headers(
        origin,
        joined(request, hdrs.ACCESS_CONTROL_REQUEST_HEADERS),
        private_network=asked.lower() == "true",
        methods=_methods(services) if may_save else ALLOWED_METHODS,
    )
    return web.Response(status=204, headers={"Allow": _methods(services), **cors_headers})


def _method_not_allowed(method: str, allowed: str) -> problems.Problem:
    detail = f"{method} is not among the methods of this server: {allowed}."
    return problems.from_status(405, detail, headers={"Allow": allowed})


async def _answer(request: web.Request, services: Services, target: Target) -> web.StreamResponse:
    """Answer a GET or HEAD for `target`.

    Raises
    ------
    ProblemError
        It names nothing.
    TfjsServeError
        There is no such model or file, or it cannot be converted.
    """
    if isinstance(target, ModelFile):
        return await _file(request, services, target)
    if isinstance(target, ModelPage):
        return await _model_page(request, services, target)
    if isinstance(target, Refusal):
        raise ProblemError(problems.from_status(target.status, f"{target.reason}."))
    answer = own_answer(target.path)
    if answer is None:
        raise ProblemError(problems.from_status(404, "there is no such URL."))
    return await answer(request, services)


async def _model_page(
    request: web.Request, services: Services, target: ModelPage
) -> web.StreamResponse:
    """Answer with the page of one model.

    Raises
    ------
    ModelNotFoundError, AmbiguousNameError, VariantNotAvailableError
        No address leads to one model.
    """
    entry, _ = await lookup(services, target.addresses)
    models = await services.catalogue.models()
    listed = models.by_exact_name.get(entry.exact_name)
    if listed is None:
        raise ModelNotFoundError(f"the model {entry.name!r} has just been removed")
    summary = services.catalogue.summary(models, listed)
    _tell_of_slip(request, services, f"{mount_of(request)}{summary.url}")
    generations = await services.builder.generations(listed, summary.variant)
    page = partial(
        model_page,
        summary,
        generations,
        origin=own_origin(request),
        tfjs=services.tfjs,
        backends=services.backends,
        weight_errors=services.catalogue.weight_errors(listed),
    )
    return await send_page(request, page)


async def _file(request: web.Request, services: Services, target: ModelFile) -> web.StreamResponse:
    try:
        if target.file_name == MODEL_JSON:
            return await _model_json(request, services, target)
        if is_generation(target.file_name):
            return await send_generation(request, services, target)
        if target.file_name in scripts.NAMES:
            return await _newest_script(request, services, target)
        if target.file_name == TYPES_NAME:
            return await send_types(request, services, target)
        if is_script(target.file_name):
            return await _script(request, services, target)
        if target.file_name in (*NEIGHBOURS, PROOF_JSON):
            return await _neighbour(request, services, target)
        return await _weights(request, services, target)
    except FileGoneError:
        raise
    except (ModelNotFoundError, FileNotInModelError) as error:
        location = await page_without_slash(services, target)
        if location is None:
            if isinstance(error, FileNotInModelError) or not target.addresses:
                await require_model(services, target)
            raise
        location = f"{mount_of(request)}{location}"
        _tell_of_slip(request, services, f"{location}{MODEL_JSON}")
        # Not cached: tomorrow the model may be gone, and this path may name a file.
        headers = {"Location": location, "Cache-Control": "no-cache", "Content-Length": "0"}
        return web.Response(status=308, headers=headers)


def _tell_of_slip(request: web.Request, services: Services, model_url: str) -> None:
    """Tell if a script asks for a page: what it gets is not what it needs."""
    if is_by_script(request.headers):
        services.notices.tell(notice_of_slip(instance_of(request), model_url))


async def _model_json(
    request: web.Request, services: Services, target: ModelFile
) -> web.StreamResponse:
    sightings = Sightings()
    entry, variant = await lookup(services, target.addresses, sightings=sightings)
    build = await services.builder.build(entry, variant, sightings)
    accepted = joined(request, hdrs.ACCEPT_ENCODING)
    coding = negotiate(accepted, codings_of(build.artifact, MODEL_JSON))
    representation = of_model_json(build.artifact, coding)
    offer(request, representation, sightings)
    return await _send_of(build, request, representation)


async def _newest_script(
    request: web.Request, services: Services, target: ModelFile
) -> web.StreamResponse:
    """Answer with the layers that a page loads before the model; so this converts it, too."""
    entry, variant = await lookup(services, target.addresses)
    build = await services.builder.build(entry, variant)
    accepted = joined(request, hdrs.ACCEPT_ENCODING)
    script = scripts.newest_script(build.artifact, target.file_name, accepted)
    return await _send_of(build, request, script)


async def _script(
    request: web.Request, services: Services, target: ModelFile
) -> web.StreamResponse:
    sightings = Sightings()
    artifact, file = await kept_file(services, target, sightings)
    coding = negotiate(joined(request, hdrs.ACCEPT_ENCODING), codings_of(artifact, file.name))
    coded_name = file.name + ENCODED_SUFFIXES.get(coding, "")
    artifact, _ = await kept_file(services, replace(target, file_name=coded_name), sightings)
    representation = of_script(artifact, file.name, coding)
    offer(request, representation, sightings)
    return await send(request, representation)


async def _neighbour(
    request: web.Request, services: Services, target: ModelFile
) -> web.StreamResponse:
    """Answer with labels or metadata, which belong to the newest generation as its model.json.

    Raises
    ------
    FileNotInModelError
        There are none.
    """
    sightings = Sightings()
    entry, variant = await lookup(services, target.addresses, sightings=sightings)
    build = await services.builder.build(entry, variant, sightings)
    file = build.artifact.by_name.get(target.file_name)
    if file is None:
        raise no_such_neighbour(entry, target.file_name)
    representation = of_file(build.artifact.directory, file)
    offer(request, representation, sightings)
    return await _send_of(build, request, representation)


async def _weights(
    request: web.Request, services: Services, target: ModelFile
) -> web.StreamResponse:
    """Answer with weights by the name that they have here, or had in their folder."""
    try:
        return await _shard(request, services, target)
    except FileGoneError:
        raise
    except FileNotInModelError:
        sightings = Sightings()
        found = await original_weights(services, target, sightings)
        if found is None:
            raise
    build, file = found
    representation = of_file(build.artifact.directory, file, asked_as=target.file_name)
    offer(request, representation, sightings)
    return await _send_of(build, request, representation)


async def _shard(request: web.Request, services: Services, target: ModelFile) -> web.StreamResponse:
    if scripts.is_coded(target.file_name):
        raise FileNotInModelError("there is no such file or model")
    sightings = Sightings()
    artifact, file = await kept_file(services, target, sightings)
    representation = of_file(artifact.directory, file)
    if representation.is_immutable:  # of others, another generation may have other bytes tomorrow
        offer(request, representation, sightings)
    return await send(request, representation)


async def _send_of(
    build: Build, request: web.Request, representation: Representation
) -> web.StreamResponse:
    """Answer with what belongs to a build, and say which version it is."""
    said = {GENERATION_HEADER: build.artifact.key.short, **_stale_headers(build)}
    response = await send(request, representation, said)
    if response.status == 304:
        # A cache goes on with what it was told before and a 304 does not repeat.
        response.headers.setdefault(STALE_HEADER, "")
    return response


def _stale_headers(build: Build) -> dict[str, str]:
    """Say why an old version is served; everything but printable ASCII is percent-encoded."""
    if build.stale_reason is None:
        return {}
    return {
        STALE_HEADER: quote(
            build.stale_reason[:_STALE_REASON_CHARS], safe=_HEADER_SAFE, errors="replace"
        )
    }
