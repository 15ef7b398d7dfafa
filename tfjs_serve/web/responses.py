"""The headers of every response, and the responses for problems."""

from __future__ import annotations

import re

from aiohttp import hdrs, web

from tfjs_serve.media_types import IMMUTABLE
from tfjs_serve.version import __version__
from tfjs_serve.web import problems
from tfjs_serve.web.cors import BY_ORIGIN, CorsPolicy
from tfjs_serve.web.hosts import authority_of
from tfjs_serve.web.problems import Problem

_SERVER = f"tfjs-serve/{__version__}"


def add_constant_headers(
    request: web.BaseRequest, response: web.StreamResponse, cors: CorsPolicy | None
) -> None:
    """Add to `response` the headers that every response of this server has.

    Parameters
    ----------
    cors
        Which origins may read it; ``None``: no other origin.
    """
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers[hdrs.SERVER] = _SERVER
    is_immutable = headers.get(hdrs.CACHE_CONTROL) == IMMUTABLE
    fields = BY_ORIGIN
    if cors is not None:
        fields = cors.headers(request.headers.get(hdrs.ORIGIN), is_immutable=is_immutable)
    vary = ", ".join(filter(None, (headers.get(hdrs.VARY), fields.get(hdrs.VARY))))
    headers.update(fields)
    if vary:
        headers[hdrs.VARY] = vary


def problem_response(problem: Problem, *, instance: str | None) -> web.Response:
    """Return `problem` as ``application/problem+json``, which is never cached."""
    headers = {
        "Content-Type": problems.MEDIA_TYPE,
        "Cache-Control": "no-store",
        **problem.headers,
    }
    body = problem.to_bytes(instance)
    return web.Response(status=problem.status, headers=headers, body=body)


def requested_authority(request: web.BaseRequest) -> str | None:
    """Return the host that the request is for, with the port if there is one."""
    return authority_of(request.raw_path, request.headers.getall(hdrs.HOST, ()))


def instance_of(request: web.BaseRequest) -> str:
    """Return the requested path as it was sent, without the query."""
    return re.split(r"[?#]", request.raw_path, maxsplit=1)[0]
