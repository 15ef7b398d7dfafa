"""What ``bench/publishing.py`` counts with; nothing is measured here."""

from __future__ import annotations

import importlib
import re
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.parity.folder_server import serving_with

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "bench"
PAGE = ROOT / "docs" / "publishing.md"


@pytest.fixture(autouse=True)
def bench_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its modules import each other by their plain names."""
    monkeypatch.syspath_prepend(str(BENCH))


class _Store(BaseHTTPRequestHandler):
    """Reads what it is sent before it answers: who does not may lose the answer."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        size_bytes = len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        body = f"{size_bytes} bytes".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_relay_counts_what_it_hands_on() -> None:
    """Several requests of one connection, with and without a body."""
    relays = importlib.import_module("publications.relay")
    tally = relays.Tally()
    with (
        serving_with(_Store) as url,
        relays.relay(url, tally) as address,
        closing(HTTPConnection(urlsplit(address).netloc)) as connection,
    ):
        for method, body in (("GET", b""), ("PUT", b"x" * 200_000)):
            connection.request(method, "/model.json", body=body or None)
            assert connection.getresponse().read() == f"{len(body)} bytes".encode()
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
