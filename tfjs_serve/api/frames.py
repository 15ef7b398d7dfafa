"""A page of the server in a cell of a notebook: where it is from there, and its HTML. Pure.

The browser need not be on the machine of the kernel. Then the notebook itself is a web server that
passes requests on, if it has jupyter-server-proxy. JupyterHub tells the kernel below which path
that is; of any other Jupyter only its page knows, so a script in the cell asks it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from urllib.parse import urlsplit

_HUB_PREFIX = "JUPYTERHUB_SERVICE_PREFIX"
_HUB_URLS = ("JUPYTERHUB_PUBLIC_URL", "JUPYTERHUB_HOST")
_HEIGHT_PIXELS = 640
_MAY = "camera; clipboard-write; fullscreen"

_SCRIPT = """
(() => {
  const frame = document.getElementById(%(id)s);
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  if (isHere || !location.protocol.startsWith("http")) return;
  const config = document.getElementById("jupyter-config-data");
  const base = config ? JSON.parse(config.textContent).baseUrl : document.body.dataset.baseUrl;
  if (base) frame.src = frame.nextElementSibling.firstElementChild.href = base + %(path)s;
})();
"""


def is_in_hub(environment: Mapping[str, str]) -> bool:
    """Whether this process belongs to a server of JupyterHub."""
    return bool(environment.get(_HUB_PREFIX))


def hosts_of_hub(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the host names by which a hub passes requests on; ``*`` if it does not say.

    The browser is on another machine. A page that has its own name point at loopback addresses (DNS
    rebinding) reaches that machine, and not this one, so there is nothing to be protected here.
    """
    if not is_in_hub(environment):
        return ()
    known = (urlsplit(environment.get(name, "")).hostname for name in _HUB_URLS)
    return tuple(filter(None, known)) or ("*",)


def frame_html(url: str, name: str, environment: Mapping[str, str]) -> str:
    """Return a frame with the page at `url`, and a link to it for where no frame is shown.

    Parameters
    ----------
    name
        Identifies the frame in its document.
    environment
        That of the kernel.
    """
    parts = urlsplit(url)
    path = f"proxy/{parts.port}{parts.path}"
    prefix = environment.get(_HUB_PREFIX)
    shown = escape(f"{prefix.rstrip('/')}/{path}" if prefix else url)
    script = "" if prefix else _SCRIPT % {"id": _literal(name), "path": _literal(path)}
    return (
        f'<iframe id="{escape(name)}" src="{shown}" title="tfjs-serve" allow="{_MAY}" '
        f'style="width: 100%; height: {_HEIGHT_PIXELS}px; border: 1px solid #8884"></iframe>'
        f'<p><a href="{shown}" target="_blank" rel="noopener">{escape(url)}</a></p>'
        + (f"<script>{script}</script>" if script else "")
    )


def _literal(text: str) -> str:
    """Return a text as JavaScript that cannot end the element it is in."""
    return json.dumps(text).replace("<", "\\u003c")
