"""Findings from answers that no server of a test can give: of other machines, and by https."""

from __future__ import annotations

import pytest

from tfjs_serve.doctor.access import access_findings
from tfjs_serve.doctor.delivery import encoding_findings, has_digest
from tfjs_serve.doctor.examination import model_address
from tfjs_serve.doctor.model import Answer, Findings, Hop, Page, is_trustworthy, origin_of
from tfjs_serve.doctor.weights import shard_url

PAGE = "https://page.example"
CORS = ("access-control-allow-origin", "*")


def _hop(url: str, *headers: tuple[str, str], origin: str = PAGE, status: int = 200) -> Hop:
    return Hop(url=url, origin=origin, status=status, headers=headers)


def _answer(*hops: Hop, accepted: tuple[str, ...] = ("gzip",)) -> Answer:
    return Answer(url=hops[0].url, hops=hops, accepted=accepted)


def _codes(findings: Findings) -> list[str]:
    return [one.code for one in findings.faults + findings.warnings]


@pytest.mark.parametrize(
    ("url", "origin", "codes"),
    [
        ("http://models.example/m.json", PAGE, ["mixed-content"]),
        ("http://models.example/m.json", "http://page.example", []),
        ("https://models.example/m.json", PAGE, []),
        ("http://localhost:8000/m.json", PAGE, []),
        ("http://[::1]:8000/m.json", PAGE, []),
    ],
)
def test_pages_on_https_load_nothing_by_http(url: str, origin: str, codes: list[str]) -> None:
    answer = _answer(_hop(url, CORS, origin=origin))
    assert _codes(access_findings(answer, Page(origin=origin))) == codes


def test_a_redirect_to_http_is_mixed_content_too() -> None:
    answer = _answer(
        _hop("https://models.example/m.json", CORS, status=301),
        _hop("http://models.example/m.json", CORS),
    )
    (fault,) = access_findings(answer, Page(origin=PAGE)).faults
    assert "leads to http://models.example/m.json" in fault.message


def test_after_two_sites_the_origin_is_null() -> None:
    allowed = ("access-control-allow-origin", PAGE), ("vary", "Origin")
    answer = _answer(
        _hop("https://a.example/m.json", *allowed, status=302),
        _hop("https://b.example/m.json", *allowed, origin="null"),
    )
    (fault,) = access_findings(answer, Page(origin=PAGE)).faults
    assert fault.code == "other-origin"
    assert "null" in fault.hint


def test_signatures_are_for_one_file() -> None:
    answer = _answer(_hop("https://a.example/m.json?X-Amz-Signature=0", CORS, status=403))
    (fault,) = access_findings(answer, Page(origin=PAGE)).faults
    assert "signature" in fault.hint


@pytest.mark.parametrize(
    ("sent", "accepted", "codes"),
    [
        ("br", ("gzip", "deflate"), ["content-encoding"]),
        ("br", ("gzip", "deflate", "br"), []),
        ("GZIP", ("gzip", "deflate"), []),
        ("identity", ("gzip",), []),
    ],
)
def test_an_encoding_has_to_be_one_that_was_asked_for(
    sent: str, accepted: tuple[str, ...], codes: list[str]
) -> None:
    hop = _hop("http://models.example/m.json", ("content-encoding", sent))
    assert _codes(encoding_findings(_answer(hop, accepted=accepted))) == codes


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://a.example/m", "https://a.example/m/model.json"),
        ("https://a.example/m/", "https://a.example/m/model.json"),
        ("https://a.example", "https://a.example/model.json"),
        ("https://a.example/m?v=1", "https://a.example/m/model.json?v=1"),
        ("https://a.example/digits@uint8", "https://a.example/digits@uint8/model.json"),
        ("https://a.example/my.json", "https://a.example/my.json"),
    ],
)
def test_a_folder_stands_for_its_model_json(url: str, address: str) -> None:
    assert model_address(url) == address


@pytest.mark.parametrize(
    ("model", "path", "url"),
    [
        ("https://a/m/model.json", "w.bin", "https://a/m/w.bin"),
        ("https://a/m/model.json?v=1", "x/w.bin", "https://a/m/x/w.bin?v=1"),
        # As TensorFlow.js does it, right or not.
        ("https://a/m/model.json?k=a/b", "w.bin", "https://a/m/model.json?k=a/w.bin"),
    ],
)
def test_shards_lie_where_tensorflow_js_looks(model: str, path: str, url: str) -> None:
    assert shard_url(model, path) == url


def test_names_with_digests() -> None:
    assert has_digest("https://a/weights.0123456789abcdef0123456789abcdef.bin?v=1")
    assert has_digest("https://a/weights.0123456789abcdef0123456789abcdef/weights.bin")
    assert not has_digest("https://a/mnist/group1-shard1of1.bin?v=0123456789abcdef")


def test_origins_and_who_is_trusted() -> None:
    assert origin_of("https://a.example:443/x") == "https://a.example"
    assert origin_of("http://[::1]:8000/x") == "http://[::1]:8000"
    assert is_trustworthy("http://models.localhost/x")
    assert not is_trustworthy("http://192.168.0.1/x")
