"""Styles and scripts of the pages: packed, named by their digests, and current."""

from __future__ import annotations

import gzip
from pathlib import Path

import brotli
import pytest

from tests.conversion.declared import needs_node
from tests.web.asking import ask, assert_problem
from tests.web.fakes import Site
from tfjs_serve.packed_scripts import StaleScriptError
from tfjs_serve.web.pages import assets
from tfjs_serve.web.pages.assets import asset, asset_at, names, packed
from tools.minify_layers import ASSETS, PAGES, bundled


@needs_node
def test_they_are_what_the_sources_give() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in ASSETS.iterdir()}
    assert kept == bundled(), "run: python tools/minify_layers.py"


@pytest.mark.parametrize("name", sorted(names()))
async def test_each_is_served_under_its_digest_and_kept_for_ever(site: Site, name: str) -> None:
    answer = await ask(site, asset(name).url)
    assert answer.body.decode("utf-8") == asset(name).text
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    kind = {"js": "text/javascript", "css": "text/css"}[name.rpartition(".")[2]]
    assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
    for coding, decode in (("br", brotli.decompress), ("gzip", gzip.decompress)):
        coded = await ask(site, asset(name).url, **{"Accept-Encoding": coding})
        assert coded.headers["Content-Encoding"] == coding
        assert decode(coded.body) == answer.body


async def test_those_of_another_version_are_not_there(site: Site) -> None:
    other = asset("page.css").url.replace("page.", "page.0", 1)
    assert asset_at(other) is None
    assert_problem(await ask(site, other), 404, "not-found")


def test_one_of_changed_sources_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(path: str) -> str:
        text = Path(PAGES.parent, path).read_text(encoding="utf-8")
        return f"{text}\n/* changed */" if path == "pages/styles/page.css" else text

    monkeypatch.setattr(assets, "_text", changed)
    with pytest.raises(StaleScriptError, match=r"page\.css.*styles/page\.css.*minify_layers"):
        assets.asset.__wrapped__("page.css")


def test_the_first_line_says_what_it_was_made_of() -> None:
    text = packed("body{}\n", {"b.css": "2", "a.css": "1"})
    first, _, rest = text.partition("\n")
    assert first.startswith("/* Made by tools/minify_layers.py of a.css ")
    assert ", b.css " in first
    assert rest == "body{}\n"
