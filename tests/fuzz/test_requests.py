"""A short campaign of raw requests, and the test of what judges them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fuzz import requests
from tests.fuzz.answers import (
    Answer,
    BadAnswerError,
    check_answer,
    check_answer_to,
    parse_head,
    split_answers,
)
from tests.fuzz.request_grammar import Case, World, make_case
from tests.fuzz.request_words import ALLOWED_ORIGIN

CANARY = b"canary-123"
WORLD = World(paths=("/", "/iris/model.json"), lures=("/leak.h5", "/../canary.txt"), etags=('"a"',))
GOOD = Answer(
    status=404,
    fields={
        "vary": "Origin",
        "x-content-type-options": "nosniff",
        "content-type": "application/problem+json",
        "cache-control": "no-store",
    },
    body=b'{"status": 404, "code": "not-found", "detail": "There is nothing."}',
)
LOCAL = "http://localhost:5173"
IMMUTABLE = Answer(
    status=200,
    fields={
        "access-control-allow-origin": "*",
        "cache-control": "public, max-age=31536000, immutable",
        "x-content-type-options": "nosniff",
    },
)


def with_fields(**fields: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return replace(GOOD, fields={**GOOD.fields, **named})


@pytest.mark.parametrize("without_extensions", ["", "1"])
def test_the_server_stands_a_short_campaign(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, without_extensions: str
) -> None:
    """With each of the two parsers that aiohttp has: one in C, and one where C is not at hand."""
    monkeypatch.setenv("AIOHTTP_NO_EXTENSIONS", without_extensions)
    code = requests.run(2500, seed=20261123)
    printed = capsys.readouterr().out
    assert code == 0, printed
    for line in ("status 200", "status 403", "status 404", "status 405", "damaged requests"):
        assert line in printed


def test_a_case_can_be_made_again() -> None:
    cases = [make_case(WORLD, 7, number) for number in range(500)]
    assert cases == [make_case(WORLD, 7, number) for number in range(500)]
    assert len({case.raw for case in cases}) > 450
    assert 0.1 < sum(not case.framed for case in cases) / len(cases) < 0.5
    assert cases != [make_case(WORLD, 8, number) for number in range(500)]


def test_a_sound_request_ends_where_its_framing_says() -> None:
    for number in range(2000):
        case = make_case(WORLD, 3, number)
        if not case.framed:
            continue
        head, end, body = case.raw.partition(b"\r\n\r\n")
        assert end
        assert len(head.split(b"\r\n")[0].split(b" ")) == 3
        fields = [line.split(b": ", 1)[0].lower() for line in head.split(b"\r\n")[1:]]
        assert fields.count(b"host") == 1
        assert bool(body) <= (b"content-length" in fields or b"transfer-encoding" in fields)


def test_a_good_answer_is_good() -> None:
    check_answer(GOOD, CANARY)
    check_answer(with_fields(access_control_allow_origin=LOCAL), CANARY)
    check_answer(IMMUTABLE, CANARY)


@pytest.mark.parametrize(
    "bad",
    [
        replace(GOOD, status=500),
        replace(GOOD, status=418),
        replace(GOOD, status=405),
        replace(GOOD, body=b"x" + CANARY),
        replace(GOOD, body=b'{"status": 404, "code": "", "detail": "x"}'),
        replace(GOOD, body=b"<html>"),
        with_fields(content_type="text/html"),
        with_fields(cache_control="public"),
        with_fields(vary="Accept-Encoding"),
        with_fields(access_control_allow_origin="*", vary=""),
        replace(IMMUTABLE, fields={**IMMUTABLE.fields, "vary": "Origin"}),
        with_fields(x_content_type_options=""),
        with_fields(etag=CANARY.decode()),
        with_fields(location="//evil.example"),
        with_fields(location="https://evil.example"),
        with_fields(access_control_allow_origin="https://evil.example"),
        with_fields(access_control_allow_credentials="true"),
        with_fields(access_control_allow_origin="http://localhost.evil.example"),
        replace(with_fields(access_control_allow_origin=LOCAL), status=403),
    ],
)
def test_a_bad_answer_is_found(bad: Answer) -> None:
    with pytest.raises((BadAnswerError, ValueError)):
        check_answer(bad, CANARY)


@pytest.mark.parametrize(
    ("known", "bad"),
    [
        ({"host_known": False}, GOOD),
        ({"host_known": True}, replace(GOOD, status=403)),
        ({"origin": LOCAL}, GOOD),
        ({"origin": None}, with_fields(access_control_allow_origin=LOCAL)),
        ({"origin": "null"}, with_fields(access_control_allow_methods="GET")),
        ({"method": "POST"}, GOOD),
        ({"method": "PUT"}, replace(GOOD, status=403, body=b'{"code": "saving-off"}')),
        ({"origin": None}, IMMUTABLE),
        ({"origin": ALLOWED_ORIGIN}, IMMUTABLE),
    ],
)
def test_an_answer_that_does_not_fit_its_request_is_found(
    known: dict[str, object], bad: Answer
) -> None:
    case = replace(Case(number=0, raw=b"", framed=True, method="GET"), **known)
    with pytest.raises(BadAnswerError):
        check_answer_to(case, bad)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/0.9 200 OK",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nSet-Cookie: evil=1",
        b"HTTP/1.1 200 OK\r\nVary: a\r\nVary: b",
        b"HTTP/1.1 200 OK\r\nVary : a",
        b"HTTP/1.1 200 OK\r\nVary: \xe9",
        b"HTTP/1.1 200 OK\r\nETag: " + b"x" * 20000,
        b"<html>",
    ],
)
def test_what_is_no_head_is_found(head: bytes) -> None:
    with pytest.raises(BadAnswerError):
        parse_head(head)


def test_answers_are_told_apart() -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    answers = list(split_answers(whole + b"ab" + whole + whole + b"c"))
    assert [answer.body for answer in answers] == [b"ab", b"", b"c"]
    with pytest.raises(BadAnswerError):
        list(split_answers(whole + b"abc"))


def test_what_the_server_does_wrong_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    tally = requests.Tally()
    requests._look_into_log("12:00:00  a request failed\n  Traceback (most recent", tally)
    requests._print_summary(tally, 1, 2, 3.0)
    assert len(tally.findings) == 1
    assert "findings" in capsys.readouterr().out
