"""The runner: answers what is no proper HTTP request with a problem, as everything else.

Such requests (a header line beyond aiohttp's limit is the one that browsers can send) never
reach the application, so no middleware sees them. aiohttp would answer with text or HTML.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from aiohttp import web

from tfjs_serve.web import problems
from tfjs_serve.web.cors import CorsPolicy
from tfjs_serve.web.responses import add_constant_headers, problem_response

_log = logging.getLogger(__name__)


class ProblemRunner(web.AppRunner):
    """Runs an application on connections that answer with problems.

    Parameters
    ----------
    access_log
        Where each request is logged; ``None``: nowhere.
    """

    __slots__ = ("_access_log", "_cors")

    def __init__(
        self,
        app: web.Application,
        cors: CorsPolicy,
        *,
        handle_signals: bool,
        shutdown_timeout: float,
        access_log: logging.Logger | None,
    ) -> None:
        super().__init__(app, handle_signals=handle_signals, shutdown_timeout=shutdown_timeout)
        self._cors = cors
        self._access_log = access_log

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        return _ProblemServer(server, self._cors, self._access_log)


class _ProblemServer(web.Server):
    """Stands in for the server that aiohttp made, with connections of our own kind."""

    def __init__(
        self, server: web.Server, cors: CorsPolicy, access_log: logging.Logger | None
    ) -> None:
        super().__init__(server.request_handler, request_factory=server.request_factory)
        self._access_log = access_log
        self.cors = cors

    def __call__(self) -> web.RequestHandler:
        loop = asyncio.get_running_loop()
        # aiohttp takes None for no log, but does not say so in its types.
        log_options: dict[str, Any] = {"access_log": self._access_log}
        return _ProblemConnection(self, loop=loop, **log_options)


class _ProblemConnection(web.RequestHandler):
    __slots__ = ("_cors",)

    def __init__(self, manager: _ProblemServer, **options: Any) -> None:
        super().__init__(manager, **options)
        self._cors = manager.cors

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer with a problem, and close the connection: what follows cannot be told apart."""
        if request.writer.output_size > 0:
            raise ConnectionResetError("an answer has begun already; no other one can be sent")
        level = logging.DEBUG if status < 500 else logging.ERROR
        _log.log(level, "a request could not be handled", exc_info=exc)
        detail = message if status < 500 else None
        problem = problems.from_status(status, (detail or "").partition("\n")[0])
        response = problem_response(problem, instance=None)
        add_constant_headers(request, response, self._cors)
        response.force_close()
        return response
