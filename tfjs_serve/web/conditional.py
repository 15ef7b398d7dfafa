"""Conditional and range requests (RFC 9110, sections 13 and 14) as one pure decision."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tfjs_serve.web.representation import Representation

_ETAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\U0010ffff]*"'
_ENTITY_TAG = re.compile(_ETAG)
_ETAG_LIST = re.compile(rf"[ \t]*(?:{_ETAG}[ \t]*)?(?:,[ \t]*(?:{_ETAG}[ \t]*)?)*")
"""No character can be matched in two ways, so that no field makes the search take forever."""
_BYTE_RANGE = re.compile(r"([0-9]*)-([0-9]*)")
_OWS = " \t"
_HUGE = 10**18
"""Replaces positions beyond any file, because Python refuses to parse very long numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The header fields of a request that decide; ``None`` if absent.

    If a list field has several lines, they are joined with commas. Any other field that occurs
    twice is malformed, and is represented by the empty string.
    """

    if_match: str | None = None
    if_none_match: str | None = None
    if_range: str | None = None
    range: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """Bytes `start` to `stop` of a representation, `stop` not included; never empty."""

    start: int
    stop: int

    @property
    def size_bytes(self) -> int:
        """Number of bytes in the range."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How to answer: `status` is 200, 206, 304, 412 or 416; only 206 has a `byte_range`."""

    status: int
    byte_range: ByteRange | None = None


_UNCONDITIONAL = Conditions()
_OK = Verdict(status=200)
_NOT_MODIFIED = Verdict(status=304)
_PRECONDITION_FAILED = Verdict(status=412)
_NOT_SATISFIABLE = Verdict(status=416)


def evaluate(method: str, conditions: Conditions, representation: Representation) -> Verdict:
    """Decide on a GET or HEAD for `representation`.

    Conditions are checked in the order of RFC 9110, section 13.2.2. Dates are never compared: this
    server sends no ``Last-Modified``, so ``If-Modified-Since`` and ``If-Unmodified-Since`` have no
    meaning.
    """
    if conditions == _UNCONDITIONAL:
        return _OK
    etag = representation.etag
    if conditions.if_match is not None and not matches(conditions.if_match, etag, weak=False):
        return _PRECONDITION_FAILED
    if conditions.if_none_match is not None and matches(conditions.if_none_match, etag, weak=True):
        return _NOT_MODIFIED
    if method != "GET" or not representation.accepts_ranges or not _range_applies(conditions, etag):
        return _OK
    return _range_verdict(conditions.range or "", representation.size_bytes)


def matches(field: str, etag: str, *, weak: bool) -> bool:
    """Whether an ``If-Match`` or ``If-None-Match`` field names `etag`.

    A field that is neither ``*`` nor a list of entity tags names nothing. So a malformed
    ``If-None-Match`` gets the whole answer, and a malformed ``If-Match`` fails.
    """
    if field.strip(_OWS) == "*":
        return True
    return any(_same(tag, etag, weak=weak) for tag in parse_etags(field))


def _same(tag: str, etag: str, *, weak: bool) -> bool:
    """Compare as in RFC 9110, section 8.8.3.2; `etag` is our own and always strong."""
    return tag == etag or (weak and tag == f"W/{etag}")


def parse_etags(field: str) -> tuple[str, ...]:
    """Return the entity tags of a list (RFC 9110, sections 5.6.1 and 8.8.3), quotes included.

    Empty if the field as a whole is not such a list.
    """
    if not _ETAG_LIST.fullmatch(field):
        return ()
    return tuple(_ENTITY_TAG.findall(field))


def _range_applies(conditions: Conditions, etag: str) -> bool:
    """Whether there is a ``Range`` and ``If-Range`` allows it (RFC 9110, section 13.1.5).

    A date in ``If-Range`` cannot be validated here, so the safe answer is the whole representation.
    """
    if conditions.range is None:
        return False
    return conditions.if_range is None or conditions.if_range.strip(_OWS) == etag


def _range_verdict(field: str, size_bytes: int) -> Verdict:
    """Answer a ``Range`` field; everything but one well-formed byte range is ignored."""
    unit, equals, range_set = field.strip(_OWS).partition("=")
    ranges = [part for part in _elements(range_set) if part]
    match = _BYTE_RANGE.fullmatch(ranges[0]) if len(ranges) == 1 else None
    if unit.lower() != "bytes" or not equals or match is None:
        return _OK
    first, last = (_position(digits) for digits in match.groups())
    if first is None:
        return _OK if last is None else _suffix_verdict(last, size_bytes)
    if last is not None and last < first:
        return _OK
    if first >= size_bytes:
        return _NOT_SATISFIABLE
    stop = size_bytes if last is None else min(last + 1, size_bytes)
    return Verdict(status=206, byte_range=ByteRange(start=first, stop=stop))


def _suffix_verdict(count: int, size_bytes: int) -> Verdict:
    """Answer ``bytes=-count``; for an empty file this is the whole of it, and the answer a 200."""
    if count == 0:
        return _NOT_SATISFIABLE
    if size_bytes == 0:
        return _OK
    start = max(size_bytes - count, 0)
    return Verdict(status=206, byte_range=ByteRange(start=start, stop=size_bytes))


def _elements(field: str) -> Iterable[str]:
    return (part.strip(_OWS) for part in field.split(","))


def _position(digits: str) -> int | None:
    if not digits:
        return None
    significant = digits.lstrip("0")
    return _HUGE if len(significant) > 18 else int(significant or "0")
