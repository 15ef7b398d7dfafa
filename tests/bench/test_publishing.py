"""What ``bench/publishing.py`` counts with; nothing is measured here."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from tests.parity.folder_server import serving

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "bench"
PAGE = ROOT / "docs" / "publishing.md"


@pytest.fixture(autouse=True)
def bench_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its modules import each other by their plain names."""
    monkeypatch.syspath_prepend(str(BENCH))


def test_a_relay_counts_what_it_hands_on(tmp_path: Path) -> None:
    """Several requests of one connection, with and without a body."""
    from http.client import HTTPConnection
    from urllib.parse import urlsplit

    relays = importlib.import_module("publications.relay")
    (tmp_path / "model.json").write_text("{}")
    tally = relays.Tally()
    with serving(tmp_path) as url, relays.relay(url, tally) as address:
        connection = HTTPConnection(urlsplit(address).netloc)
        for method, body in (("GET", None), ("PUT", b"x" * 200_000)):
            connection.request(method, "/model.json", body=body)
            answer = connection.getresponse()
            assert (answer.status, answer.read()[:2]) == (
                (200, b"{}") if body is None else (501, b"<!")
            )
        connection.close()
    assert tally.asked == [("GET", "/model.json"), ("PUT", "/model.json")]
    assert tally.sent_bytes == 200_000
    assert tally.methods == {"GET": 1, "PUT": 1}
    assert tally.has_put("model") and not tally.has_put("weights")


def test_the_page_has_a_place_for_each_part() -> None:
    parts = importlib.import_module("publishing").PARTS
    files = {path.stem for path in (BENCH / "publications").glob("*.py")}
    places = re.findall(r"<!-- end of (\w+) -->", PAGE.read_text(encoding="utf-8"))
    assert set(parts) <= files
    assert places == ["machine", *parts]
