"""The URL grammar: from a request target to what it names, and back. Pure.

Paths are taken as they were sent, and percent-decoded exactly once, segment by segment; nothing is
normalised. A path that other code could take for another place is refused here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from tfjs_serve.neighbours import shard_at
from tfjs_serve.settings import MODEL_JSON, Variant

RESERVED_SEGMENT = "-"
"""First segment of the server's own URLs; a folder with this name cannot be served."""

_SAFE = "/@+,=~"
"""Characters left as they are in URLs. Quotes are not, as URLs are shown in lines of JavaScript."""
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
"""What nearly all names are like; others are looked at part by part."""
_PERCENT_GARBAGE = re.compile(r"%(?![0-9A-Fa-f]{2})")
ABSOLUTE_FORM = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
"""The start of a target with scheme and authority (RFC 9112, section 3.2.2)."""
_FORBIDDEN = re.compile(r"[/\\\x00-\x1f\x7f-\x9f]")
_ENCODED_TWICE = re.compile(r"%(?:2[eEfF5]|5[cC]|[01][0-9A-Fa-f]|7[fF])")
"""An escape that is left after decoding, and would become dangerous if decoded again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAddress:
    """One reading of a URL: a model's name, and the variant if there is one.

    Attributes
    ----------
    variant
        As it was spelled; such a variant need not exist.
    """

    name: str
    variant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnUrl:
    """``/``, or a decoded path below ``/-/``; ``own_urls.py`` knows which there are."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPage:
    """``/<name>/``; try `addresses` in order."""

    addresses: tuple[ModelAddress, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """``/<name>/<file>``; try `addresses` in order. ``/<file>`` has none.

    A shard may have another name in a folder of its own, ``/<name>/weights.<digest>/weights.bin``.

    Attributes
    ----------
    page
        How to read the path if it is not a file, but a model without the final slash.
    """

    addresses: tuple[ModelAddress, ...]
    file_name: str
    page: tuple[ModelAddress, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A path that names nothing: `status` 400 if it cannot be decoded, 404 otherwise."""

    status: int
    reason: str


Target = OwnUrl | ModelPage | ModelFile | Refusal


def parse_target(raw_target: str) -> Target:
    """Return what a request target (RFC 9112, section 3.2) names.

    Parameters
    ----------
    raw_target
        The target as sent, in origin form or absolute form; bytes that are not UTF-8 as
        surrogate escapes. A query is ignored.
    """
    path = _path_of(raw_target)
    if path == "/":
        return OwnUrl(path=path)
    if not path.startswith("/"):
        return Refusal(status=400, reason="the request target is not a path")
    segments = _decode(path)
    if isinstance(segments, Refusal):
        return segments
    if segments[0] == RESERVED_SEGMENT:
        return OwnUrl(path=f"/{'/'.join(segments)}")
    return _model_target(segments)


def model_url(name: str, variant: Variant | None = None) -> str:
    """Return the path of a model's ``model.json``: the inverse of :func:`parse_target`."""
    return f"{page_url(name, variant)}{MODEL_JSON}"


def page_url(name: str, variant: Variant | None = None) -> str:
    """Return the path of a model's page."""
    suffix = f"@{variant.value}" if variant else ""
    return f"/{_quoted(name)}{suffix}/"


@lru_cache(maxsize=64)
def _quoted(name: str) -> str:
    """Quote the name of a model; a list asks for all URLs of one model after each other."""
    return quote(name, safe=_SAFE, errors="replace")


def is_servable(name: str) -> bool:
    """Whether `name` can be part of a URL that leads back to it."""
    if _PLAIN_NAME.fullmatch(name):
        return True
    segments = name.split("/")
    return (
        segments[0] != RESERVED_SEGMENT
        and all(_segment_fault(segment) is None for segment in segments)
        and _is_unicode(name)
    )


def _path_of(raw_target: str) -> str:
    """Remove the query, the fragment, and the authority of an absolute target."""
    absolute = ABSOLUTE_FORM.match(raw_target)
    rest = raw_target[absolute.end() :] if absolute else raw_target
    path = re.split(r"[?#]", rest, maxsplit=1)[0]
    return path or ("/" if absolute else "")


def _decode(path: str) -> list[str] | Refusal:
    """Split a path that is a slash and something more; a final slash gives ``""``."""
    if _PERCENT_GARBAGE.search(path):
        return Refusal(status=400, reason="the path contains a % that is not a percent-encoding")
    try:
        raw_segments = path.encode("utf-8", "surrogateescape").split(b"/")[1:]
        segments = [unquote_to_bytes(segment).decode("utf-8") for segment in raw_segments]
    except UnicodeError:
        return Refusal(status=400, reason="the path is not encoded as UTF-8")
    named = segments if segments[-1] else segments[:-1]
    fault = next(filter(None, map(_segment_fault, named)), None)
    return segments if fault is None else Refusal(status=404, reason=fault)


def _segment_fault(segment: str) -> str | None:
    if not segment:
        return "the path contains an empty segment"
    if segment in (".", ".."):
        return "the path contains a dot segment"
    if _FORBIDDEN.search(segment):
        return "the path contains an encoded slash, a backslash or a control character"
    if _ENCODED_TWICE.search(segment):
        return "the path is percent-encoded twice"
    return None


def _is_unicode(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _model_target(segments: list[str]) -> Target:
    *folders, last = segments
    if not last:
        return ModelPage(addresses=_addresses(folders))
    shard = shard_at("/".join(segments[-2:]))
    if len(folders) > 1 and "/" not in shard:
        folders, last = folders[:-1], shard
    return ModelFile(
        addresses=_addresses(folders) if folders else (),
        file_name=last,
        page=_addresses(segments),
    )


def _addresses(segments: list[str]) -> tuple[ModelAddress, ...]:
    """Read segments as a name: first as a whole, as a file may be called ``model@uint8.h5``."""
    name = "/".join(segments)
    base, at, suffix = name.rpartition("@")
    if not at or "/" in suffix or _segment_fault(base.rpartition("/")[2]):
        return (ModelAddress(name=name),)
    return ModelAddress(name=name), ModelAddress(name=base, variant=suffix)


def root_from(path: str) -> str:
    """Return the root of this application, relative to a path below it."""
    return "../" * (path.count("/") - 1) or "./"
