"""What pages load to follow models, and who may have the frame."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.web.asking import ask
from tests.web.fakes import FakeBuilder, FakeCatalog, Site, running
from tfjs_serve.settings import ServerSettings
from tfjs_serve.web.cors import CorsPolicy
from tfjs_serve.web.events.client import relay
from tfjs_serve.web.events.hub import EventKind

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", ["client-classic.js", "client.js"])
async def test_the_client_is_for_pages_of_all_origins(site: Site, name: str) -> None:
    plain = await ask(site, f"/-/{name}", Origin="http://localhost:5173")
    assert plain.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert plain.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert plain.headers["Access-Control-Allow-Origin"] == "http://localhost:5173"
    coded = await ask(site, f"/-/{name}", Accept_Encoding="gzip")
    assert gzip.decompress(coded.body) == plain.body
    assert (b"export{" in plain.body) == (name == "client.js")
    assert (b"import.meta" in plain.body) == (name == "client.js")


def ancestors(policy: str) -> list[str]:
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    return directives["frame-ancestors"].split()


async def test_only_pages_that_may_read_models_may_have_the_frame(site: Site) -> None:
    answer = await ask(site, "/-/relay.html")
    assert {"'self'", "http://localhost:*", "http://127.0.0.1:*"} <= set(
        ancestors(answer.headers["Content-Security-Policy"])
    )
    assert "*" not in ancestors(answer.headers["Content-Security-Policy"])
    assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.fixture
async def open_site(
    request: pytest.FixtureRequest,
    settings: ServerSettings,
    catalog: FakeCatalog,
    builder: FakeBuilder,
) -> AsyncIterator[Site]:
    allowed = replace(settings, cors_origins=frozenset(request.param))
    async with running(catalog, builder, allowed) as started:
        yield started


@pytest.mark.parametrize(
    ("open_site", "expected"),
    [
        (["https://app.example", "https://*.b.example"], "https://app.example https://*.b.example"),
        (["*"], "*"),
        (["null"], ""),
    ],
    indirect=["open_site"],
)
async def test_origins_that_were_allowed_may_have_it_too(open_site: Site, expected: str) -> None:
    policy = (await ask(open_site, "/-/relay.html")).headers["Content-Security-Policy"]
    assert set(expected.split()) <= set(ancestors(policy))
    assert "null" not in ancestors(policy)


def test_pages_of_this_machine_in_its_networks_may_have_it() -> None:
    cors = CorsPolicy.from_settings((), frozenset({"192.168.1.5"}))
    policy = dict(relay(cors).extra_headers)["Content-Security-Policy"]
    assert {"http://192.168.1.5:*", "https://192.168.1.5:*"} <= set(ancestors(policy))


async def test_a_model_json_says_where_the_server_is(site: Site) -> None:
    answer = await ask(site, "/iris/model.json")
    assert answer.headers["Tfjs-Serve-Root"] == "../"
    assert answer.headers["Tfjs-Serve-Generation"] == (await site.built("iris")).key.short
    missing = await ask(site, "/a/b/none/model.json")
    assert missing.status == 404
    assert missing.headers["Tfjs-Serve-Root"] == "../../../"
    assert "Tfjs-Serve-Generation" not in missing.headers
    assert "Tfjs-Serve-Root" not in (await ask(site, "/-/models.json")).headers


async def test_the_types_are_those_of_what_the_module_exports(site: Site) -> None:
    types = (await ask(site, "/-/client.d.ts")).body.decode()
    module = (await ask(site, "/-/client.js")).body.decode()
    declared = set(re.findall(r"^export (?:function|class) (\w+)", types, re.MULTILINE))
    exported = re.search(r"export\{([^}]*)\}", module)
    assert exported is not None
    assert {name.rpartition(" ")[2] for name in exported[1].split(",")} == declared


def test_pages_listen_to_every_kind_of_event_and_the_docs_have_each() -> None:
    kinds = {kind.value for kind in EventKind} | {"hello", "beat"}
    source = (ROOT / "tfjs_serve/browser/pages/scripts/streams/kinds.js").read_text("utf-8")
    listened = re.search(r"KINDS = \[([^\]]*)\]", source)
    assert listened is not None
    assert set(re.findall(r'"(\w+)"', listened[1])) == kinds
    section = (ROOT / "docs/live.md").read_text("utf-8").partition("## Events")[2]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`(\w+)`", "".join(rows))) == kinds
