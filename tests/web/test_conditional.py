from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tfjs_serve.web.conditional import (
    ByteRange,
    Conditions,
    Verdict,
    evaluate,
    parse_etags,
)
from tfjs_serve.web.representation import Representation, from_bytes

BODY = bytes(range(100))
SHARD = from_bytes(BODY, "application/octet-stream")
ETAG = SHARD.etag
OTHER = '"0123"'


def empty() -> Representation:
    return from_bytes(b"", "application/octet-stream")


def encoded() -> Representation:
    return Representation(
        source=BODY,
        size_bytes=len(BODY),
        etag=ETAG,
        media_type="application/json",
        cache_control="no-cache",
        content_encoding="gzip",
    )


def status(method: str = "GET", **conditions: str) -> int:
    return evaluate(method, Conditions(**conditions), SHARD).status


def part(range_field: str, representation: Representation = SHARD) -> tuple[int, int] | int:
    verdict = evaluate("GET", Conditions(range=range_field), representation)
    if verdict.byte_range is None:
        return verdict.status
    assert verdict.status == 206
    return verdict.byte_range.start, verdict.byte_range.stop


def test_without_conditions_everything_is_sent() -> None:
    assert evaluate("GET", Conditions(), SHARD) == Verdict(status=200)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (ETAG, 304),
        (f"W/{ETAG}", 304),
        ("*", 304),
        (" * ", 304),
        (f"{OTHER}, {ETAG}", 304),
        (f'{OTHER},W/"a,b" ,\t{ETAG}', 304),
        (f",, ,{ETAG},", 304),
        (OTHER, 200),
        ("", 200),
        (ETAG.strip('"'), 200),
        (ETAG.upper(), 200),
        (f"w/{ETAG}", 200),
        (f"W/ {ETAG}", 200),
        (f"*, {ETAG}", 200),
        (f'{ETAG}, "unclosed', 200),
        (f'"x{ETAG}"', 200),
        (f"{ETAG}\x0b", 200),
        (f'"before, {ETAG[1:]}', 200),
    ],
)
def test_if_none_match(method: str, field: str, expected: int) -> None:
    assert status(method, if_none_match=field) == expected


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (ETAG, 200),
        ("*", 200),
        (f"{OTHER} ,{ETAG}", 200),
        (f"W/{ETAG}", 412),
        (OTHER, 412),
        ("", 412),
        ("garbage", 412),
    ],
)
def test_if_match(method: str, field: str, expected: int) -> None:
    assert status(method, if_match=field) == expected


def test_a_tag_with_a_comma_is_one_tag() -> None:
    assert parse_etags('"a,b", W/"", "\xe9\udcff"') == ('"a,b"', 'W/""', '"\xe9\udcff"')


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=10-", (10, 100)),
        ("bytes=10-1000", (10, 100)),
        ("bytes=-1", (99, 100)),
        ("bytes=-100", (0, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=0-" + 5000 * "9", (0, 100)),
        ("bytes=" + 5000 * "0" + "7-8", (7, 9)),
        ("BYTES=1-2", (1, 3)),
        ("bytes= 1-2 ,", (1, 3)),
        ("bytes=100-", 416),
        ("bytes=" + 5000 * "9" + "-", 416),
        ("bytes=-0", 416),
        ("bytes=0-1,5-6", 200),
        ("bytes=5-4", 200),
        ("bytes=-", 200),
        ("bytes=", 200),
        ("bytes", 200),
        ("", 200),
        ("bytes 0-1", 200),
        ("bytes =0-1", 200),
        ("bytes=0 - 1", 200),
        ("bytes=1-2-3", 200),
        ("bytes=0x1-2", 200),
        ("bytes=\u0661-\u0662", 200),
        ("items=0-1", 200),
    ],
)
def test_range(field: str, expected: tuple[int, int] | int) -> None:
    assert part(field) == expected


def test_no_range_of_an_empty_file_can_be_sent() -> None:
    assert part("bytes=0-", empty()) == 416
    assert part("bytes=-5", empty()) == 200
    assert part("bytes=-0", empty()) == 416


def test_range_is_for_get_only() -> None:
    assert status("HEAD", range="bytes=0-1") == 200
    assert status("HEAD", range="bytes=1000-") == 200


def test_ranges_of_compressed_bytes_are_not_offered() -> None:
    assert evaluate("GET", Conditions(range="bytes=0-1"), encoded()).status == 200


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (ETAG, 206),
        (f" {ETAG}\t", 206),
        (f"W/{ETAG}", 200),
        (OTHER, 200),
        ("*", 200),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 200),
        ("", 200),
    ],
)
def test_if_range(field: str, expected: int) -> None:
    assert status(if_range=field, range="bytes=0-1") == expected
    assert status(if_range=field) == 200


