"""The application: one catch-all route, one error middleware, one place for constant headers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from tfjs_serve import companion
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.settings import SHUTDOWN_SECONDS, ServerSettings
from tfjs_serve.web import handlers, pages, problems
from tfjs_serve.web.cors import CorsPolicy, blocked_message
from tfjs_serve.web.problems import Problem, ProblemError
from tfjs_serve.web.responses import add_constant_headers, instance_of, problem_response
from tfjs_serve.web.runner import ProblemRunner
from tfjs_serve.web.sending import ClientGoneError
from tfjs_serve.web.services import SERVICES, BuilderService, CatalogService, Services

_log = logging.getLogger(__name__)
_MAX_BLOCKED_ORIGINS_LOGGED = 100


def create_app(
    *, catalog: CatalogService, builder: BuilderService, settings: ServerSettings
) -> web.Application:
    """Return the application that serves the models of `catalog`.

    Raises
    ------
    SettingsError
        A value of ``cors_origins`` is no origin.
    """
    pages.preload()
    companion.files()  # read now, so that no request waits for the disk
    cors = CorsPolicy.from_settings(settings.cors_origins)
    app = web.Application(middlewares=[_errors_as_problems])
    app[SERVICES] = Services(catalog=catalog, builder=builder, settings=settings, cors=cors)
    app.on_response_prepare.append(_ConstantHeaders(cors))
    app.router.add_route(
        "*", "/{path:.*}", handlers.handle, expect_handler=handlers.ignore_expectation
    )
    return app


def create_runner(
    app: web.Application,
    *,
    handle_signals: bool = False,
    shutdown_timeout_seconds: float = SHUTDOWN_SECONDS,
    access_log: logging.Logger | None = None,
) -> web.AppRunner:
    """Return the runner for `app`: it answers with problems even to what is no HTTP.

    Parameters
    ----------
    handle_signals
        Stop on SIGINT and SIGTERM, as :class:`aiohttp.web.AppRunner` does.
    shutdown_timeout_seconds
        How long answers that have begun may go on after the end has been asked for.
    access_log
        Where each request is logged; ``None``: nowhere, which is fastest.
    """
    return ProblemRunner(
        app,
        app[SERVICES].cors,
        handle_signals=handle_signals,
        shutdown_timeout=shutdown_timeout_seconds,
        access_log=access_log,
    )


class _ConstantHeaders:
    """Puts on each response what all have; says once per origin that its pages are refused."""

    def __init__(self, cors: CorsPolicy) -> None:
        self._cors = cors
        self._refused: set[str] = set()

    async def __call__(self, request: web.Request, response: web.StreamResponse) -> None:
        add_constant_headers(request, response, self._cors)
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and not self._cors.allows(origin):
            self._report_refused(origin)

    def _report_refused(self, origin: str) -> None:
        if origin not in self._refused and len(self._refused) < _MAX_BLOCKED_ORIGINS_LOGGED:
            self._refused.add(origin)
            _log.warning("%s", blocked_message(origin))


_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _errors_as_problems(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ClientGoneError:
        raise
    except Exception as error:  # noqa: BLE001 - the last place where an error gets an answer
        return problem_response(_problem_of(error), instance=instance_of(request))


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, ProblemError):
        return error.problem
    if isinstance(error, web.HTTPException):
        return problems.from_status(error.status)
    if not isinstance(error, TfjsServeError):
        _log.error("a request failed", exc_info=error)
    return problems.from_error(error)
