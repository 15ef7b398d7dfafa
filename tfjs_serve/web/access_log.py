"""The line about each request, for ``--log-level debug``: without the token that it may have."""

from __future__ import annotations

import logging

from aiohttp import hdrs, web
from aiohttp.abc import AbstractAccessLogger

from tfjs_serve.web.saving.policy import without_token


class AccessLog(AbstractAccessLogger):
    """Writes lines in the combined log format of Apache, without a time: the log has its own."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write the line about one answer.

        Parameters
        ----------
        time
            How long it took, in seconds.
        """
        self.logger.info(
            '%s "%s %s HTTP/%d.%d" %d %d "%s" "%s" %.3f s',
            request.remote,
            request.method,
            without_token(request.path_qs),
            *request.version,
            response.status,
            response.body_length,
            request.headers.get(hdrs.REFERER, "-"),
            request.headers.get(hdrs.USER_AGENT, "-"),
            time,
        )

    @property
    def enabled(self) -> bool:
        """Whether anybody reads these lines."""
        return bool(self.logger.isEnabledFor(logging.INFO))
