"""Where in a site this application is: at its root, or mounted below a path in another one.

Below a path it answers as behind a proxy that strips it: what it makes itself is the same, and
only what a browser resolves by itself has the path before it.
"""

from __future__ import annotations

import re

from aiohttp import web

from tfjs_serve.web.urls import ABSOLUTE_FORM

ROUTE = r"/{path:[\s\S]*}"
"""The route of all requests; aiohttp puts the path of the mount before it."""
_CANONICAL = "/{path}"


def mount_of(request: web.Request) -> str:
    """Return the path below which the application is mounted; empty if it is the whole site."""
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical.removesuffix(_CANONICAL)


def own_target(request: web.Request) -> str:
    """Return the target of a request as it would be without the mount, otherwise as it was sent."""
    target = request.raw_path
    if not mount_of(request):
        return target
    absolute = ABSOLUTE_FORM.match(target)
    return _without_mount(target[absolute.end() :] if absolute else target, request)


def own_path(request: web.Request) -> str:
    """Return the path of a request as it would be without the mount."""
    return _without_mount(request.rel_url.raw_path, request)


def _without_mount(path: str, request: web.Request) -> str:
    """Return what follows the mount, which may be percent-encoded in other ways than it was."""
    depth = mount_of(request).count("/")
    return re.sub(rf"^(?:/[^/?#]*){{{depth}}}", "", path) or "/"
