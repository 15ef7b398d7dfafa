"""What the HTML pages need of a request, and how they are sent."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from aiohttp import hdrs, web

from tfjs_serve.media_types import HTML
from tfjs_serve.web.encoding import negotiate
from tfjs_serve.web.mounting import mount_of, own_path
from tfjs_serve.web.pages.problem import problem_page
from tfjs_serve.web.pages.templates import with_relative_links
from tfjs_serve.web.problems import Problem
from tfjs_serve.web.representation import GZIP, Representation, from_bytes
from tfjs_serve.web.responses import requested_authority
from tfjs_serve.web.sending import joined, send
from tfjs_serve.web.services import SERVICES

_GZIP_LEVEL = 1
"""A page of 50 models shrinks to a twelfth in a millisecond."""
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+")


async def send_page(request: web.Request, make: Callable[[], str]) -> web.StreamResponse:
    """Answer with the HTML page that `make` returns; it is called in a thread."""
    coding = negotiate(joined(request, hdrs.ACCEPT_ENCODING), (GZIP,))
    return await send(request, await asyncio.to_thread(_representation, request, make, coding))


def _representation(request: web.Request, make: Callable[[], str], coding: str) -> Representation:
    body = _body(request, make)
    if coding == GZIP:
        body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
    plain = from_bytes(body, HTML, extra_headers=request.app[SERVICES].page_policy.headers)
    return replace(plain, content_encoding=coding, negotiated=True)


async def problem_page_response(request: web.Request, problem: Problem) -> web.Response:
    """Return `problem` as a page for a person, which is never cached."""
    body = await asyncio.to_thread(_body, request, partial(problem_page, problem))
    headers = {
        "Content-Type": HTML,
        "Cache-Control": "no-store",
        **dict(request.app[SERVICES].page_policy.headers),
        **problem.headers,
    }
    return web.Response(status=problem.status, headers=headers, body=body)


def _body(request: web.Request, make: Callable[[], str]) -> bytes:
    linked = with_relative_links(make(), own_path(request))
    return linked.encode("utf-8", "backslashreplace")


def own_origin(request: web.Request) -> str:
    """Return what the client puts before paths; without the origin if that is unknown or malformed.

    Texts, such as the lines to paste, have it. Links are relative.
    """
    host = requested_authority(request) or ""
    origin = f"{request.scheme}://{host}" if _HOST.fullmatch(host) else ""
    return f"{origin}{mount_of(request)}"