def test_precedence() -> None:
    """RFC 9110, section 13.2.2: If-Match, If-None-Match, then Range with If-Range."""
    assert status(if_match=OTHER, if_none_match=ETAG, range="bytes=0-1") == 412
    assert status(if_match=ETAG, if_none_match=ETAG, range="bytes=0-1") == 304
    assert status(if_match=ETAG, if_none_match=OTHER, range="bytes=0-1") == 206
    assert status(if_none_match=ETAG, range="bytes=1000-") == 304
    assert status(if_none_match=OTHER, if_range=OTHER, range="bytes=1000-") == 200


# Fields close to the grammar's borders, and any text at all.
_pieces = st.sampled_from(
    [
        ETAG,
        f"W/{ETAG}",
        OTHER,
        "*",
        ",",
        " ",
        "\t",
        '"',
        "W/",
        "bytes=",
        "-",
        "0",
        "7",
        "120",
        "=",
        "é",
    ]
)
_fields = st.one_of(st.lists(_pieces, max_size=8).map("".join), st.text(max_size=30))
_optional_fields = st.none() | _fields
_methods = st.sampled_from(["GET", "HEAD"])
_conditions = st.builds(
    Conditions,
    if_match=_optional_fields,
    if_none_match=_optional_fields,
    if_range=_optional_fields,
    range=_optional_fields,
)


@given(_methods, _conditions, st.sampled_from([SHARD, empty(), encoded()]))
def test_any_header_text_gets_a_consistent_verdict(
    method: str, conditions: Conditions, representation: Representation
) -> None:
    verdict = evaluate(method, conditions, representation)
    assert verdict.status in (200, 206, 304, 412, 416)
    assert (verdict.byte_range is not None) == (verdict.status == 206)
    if verdict.byte_range is not None:
        assert 0 <= verdict.byte_range.start < verdict.byte_range.stop <= representation.size_bytes


@given(_fields)
def test_the_current_tag_in_a_list_of_tags_is_always_a_304(field: str) -> None:
    tags = ", ".join([*parse_etags(field), ETAG])
    assert status(if_none_match=tags) == 304
    assert status(if_match=tags) == 200


@given(_fields, _methods)
def test_if_match_and_if_none_match_differ_only_in_weak_tags(field: str, method: str) -> None:
    """Where If-Match holds, If-None-Match does not; where both fail, a weak tag is the reason."""
    holds = status(method, if_match=field) == 200
    unmodified = status(method, if_none_match=field) == 304
    assert unmodified or not holds
    assert (holds == unmodified) or f"W/{ETAG}" in field


def slow_tags(field: str) -> list[str] | None:
    """Read a list of entity tags character by character: ``None`` if it is none."""
    tags: list[str] = []
    rest, wants_comma = field, False
    while rest:
        if rest[0] in " \t":
            rest = rest[1:]
        elif rest[0] == ",":
            rest, wants_comma = rest[1:], False
        else:
            weak = rest.startswith("W/")
            opaque = rest[2:] if weak else rest
            end = opaque.find('"', 1)
            if wants_comma or not opaque.startswith('"') or end < 0:
                return None
            if any(char <= " " or char == "\x7f" for char in opaque[1:end]):
                return None
            tags.append(("W/" if weak else "") + opaque[: end + 1])
            rest, wants_comma = opaque[end + 1 :], True
    return tags


@given(_fields)
@example(",".join(2000 * [" "]) + "x")
@example(8000 * " " + "x")
def test_lists_of_tags_are_read_like_by_a_slow_reader(field: str) -> None:
    assert list(parse_etags(field)) == (slow_tags(field) or [])


def slow_part(field: str, body: bytes) -> bytes | int:
    """Answer a Range by counting: the bytes sent, or the status if it is another than 206."""
    match = re.fullmatch(
        r"bytes=[, \t]*([0-9]*)-([0-9]*)[, \t]*", field.strip(" \t"), re.IGNORECASE
    )
    if match is None or match.groups() == ("", ""):
        return 200
    first, last = (int(digits) if digits else None for digits in match.groups())
    if first is None:
        assert last is not None
        return 416 if last == 0 else body[-last:] or 200
    if last is not None and last < first:
        return 200
    kept = [
        body[at : at + 1] for at in range(len(body)) if first <= at and (last is None or at <= last)
    ]
    return b"".join(kept) or 416


_numbers = st.integers(0, 130).map(str) | st.just("")
_ranges = st.builds("bytes={}-{}".format, _numbers, _numbers)


@given(_ranges | _fields.filter(lambda field: len(field) < 30), st.integers(0, 100))
def test_ranges_are_cut_like_by_a_slow_reader(field: str, size_bytes: int) -> None:
    body = BODY[:size_bytes]
    verdict = evaluate("GET", Conditions(range=field), from_bytes(body, "x/y"))
    cut: ByteRange | None = verdict.byte_range
    sent = verdict.status if cut is None else body[cut.start : cut.stop]
    assert sent == slow_part(field, body)
