"""The lines for pages of some sites only, in the real web servers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.client import HTTPMessage
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.e2e.web_servers import web_server
from tfjs_serve.media_types import IMMUTABLE
from tfjs_serve.publishing.access.web_servers import caddy_lines, nginx_lines

LINES: Mapping[str, Callable[[Sequence[str]], str]] = {"nginx": nginx_lines, "caddy": caddy_lines}
PAGES, OTHER = ("https://a.example", "https://b.example:8443"), "https://c.example"
WEIGHTS = f"weights.{'0a' * 16}.bin"


@pytest.fixture(params=[*LINES])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a model that pages of two sites may load."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    model = tmp_path / "site" / "models" / "m"
    model.mkdir(parents=True)
    for name in ("model.json", "weights.bin", WEIGHTS):
        (model / name).write_bytes(b"{}")
    folder = tmp_path / "server"
    folder.mkdir()
    lines = LINES[request.param](PAGES)
    with web_server(request.param, tmp_path / "site", folder, lines) as found:
        yield f"{found}/m"


def _headers(url: str, origin: str) -> HTTPMessage:
    with urlopen(Request(url, headers={"Origin": origin})) as answer:
        found: HTTPMessage = answer.headers
    return found


@pytest.mark.parametrize(
    ("name", "caching"),
    [("model.json", "no-cache"), ("weights.bin", "no-cache"), (WEIGHTS, IMMUTABLE)],
)
def test_pages_of_named_sites_may_read(url: str, name: str, caching: str) -> None:
    for origin in (*PAGES, OTHER):
        headers = _headers(f"{url}/{name}", origin)
        allowed = [origin] if origin in PAGES else None
        assert headers.get_all("Access-Control-Allow-Origin") == allowed
        assert headers.get_all("Cache-Control") == [caching]
        assert "Origin" in ", ".join(headers.get_all("Vary") or ())
