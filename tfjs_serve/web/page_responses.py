"""What the two HTML pages need of a request, and how they are sent."""

from __future__ import annotations

import re

from aiohttp import web

from tfjs_serve.media_types import HTML
from tfjs_serve.web import templates
from tfjs_serve.web.framing import frame_ancestors
from tfjs_serve.web.mounting import mount_of, own_path
from tfjs_serve.web.problem_page import problem_page
from tfjs_serve.web.problems import Problem
from tfjs_serve.web.representation import from_bytes
from tfjs_serve.web.responses import requested_authority
from tfjs_serve.web.sending import send
from tfjs_serve.web.services import SERVICES

_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+")


async def send_page(request: web.Request, page: str) -> web.StreamResponse:
    """Answer with an HTML page."""
    body = _body(request, page)
    return await send(request, from_bytes(body, HTML, extra_headers=_headers(request)))


def problem_page_response(request: web.Request, problem: Problem) -> web.Response:
    """Return `problem` as a page for a person, which is never cached."""
    body = _body(request, problem_page(problem))
    headers = {
        "Content-Type": HTML,
        "Cache-Control": "no-store",
        **dict(_headers(request)),
        **problem.headers,
    }
    return web.Response(status=problem.status, headers=headers, body=body)


def _headers(request: web.Request) -> tuple[tuple[str, str], ...]:
    return templates.headers(frame_ancestors(request.app[SERVICES].cors))


def _body(request: web.Request, page: str) -> bytes:
    linked = templates.with_relative_links(page, own_path(request))
    return linked.encode("utf-8", "backslashreplace")


def own_origin(request: web.Request) -> str:
    """Return what the client puts before paths; without the origin if that is unknown or malformed.

    Texts, such as the lines to paste, have it. Links are relative.
    """
    host = requested_authority(request) or ""
    origin = f"{request.scheme}://{host}" if _HOST.fullmatch(host) else ""
    return f"{origin}{mount_of(request)}"
