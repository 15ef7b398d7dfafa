"""The application: a route for everything, an error middleware, and constant headers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiohttp import HttpVersion11, hdrs, web

from tfjs_serve.errors import TfjsServeError
from tfjs_serve.settings import MODEL_JSON, ServerSettings
from tfjs_serve.web import handlers, problems
from tfjs_serve.web.catalogue import Catalogue
from tfjs_serve.web.cors import ROOT_HEADER, CorsPolicy, blocked_message
from tfjs_serve.web.descriptors import most_connections
from tfjs_serve.web.events.stream import Events
from tfjs_serve.web.fast_road import FastRoad
from tfjs_serve.web.framing import frame_ancestors
from tfjs_serve.web.hosts import HostPolicy, machine_names, refused_message
from tfjs_serve.web.keeping import keep_answer
from tfjs_serve.web.mounting import ROUTE, own_path
from tfjs_serve.web.notices import Notices, notice_of, wants_page
from tfjs_serve.web.page_responses import problem_page_response
from tfjs_serve.web.pages.policy import PagePolicy
from tfjs_serve.web.problems import Problem, ProblemError
from tfjs_serve.web.protocols import BuilderService, CatalogService, SaverService
from tfjs_serve.web.responses import (
    add_constant_headers,
    instance_of,
    problem_response,
    requested_authority,
)
from tfjs_serve.web.runner import ProblemRunner
from tfjs_serve.web.saving.policy import SavePolicy
from tfjs_serve.web.sending import ClientGoneError
from tfjs_serve.web.services import SERVICES, Services
from tfjs_serve.web.tfjs import tfjs_at
from tfjs_serve.web.tfjs_backends import backends_beside
from tfjs_serve.web.urls import root_from

_log = logging.getLogger(__name__)
_MAX_REFUSALS_LOGGED = 100
_MOST_SEGMENTS = 1000
"""Of a path that is told the way to the root: clients read no header fields of any length."""


def create_app(
    *,
    catalog: CatalogService,
    builder: BuilderService,
    settings: ServerSettings,
    saver: SaverService | None = None,
) -> web.Application:
    """Return the application that serves the models of `catalog`.

    Parameters
    ----------
    saver
        Saves what pages send, if they know the token in `settings`; ``None``: nobody may save.

    Raises
    ------
    SettingsError
        A value of ``cors_origins`` is not an origin, one of ``allowed_hosts`` not a host name, or
        there is no TensorFlow.js at ``tfjs_url``.
    """
    cors = CorsPolicy.from_settings(settings.cors_origins, settings.own_hosts)
    hosts = HostPolicy.from_settings(settings.host, settings.allowed_hosts, machine_names)
    tfjs = tfjs_at(settings.tfjs_url)
    backends = backends_beside(tfjs)
    app = web.Application(middlewares=[_errors_as_problems, _known_hosts_only])
    most = most_connections(settings.connections.count) // 2
    events = Events(catalog, builder, settings.default_variant, most)
    app.on_shutdown.append(events.close)
    app[SERVICES] = Services(
        catalog=catalog,
        builder=builder,
        catalogue=Catalogue(catalog, builder, settings.default_variant),
        events=events,
        settings=settings,
        cors=cors,
        hosts=hosts,
        notices=Notices(),
        tfjs=tfjs,
        backends=backends,
        save_policy=SavePolicy(
            token=settings.save_token if saver is not None else None, cors=cors, hosts=hosts
        ),
        saver=saver,
        page_policy=PagePolicy(
            scripts=(*tfjs.policy_sources, *backends.policy_sources),
            connections=backends.connections,
            frame_ancestors=frame_ancestors(cors),
        ),
    )
    app.on_response_prepare.append(_ConstantHeaders(cors, hosts))
    app.on_response_prepare.append(keep_answer)  # last: with all headers
    app.router.add_route("*", ROUTE, handlers.handle, expect_handler=handlers.ignore_expectation)
    return app


def create_runner(
    app: web.Application, *, access_log: logging.Logger | None = None
) -> web.AppRunner:
    """Return the runner for `app`, which answers with problems even to what is not HTTP.

    Parameters
    ----------
    access_log
        Where to log each request; ``None``: nowhere, which is fastest. Only without a log are
        answers given again on the fast road, which logs nothing.
    """
    return ProblemRunner(
        app,
        cors=app[SERVICES].cors,
        limits=app[SERVICES].settings.connections,
        access_log=access_log,
        road=FastRoad() if access_log is None else None,
    )


class _ConstantHeaders:
    """Adds the headers that all responses have; logs once for each host or origin refused."""

    def __init__(self, cors: CorsPolicy, hosts: HostPolicy) -> None:
        self._cors = cors
        self._hosts = hosts
        self._told: set[str] = set()

    async def __call__(self, request: web.Request, response: web.StreamResponse) -> None:
        authority = requested_authority(request)
        if authority is not None and not self._hosts.allows(authority):
            add_constant_headers(request, response, None)
            self._tell_once(refused_message(authority))
            return
        add_constant_headers(request, response, self._cors)
        path = own_path(request)
        if path.endswith(f"/{MODEL_JSON}") and path.count("/") < _MOST_SEGMENTS:
            response.headers[ROOT_HEADER] = root_from(path)
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and not self._cors.allows(origin):
            self._tell_once(blocked_message(origin))

    def _tell_once(self, message: str) -> None:
        if message not in self._told and len(self._told) < _MAX_REFUSALS_LOGGED:
            self._told.add(message)
            _log.warning("%s", message)


_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _known_hosts_only(request: web.Request, handler: _Handler) -> web.StreamResponse:
    request.app[SERVICES].hosts.check(
        request.raw_path,
        request.headers.getall(hdrs.HOST, ()),
        must_name_host=request.version >= HttpVersion11,
    )
    return await handler(request)


@web.middleware
async def _errors_as_problems(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ClientGoneError:
        raise
    except Exception as error:  # noqa: BLE001 - the last place where an error can be answered
        problem, path = _problem_of(error), instance_of(request)
        notice = notice_of(request.method, path, problem, error)
        if notice is not None:
            request.app[SERVICES].notices.tell(notice)
        if wants_page(request.headers):
            return await problem_page_response(request, problem)
        return problem_response(problem, instance=path)


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, ProblemError):
        return error.problem
    if isinstance(error, web.HTTPException):
        return problems.from_status(error.status)
    if not isinstance(error, TfjsServeError):
        _log.error("a request failed", exc_info=error)
    return problems.from_error(error)
