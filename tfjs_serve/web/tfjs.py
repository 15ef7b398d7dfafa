"""Where the pages get TensorFlow.js from: a CDN, another URL, or a file of this machine."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlsplit

from tfjs_serve.errors import SettingsError
from tfjs_serve.media_types import media_type
from tfjs_serve.settings import DEFAULT_TFJS_INTEGRITY, DEFAULT_TFJS_URL
from tfjs_serve.web.representation import GZIP, Representation, from_bytes

FOLDER = "/-/tfjs/"
"""Below it are the files of TensorFlow.js that this server itself serves."""
SCRIPT = "tf.es2017.min.js"
"""The build that the pages' policy lets run: ``tf.js`` and ``tf.min.js`` make functions of texts
(``unsafe-eval``), and without that leave a half-built ``tf``."""
_PLACES = (SCRIPT, f"dist/{SCRIPT}", f"tfjs/dist/{SCRIPT}", f"@tensorflow/tfjs/dist/{SCRIPT}")
"""Where it is in a folder: ``dist``, the npm package, its scope, or ``node_modules``."""
_NEEDS_EVAL = frozenset({"tf.js", "tf.min.js"})
_IN_POLICIES = re.compile(r"[;,\s'\"]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tfjs:
    """TensorFlow.js, as the pages load it.

    Attributes
    ----------
    url
        An absolute URL, or a path on this server.
    integrity
        What its bytes must be (Subresource Integrity); empty if nobody has promised that.
    files
        The files that are served below ``/-/tfjs/``, by their names.
    """

    url: str
    integrity: str = ""
    files: Mapping[str, Path] = field(default_factory=dict)

    @property
    def policy_sources(self) -> tuple[str, ...]:
        """What the ``script-src`` of a policy has to allow besides ``'self'``.

        TensorFlow.js counts in 64 bits with WebAssembly, and one of its backends is made of it.
        Unlike ``'unsafe-eval'``, what allows that lets no text become a script.
        """
        return ("'wasm-unsafe-eval'", *(() if self.files else (self.url.partition("?")[0],)))


def tfjs_at(location: str) -> Tfjs:
    """Return TensorFlow.js from an URL, from a file, or from a folder of its npm package.

    Raises
    ------
    SettingsError
        There is no such file, or it does not run under the policy of the pages.
    """
    if location == DEFAULT_TFJS_URL:
        return Tfjs(url=location, integrity=DEFAULT_TFJS_INTEGRITY)
    if location.startswith(("http://", "https://")):
        return _at_url(location)
    path = _script_at(Path(location))
    _check_name(path.name, location)
    return Tfjs(url=f"{FOLDER}{quote(path.name)}", files={path.name: path})


def _at_url(location: str) -> Tfjs:
    if _IN_POLICIES.search(location) or not urlsplit(location).hostname:
        raise SettingsError(
            f"{location!r} cannot be the URL of TensorFlow.js",
            hint="write it as a browser shows it: without spaces, quotes, commas and semicolons",
        )
    _check_name(urlsplit(location).path.rpartition("/")[2], location)
    return Tfjs(url=location)


def _script_at(path: Path) -> Path:
    places = [path / place for place in _PLACES] if path.is_dir() else [path]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise SettingsError(
            f"there is no TensorFlow.js at {str(path)!r}",
            hint=f"give {SCRIPT}, or the folder of the npm package @tensorflow/tfjs that has it",
        )
    return found


def _check_name(name: str, location: str) -> None:
    if name in _NEEDS_EVAL:
        raise SettingsError(
            f"{location!r} is a build of TensorFlow.js that makes functions of texts, which the "
            "pages of this server forbid",
            hint=f"give {SCRIPT}, which lies beside it",
        )


def representation(path: Path, coding: str) -> Representation:
    """Return a file of TensorFlow.js in one content coding. Reads it: not for the event loop.

    Raises
    ------
    OSError
        It cannot be read any more.
    """
    stat = path.stat()
    return _representation(path, coding, (stat.st_ino, stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=16)
def _representation(path: Path, coding: str, _identity: tuple[int, ...]) -> Representation:
    body = path.read_bytes()
    if coding == GZIP:
        body = gzip.compress(body, compresslevel=6, mtime=0)
    return replace(
        from_bytes(body, media_type(path.name)), content_encoding=coding, negotiated=True
    )
