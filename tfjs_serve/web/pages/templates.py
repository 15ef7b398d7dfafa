"""The templates of the HTML pages, in ``browser/pages``; what they are given is escaped there.

To import Jinja and to compile the templates takes a tenth of a second, which a start need not wait
for: it is done for the first page. Pages are made in threads.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from tfjs_serve.facts.wording import counted
from tfjs_serve.version import __version__
from tfjs_serve.web.pages import assets, wording
from tfjs_serve.web.urls import root_from

if TYPE_CHECKING:
    from jinja2 import Environment

_LINK_FROM_ROOT = re.compile(
    r'(<(?:a|form|iframe|img|link|script)\b[^<>]*? (?:href|src|action)=")/(?!/)'
)


def render(template: str, **values: object) -> str:
    """Return a page.

    Parameters
    ----------
    template
        Its name, without the ending.
    values
        What it shows: texts, and objects whose attributes are texts.
    """
    return _environment().get_template(f"{template}.html").render(values)


def with_relative_links(html: str, path: str) -> str:
    """Return a page with links that are relative to its own URL.

    Pages are written with links from the root. A proxy, as that of a hosted notebook or editor, may
    have put something before all paths, which only the browser knows.

    Parameters
    ----------
    path
        That of the request. Texts of others cannot be taken for links: in them, quotes are escaped.
    """
    return _LINK_FROM_ROOT.sub(rf"\g<1>{root_from(path)}", html)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tfjs_serve.browser", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    # Lists to choose from are in the order of their dictionaries, not in that of the alphabet.
    environment.policies["json.dumps_kwargs"] = {}
    environment.globals.update(version=__version__, asset_url=_asset_url)
    environment.filters.update(
        counted=counted,
        labels=wording.some_labels,
        sentence=wording.sentence,
        shape=wording.shape,
        size=wording.readable_size,
    )
    return environment


def _asset_url(name: str) -> str:
    return assets.asset(name).url
