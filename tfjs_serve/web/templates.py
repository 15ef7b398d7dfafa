"""The templates of the HTML pages, and the policy that pages are sent with.

The pages have no scripts and load nothing, and the policy forbids both.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from html import escape
from importlib.resources import files
from string import Template

from tfjs_serve.version import __version__

_WORD = re.compile(r"[a-z]+,? ")
_ENDS = (".", "?", "!", ":")
_LINK_FROM_ROOT = re.compile(r'(<(?:a href|form role="search" action)=")/')


@lru_cache(maxsize=1)
def headers(ancestors: tuple[str, ...] = ()) -> tuple[tuple[str, str], ...]:
    """Return the header fields of the pages: nothing may run or be loaded.

    Parameters
    ----------
    ancestors
        Whose pages may show them in a frame, besides our own.
    """
    framing = " ".join(("'self'", *ancestors))
    policy = (
        f"default-src 'none'; style-src {as_source('page.css')}; img-src data:; "
        f"base-uri 'none'; form-action 'self'; frame-ancestors {framing}"
    )
    return (("Content-Security-Policy", policy), ("Referrer-Policy", "no-referrer"))


def as_source(name: str) -> str:
    """Return what a policy calls a file of the package that stands in a page."""
    digest = hashlib.sha256(data(name).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def page(title: str, main: str) -> str:
    """Return a whole page; `title` is text, `main` is HTML."""
    return render(
        "page.html", title=escape(title), style=data("page.css"), main=main, version=__version__
    )


def with_relative_links(html: str, path: str) -> str:
    """Return a page with links that are relative to its own URL.

    Pages are written with links from the root. A proxy, as that of a hosted notebook or editor, may
    have put something before all paths, which only the browser knows.

    Parameters
    ----------
    path
        That of the request. Texts of others cannot be taken for links: in them, quotes are escaped.
    """
    up = "../" * (path.count("/") - 1) or "./"
    return _LINK_FROM_ROOT.sub(rf"\g<1>{up}", html)


def render(template: str, **values: str) -> str:
    """Return a template with its places filled in, each of which is HTML already."""
    return _template(template).substitute(values)


@lru_cache(maxsize=8)
def _template(name: str) -> Template:
    return Template(data(name))


@lru_cache(maxsize=8)
def data(name: str) -> str:
    """Read a file of the package once; :func:`preload` does so before there is an event loop."""
    return files("tfjs_serve.browser").joinpath(name).read_text(encoding="utf-8").strip()


def preload() -> None:
    """Read all templates now, so that no request has to wait for the disk."""
    headers()
    for name in (
        "page.html",
        "catalogue.html",
        "search.html",
        "card.html",
        "model.html",
        "problem.html",
    ):
        _template(name)


def sentence(text: str) -> str:
    """Return what the terminal says after a file's name or "hint:", as a sentence of a page.

    A name at the beginning stays as it is: unlike a word, it has a dot or the like in it.
    """
    start = text.upper()[:1] if _WORD.match(text) else text[:1]
    return f"{start}{text[1:]}{'' if text.endswith(_ENDS) else '.'}"


def with_code(hint: str, line: str = "") -> str:
    """Return what to do, escaped; the `line` of code at its end, if there is one, in a box."""
    if not hint:
        return ""
    if not (line and hint.endswith(line)):
        return f"<p>{escape(sentence(hint))}</p>"
    words = sentence(hint.removesuffix(line).rstrip())
    return f"<p>{escape(words)}</p>\n<pre><code>{escape(line)}</code></pre>"
