"""Styles and scripts of the pages, each in one minified file that is named by its digest.

The sources are ``browser/pages/styles/NAME.css`` and ``browser/pages/scripts/NAME/index.js`` with
all that these import. ``tools/minify_layers.py`` makes ``browser/assets/NAME.css`` and ``NAME.js``
of them, whose first line says of what: an installation has only these.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from tfjs_serve.packed_scripts import StaleScriptError, digest_of_source

_NAME_DIGITS = 32
_HEAD = "/* Made by tools/minify_layers.py of "
_SOURCE = re.compile(r"(\S+) ([0-9a-f]{32})(?:, | \*/)")
_URL_NAME = re.compile(rf"([a-z][a-z-]*)\.[0-9a-f]{{{_NAME_DIGITS}}}\.(js|css)")
URL_FOLDER = "/-/assets/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file that pages load.

    Attributes
    ----------
    name
        That of its source, such as ``page.css``.
    url
        Path on this server; the digest of the text is part of it.
    """

    name: str
    url: str
    text: str


@cache
def asset(name: str) -> Asset:
    """Return a file by the name of its source.

    Raises
    ------
    StaleScriptError
        The sources are there, and are others than those that it was made of.
    FileNotFoundError
        There is no such file.
    """
    packed = _text(f"assets/{name}")
    head, _, text = packed.partition("\n")
    _check_current(name, dict(_SOURCE.findall(head.removeprefix(_HEAD))))
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()[:_NAME_DIGITS]
    stem, _, kind = name.rpartition(".")
    return Asset(name=name, url=f"{URL_FOLDER}{stem}.{digest}.{kind}", text=text)


def asset_at(path: str) -> Asset | None:
    """Return what a decoded path names, if the server has it in this version."""
    match = _URL_NAME.fullmatch(path.removeprefix(URL_FOLDER))
    name = f"{match[1]}.{match[2]}" if match else ""
    if name not in names():
        return None
    found = asset(name)
    return found if found.url == path else None


@cache
def names() -> frozenset[str]:
    """Return the names of all files."""
    folder = resources.files("tfjs_serve.browser") / "assets"
    return frozenset(file.name for file in folder.iterdir() if file.is_file())


def packed(text: str, sources: Mapping[str, str]) -> str:
    """Return the file that is kept: the minified text, and of which sources it is.

    Parameters
    ----------
    sources
        Their texts, by their paths in ``browser/pages``.
    """
    made_of = ", ".join(f"{path} {digest_of_source(sources[path])}" for path in sorted(sources))
    return f"{_HEAD}{made_of} */\n{text}"


def _check_current(name: str, made_of: Mapping[str, str]) -> None:
    if not _has("pages/styles"):
        return
    changed = [path for path, digest in made_of.items() if _digest(f"pages/{path}") != digest]
    if changed:
        raise StaleScriptError(
            f"browser/assets/{name} was not made of these sources in browser/pages: "
            f"{', '.join(changed)}; run: python tools/minify_layers.py"
        )


def _digest(source: str) -> str:
    return digest_of_source(_text(source)) if _has(source) else ""


def _has(path: str) -> bool:
    place = resources.files("tfjs_serve.browser") / path
    return place.is_dir() or place.is_file()


def _text(path: str) -> str:
    return (resources.files("tfjs_serve.browser") / path).read_text(encoding="utf-8")
