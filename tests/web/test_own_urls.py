"""The URLs that belong to no model: each is documented, and answered as all URLs are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.web.asking import ask, assert_problem
from tests.web.fakes import Site
from tfjs_serve.packed_scripts import KINDS, LAYERS, whole_script
from tfjs_serve.web.own_urls import EVENTS_URL, OWN_URLS
from tfjs_serve.web.pages.assets import asset
from tfjs_serve.web.tfjs import SCRIPT
from tfjs_serve.web.urls import RESERVED_SEGMENT, OwnUrl, parse_target

TFJS_FILE = "/-/tfjs/<file>"
SERVING = Path(__file__).parents[2] / "docs/serving.md"
BY_DIGEST = {f"/-/{kind.name}.<digest>.js": f"/-/{whole_script(kind).name}" for kind in KINDS}
BY_DIGEST["/-/assets/<name>.<digest>.<ending>"] = asset("page.css").url


def documented() -> set[str]:
    """Return the URLs in the table "What is where" that belong to no model."""
    section = SERVING.read_text(encoding="utf-8").partition("## What is where")[2]
    table = section.partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    return set(re.findall(r"`(/|/-/[^`]*)`", "\n".join(rows)))


def test_every_url_is_documented() -> None:
    missing = OWN_URLS.keys() - documented()
    assert not missing, f"add a row below 'What is where' in docs/serving.md: {missing}"
    gone = documented() - OWN_URLS.keys()
    assert not gone, f"docs/serving.md has a row for what tfjs_serve/web/own_urls.py lacks: {gone}"


@pytest.mark.parametrize("path", OWN_URLS)
def test_no_model_can_have_the_url(path: str) -> None:
    assert path == "/" or path.startswith(f"/{RESERVED_SEGMENT}/")
    assert parse_target(path) == OwnUrl(path=path)


@pytest.mark.parametrize("path", [path for path in OWN_URLS if path != EVENTS_URL])
async def test_a_url_says_what_it_is_and_how_long_to_keep_it(site: Site, path: str) -> None:
    named = {**BY_DIGEST, TFJS_FILE: f"/-/tfjs/{SCRIPT}"}.get(path, path)
    answer = await ask(site, f"{named}?x=1")
    assert answer.status == 200
    assert answer.body
    assert answer.headers["Content-Type"]
    forever = "public, max-age=31536000, immutable"
    lifetimes = (forever,) if path in BY_DIGEST else ("no-cache", "no-store")
    assert answer.headers["Cache-Control"] in lifetimes


@pytest.mark.parametrize(
    "path",
    [
        *("/-", "/-/", "/-/x", "/-/models.json/", "/-/a/model.json", "/-/health/x"),
        *("/-/tfjs/", "/-/tfjs/tf.min.js", "/-/tfjs/../health", TFJS_FILE),
        *(*BY_DIGEST, f"/-/layers.{'0' * 32}.js", f"/-/training.{'0' * 32}.js"),
        *(f"/-/{whole_script(LAYERS).name}.gz", "/-/training.d.mts.gz", "/-/layers.d.ts"),
        *(f"/-/assets/page.{'0' * 32}.css", f"{asset('page.css').url}.gz", "/-/assets/"),
    ],
)
async def test_there_are_no_others_below_the_reserved_segment(site: Site, path: str) -> None:
    assert_problem(await ask(site, path), 404, "not-found")
