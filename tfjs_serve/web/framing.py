"""Whose pages may show ours in a frame: those that may load the models. Pure.

A notebook shows the page of a model in a cell, and is of another port. What such a page could do
with a frame, it can do with what it may load anyway. ``*`` and ``null`` are not among them: what
any site may load, no site needs to show as its own.
"""

from __future__ import annotations

import re

from tfjs_serve.web.cors import ANY_ORIGIN, NULL_ORIGIN, CorsPolicy

_LOOPBACK = (
    "http://localhost:*",
    "https://localhost:*",
    "http://*.localhost:*",
    "https://*.localhost:*",
    "http://127.0.0.1:*",
    "https://127.0.0.1:*",
)
"""Policies have no spelling for the addresses of IPv6 (CSP 3, section 2.3.1): pages there have no
frame of the server, and a stream of events of their own."""
_EDITORS = ("vscode-webview:", "vscode-file:")
"""Notebooks in the windows of VS Code; no page of the web has such an origin."""
_IPV6 = re.compile(r"://\[")


def frame_ancestors(cors: CorsPolicy) -> tuple[str, ...]:
    """Return the sources of ``frame-ancestors``, besides ``'self'``."""
    named = sorted(cors.origins - {ANY_ORIGIN, NULL_ORIGIN})
    own = sorted(f"{scheme}://{host}:*" for host in cors.own_hosts for scheme in ("http", "https"))
    spelled = (one for one in (*named, *own) if not _IPV6.search(one))
    return (*_LOOPBACK, *_EDITORS, *spelled)
