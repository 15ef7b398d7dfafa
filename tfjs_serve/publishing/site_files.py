"""What lies in a published folder beside its models: for hosts of sites, and for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tfjs_serve.media_types import IMMUTABLE
from tfjs_serve.publishing.access.model import ANY
from tfjs_serve.publishing.listed import Listed, document, listed, read_document
from tfjs_serve.publishing.model import Destination, IsMine, SiteFile, Stage
from tfjs_serve.publishing.models import Built
from tfjs_serve.publishing.site import of_text
from tfjs_serve.publishing.site_page import site_page

_MODELS, _PAGE, _HEADERS = "models.json", "index.html", "_headers"
_NO_JEKYLL = ".nojekyll"
"""GitHub Pages hands out what is there as it is, also what begins with an underscore."""
_ALLOW = "Access-Control-Allow-Origin"
_ALLOWED = re.compile(rf"^\s+{_ALLOW}: (.+)$", re.MULTILINE)


async def site_files(
    destination: Destination,
    built: Built,
    is_mine: IsMine,
    origins: Sequence[str],
) -> list[SiteFile]:
    """Return the files about all models at a destination, those of other publishes too.

    Parameters
    ----------
    origins
        Sites whose pages may read it; if there are none, it stays as it is.
    """
    before = read_document(await destination.read(_MODELS) or b"")
    others = [one for one in before if not is_mine(one.folder)]
    models = sorted([*others, *listed(built)], key=lambda one: one.folder)
    if not models:
        return []
    headers = (await destination.read(_HEADERS) or b"").decode("utf-8", "replace")
    allowed = _ALLOWED.search(headers)
    origin = origins[0] if origins else allowed[1] if allowed else ANY
    return list(_files(models, origin))


def _files(models: Sequence[Listed], origin: str) -> Iterator[SiteFile]:
    texts = {
        _NO_JEKYLL: "",
        _HEADERS: headers_file(models, origin),
        _MODELS: document(models),
        _PAGE: site_page(models),
    }
    taken = {one.folder.partition("/")[0] for one in models}
    for path, text in texts.items():
        if path not in taken:
            yield of_text(path, text, Stage.SITE)


def headers_file(models: Iterable[Listed], origin: str) -> str:
    """Return ``_headers``, which Netlify and Cloudflare Pages read at the root of a site.

    No file is matched by two rules that set the same field: Cloudflare would send both values. A
    rule has one asterisk, which is all that Cloudflare takes. Where nothing is said of caching,
    both have files asked for each time.
    """
    vary = "" if origin == ANY else "  Vary: Origin\n"
    depths = sorted({one.folder.count("/") + 1 for one in models})
    return f"/*\n  {_ALLOW}: {origin}\n{vary}" + "".join(
        f"/{'/'.join(f':f{at}' for at in range(depth))}/weights.*.bin\n"
        f"  Cache-Control: {IMMUTABLE}\n"
        for depth in depths
    )
