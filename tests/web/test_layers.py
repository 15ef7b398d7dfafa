"""The companion layers: all of them, and those of one model."""

from __future__ import annotations

import gzip
import hashlib

import brotli
import pytest

from tests.web.asking import Answer, ask, assert_problem
from tests.web.fakes import Site
from tfjs_serve import companion
from tfjs_serve.settings import Variant

ALL_NAME = companion.whole_script().name
LOCAL = "http://localhost:5173"
IMMUTABLE = "public, max-age=31536000, immutable"
UNPACK = {"gzip": gzip.decompress, "br": brotli.decompress}


@pytest.fixture
def with_layers(site: Site) -> Site:
    site.builder.with_layers.add("iris")
    return site


async def script_name(site: Site, variant: Variant = Variant.FULL) -> str:
    name = companion.script_among((await site.built("iris", variant)).by_name)
    assert name is not None
    return name


def assert_any_page_may_load(
    answer: Answer, named: str = LOCAL, media_type: str = "text/javascript"
) -> None:
    assert answer.status == 200
    assert answer.headers["Content-Type"] == f"{media_type}; charset=utf-8"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Access-Control-Allow-Origin"] == named


@pytest.mark.parametrize("name", ["layers.js", "layers.mjs", "layers.d.mts"])
@pytest.mark.parametrize("folder", ["/-/", "/iris/"])
async def test_a_name_that_stays_is_asked_for_again(
    with_layers: Site, folder: str, name: str
) -> None:
    path = f"{folder}{name}"
    answer = await ask(with_layers, path, Origin=LOCAL)
    media_type = "text/plain" if name.endswith(".mts") else "text/javascript"
    assert_any_page_may_load(answer, media_type=media_type)
    assert answer.headers["Cache-Control"] == "no-cache"
    again = await ask(with_layers, path, If_None_Match=answer.headers["ETag"])
    assert again.status == 304


async def test_a_name_with_the_digest_is_kept_forever(with_layers: Site) -> None:
    for path in (f"/-/{ALL_NAME}", f"/iris/{await script_name(with_layers)}"):
        answer = await ask(with_layers, path, Origin=LOCAL)
        assert_any_page_may_load(answer, named="*")
        assert answer.headers["Cache-Control"] == IMMUTABLE
        assert hashlib.sha256(answer.body).hexdigest()[:32] in path


async def test_both_names_are_of_the_same_script(with_layers: Site) -> None:
    for folder, name in (("/-/", ALL_NAME), ("/iris/", await script_name(with_layers))):
        named, dated = [await ask(with_layers, f"{folder}{one}") for one in ("layers.js", name)]
        assert named.body == dated.body
        assert named.headers["ETag"] == dated.headers["ETag"]
        module = await ask(with_layers, f"{folder}layers.mjs")
        assert module.body.decode() == companion.module(name)
        types = await ask(with_layers, f"{folder}layers.d.mts")
        assert types.body.decode() == companion.types()


@pytest.mark.parametrize("accepted", ["gzip", "br", "gzip, br"])
@pytest.mark.parametrize("by_digest", [True, False])
async def test_the_layers_of_a_model_are_sent_compressed(
    with_layers: Site, accepted: str, by_digest: bool
) -> None:
    path = f"/iris/{await script_name(with_layers) if by_digest else 'layers.js'}"
    plain = await ask(with_layers, path)
    answer = await ask(with_layers, path, Accept_Encoding=accepted)
    coding = answer.headers["Content-Encoding"]
    assert coding == accepted.rpartition(" ")[2]
    assert UNPACK[coding](answer.body) == plain.body
    for one in (plain, answer):
        assert one.headers["Vary"] == "Accept-Encoding, Origin"
    assert answer.headers["ETag"] != plain.headers["ETag"]
    assert answer.headers["Cache-Control"] == plain.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["layers.js", ALL_NAME])
async def test_all_layers_are_sent_compressed(site: Site, name: str) -> None:
    plain = await ask(site, f"/-/{name}")
    answer = await ask(site, f"/-/{name}", Accept_Encoding="br, gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == plain.body
    assert len(answer.body) < len(plain.body) / 2
    assert answer.headers["Vary"] == "Accept-Encoding, Origin"
    assert answer.headers["ETag"] != plain.headers["ETag"]


async def test_a_page_that_loads_the_layers_first_gets_those_of_the_newest_model(
    with_layers: Site,
) -> None:
    with_layers.builder.stale["iris.h5"] = "being written"
    assert with_layers.builder.artifacts == {}
    answer = await ask(with_layers, "/iris/layers.js")
    assert answer.body == b"// layers of iris.h5@full\n"
    assert answer.headers["Tfjs-Serve-Stale"] == "being written"
    other = await ask(with_layers, "/iris@uint8/layers.js")
    assert other.body == b"// layers of iris.h5@uint8\n"


async def test_what_is_not_there_is_a_problem(site: Site) -> None:
    await site.built("iris")
    for name in ("layers.js", "layers.mjs", "layers.d.mts", f"layers.{'0' * 32}.js"):
        assert_problem(await ask(site, f"/iris/{name}"), 404, "no-such-file")
        assert (await ask(site, f"/nowhere/{name}")).status == 404


async def test_a_coding_is_no_file_of_its_own(with_layers: Site) -> None:
    name = await script_name(with_layers)
    for ending in (".gz", ".br"):
        assert_problem(await ask(with_layers, f"/iris/{name}{ending}"), 404, "no-such-file")
