"""What is true of every answer of the server, whatever it was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.fuzz.request_grammar import Case
from tests.fuzz.request_words import ALLOWED_ORIGIN, GRANTED_ORIGINS

STATUSES = frozenset({200, 204, 206, 304, 308, 400, 403, 404, 405, 409, 412, 416, 422})
"""Never 5xx: whatever a client sends, the server knows what to say."""
FIELDS = frozenset(
    (
        *("accept-ranges", "allow", "cache-control", "connection", "content-encoding", "date"),
        *("content-length", "content-range", "content-security-policy", "content-type", "etag"),
        *("cross-origin-embedder-policy", "cross-origin-resource-policy", "location"),
        *("referrer-policy", "server", "vary"),
        *("tfjs-serve-generation", "tfjs-serve-root", "tfjs-serve-stale"),
        *("access-control-allow-headers", "access-control-allow-methods"),
        "access-control-allow-credentials",
        *("access-control-allow-origin", "access-control-allow-private-network"),
        *("access-control-expose-headers", "access-control-max-age", "timing-allow-origin"),
        "x-content-type-options",
    )
)
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([0-9]{3}) [\x20-\x7e]*")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\x20-\x7e]*)")
_MOST_HEAD_BYTES = 16_384
_GRANTED = re.compile(
    r"[a-z][a-z0-9+.-]*://(?:([a-z0-9_.-]+\.)?localhost|127\.[0-9.]+|\[::1\])(?::[0-9]+)?",
    re.IGNORECASE,
)
"""Origins of this machine, by whatever scheme."""


class BadAnswerError(Exception):
    """The server said what it never may say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response."""

    status: int
    fields: dict[str, str]
    minor_version: int = 1
    body: bytes = b""

    @property
    def ends_connection(self) -> bool:
        """Whether no other answer follows (RFC 9112, section 9.3)."""
        option = self.fields.get("connection", "").lower()
        return option == "close" or (self.minor_version == 0 and option != "keep-alive")


def parse_head(head: bytes) -> Answer:
    """Read a head without its empty line; what is not exactly as it should be is an error."""
    first, *lines = head.split(b"\r\n")
    status = _STATUS_LINE.fullmatch(first)
    if status is None or len(head) > _MOST_HEAD_BYTES:
        raise BadAnswerError(f"this is no status line: {first[:200]!r}")
    fields: dict[str, str] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise BadAnswerError(f"this is no header field: {line[:200]!r}")
        name = field[1].decode().lower()
        if name in fields or name not in FIELDS:
            raise BadAnswerError(f"a field that came twice, or is not ours: {line[:200]!r}")
        fields[name] = field[2].decode()
    return Answer(status=int(status[2]), fields=fields, minor_version=int(status[1]))


def body_bytes(answer: Answer, method: str) -> int:
    """Return how long the body is (RFC 9112, section 6.3)."""
    if method == "HEAD" or answer.status in (204, 304):
        return 0
    length = answer.fields.get("content-length", "")
    if not length.isdigit():
        raise BadAnswerError(f"a {answer.status} without a length: {answer.fields}")
    return int(length)


def split_answers(data: bytes) -> Iterator[Answer]:
    """Yield the answers in all that a connection brought; the last may be cut short.

    Methods are not known: a body never begins as a status line does, so what does is the next
    answer, and the one before had no body.
    """
    while data:
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            raise BadAnswerError(f"a head without end: {head[:200]!r}")
        answer = parse_head(head)
        size = 0 if not rest or _STATUS_LINE.match(rest) else body_bytes(answer, "")
        yield replace(answer, body=rest[:size])
        data = rest[size:]


def check_answer(answer: Answer, canary: bytes) -> None:
    """Raise unless `answer` is one that the server may give to anybody."""
    fields = answer.fields
    _require(answer.status in STATUSES, f"status {answer.status}: {answer.body[:300]!r}")
    _require(fields.get("x-content-type-options") == "nosniff", "it may be sniffed")
    _require(canary not in answer.body, "it holds what lies outside of the folder")
    _require(canary.decode() not in str(fields), "a field holds what lies outside of the folder")
    _check_grant(answer)
    location = fields.get("location")
    if location is not None:
        _require(bool(re.match(r"/(?!/)", location)), f"it leads away: {location!r}")
    root = fields.get("tfjs-serve-root", "./")
    _require(bool(re.fullmatch(r"\./|(\.\./)+", root)), f"a way to somewhere else: {root[:99]!r}")
    if fields.get("content-type", "").startswith("text/html"):
        _require("default-src 'none'" in fields.get("content-security-policy", ""), "no policy")
    if answer.status >= 400:
        _check_problem(answer)


def _check_grant(answer: Answer) -> None:
    granted = answer.fields.get("access-control-allow-origin")
    varies = "Origin" in answer.fields.get("vary", "")
    sends_cookies = answer.fields.get("access-control-allow-credentials") == "true"
    _require(sends_cookies == (granted == ALLOWED_ORIGIN), "cookies are for named origins")
    if granted == "*":
        _require(_is_immutable(answer), "it lets everybody in to what may change")
        _require(not varies, "it is the same for all, but varies by origin")
        return
    _require(varies, "it does not vary by origin")
    if granted is not None:
        known = granted == ALLOWED_ORIGIN or _GRANTED.fullmatch(granted)
        _require(bool(known), f"it lets {granted!r} in")
        _require(not _is_refusal_of_host(answer), "it lets a page read a refusal")


def _is_refusal_of_host(answer: Answer) -> bool:
    """Whether the host was refused, and not a model that a page wants to save."""
    return answer.status == 403 and b'"saving-off"' not in answer.body


def _is_immutable(answer: Answer) -> bool:
    return "immutable" in answer.fields.get("cache-control", "")


def _check_problem(answer: Answer) -> None:
    kind = answer.fields.get("content-type")
    _require(kind == "application/problem+json", f"an error as {kind!r}")
    _require(answer.fields.get("cache-control") == "no-store", "an error that may be cached")
    if answer.body:
        document = json.loads(answer.body)
        _require(document["status"] == answer.status, "two statuses")
        _require(bool(document["code"] and document["detail"]), "an error that says nothing")


def check_answer_to(case: Case, answer: Answer) -> None:
    """Raise unless `answer` keeps to what is known of its request."""
    granted = answer.fields.get("access-control-allow-origin")
    if not case.host_known:
        # What aiohttp itself calls no request is not looked at any further.
        _require(answer.status in (400, 403), f"an unknown host got a {answer.status}")
        return
    _require(not _is_refusal_of_host(answer), "a known host was refused")
    if answer.status == 400:
        return
    expected = case.origin if case.origin in GRANTED_ORIGINS else None
    if expected not in (None, ALLOWED_ORIGIN) and _is_immutable(answer):
        expected = "*"
    _require(granted == expected, f"{case.origin!r} was granted {granted!r}")
    if expected is None:
        leaked = [name for name in answer.fields if name.startswith("access-control")]
        _require(not leaked, f"{case.origin!r} got {leaked}")
    if case.method not in ("GET", "HEAD", "OPTIONS"):
        refusals = (403, 405) if case.method == "POST" else (405,)
        _require(answer.status in refusals, f"{case.method} got a {answer.status}")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BadAnswerError(otherwise)
