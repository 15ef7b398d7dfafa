"""The running server, looked at from outside: status, header fields, bodies."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import Any

import brotli
import pytest

from tests.web.asking import ask, assert_problem, shards, spelled_as_sent
from tests.web.fakes import FakeBuilder, FakeCatalog, Site, make_entry, running
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.errors import ModelNotFoundError
from tfjs_serve.settings import ServerSettings, Variant
from tfjs_serve.web.own_urls import EVENTS_URL, OWN_URLS

LOCAL = "http://localhost:5173"
IMMUTABLE = "public, max-age=31536000, immutable"


async def test_model_json_header_by_header(site: Site) -> None:
    answer = await ask(site, "/iris/model.json", Origin=LOCAL)
    file = (await site.built("iris")).by_name["model.json"]
    assert answer.status == 200
    assert answer.json()["seed"] == "iris.h5@full"
    headers = spelled_as_sent(answer)
    assert headers.pop("Date")
    assert headers.pop("Server").startswith("tfjs-serve/")
    assert "Etag" in headers.pop("Access-Control-Expose-Headers").title()
    assert headers == {
        "Content-Type": "application/json",
        "Content-Length": str(file.size_bytes),
        "ETag": f'"{file.sha256}"',
        "Cache-Control": "no-cache",
        "Accept-Ranges": "bytes",
        "Vary": "Accept-Encoding, Origin",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Allow-Origin": LOCAL,
        "Timing-Allow-Origin": LOCAL,
        "Tfjs-Serve-Generation": (await site.built("iris")).key.short,
        "Tfjs-Serve-Root": "../",
    }


async def test_shard_header_by_header(site: Site) -> None:
    for file in await shards(site):
        answer = await ask(site, f"/iris/{file.name}?v=1", Origin=LOCAL)
        artifact = await site.built("iris")
        assert answer.status == 200
        assert answer.body == artifact.path(file).read_bytes()
        headers = spelled_as_sent(answer)
        for dropped in ("Date", "Server", "Access-Control-Expose-Headers"):
            assert headers.pop(dropped)
        assert headers == {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(file.size_bytes),
            "ETag": f'"{file.sha256}"',
            "Cache-Control": IMMUTABLE,
            "Accept-Ranges": "bytes",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Content-Type-Options": "nosniff",
            "Access-Control-Allow-Origin": "*",
            "Timing-Allow-Origin": "*",
        }


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip;q=0.1", "gzip")],
)
async def test_model_json_is_offered_compressed(site: Site, accepted: str, coding: str) -> None:
    plain = await ask(site, "/iris/model.json")
    answer = await ask(site, "/iris/model.json", Accept_Encoding=accepted)
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress}[coding]
    assert unpack(answer.body) == plain.body
    assert answer.headers["Content-Encoding"] == coding
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["Vary"] == "Accept-Encoding, Origin"
    assert answer.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Ranges" not in answer.headers
    again = await ask(
        site, "/iris/model.json", Accept_Encoding=accepted, If_None_Match=answer.headers["ETag"]
    )
    assert (again.status, again.body) == (304, b"")
    other = await ask(site, "/iris/model.json", If_None_Match=answer.headers["ETag"])
    assert other.status == 200


async def test_304_has_the_validators_and_no_body(site: Site) -> None:
    for path in ("/iris/model.json", f"/iris/{(await shards(site))[1].name}", "/", "/iris/"):
        first = await ask(site, path)
        for method in ("GET", "HEAD"):
            again = await ask(
                site, path, method, If_None_Match=f'"x", W/{first.headers["ETag"]}', Origin=LOCAL
            )
            assert (again.status, again.body) == (304, b"")
            whole = await ask(site, path, method, Origin=LOCAL)
            for kept in ("ETag", "Cache-Control", "Vary", "Access-Control-Allow-Origin"):
                assert again.headers.get(kept) == whole.headers.get(kept)
            assert "Content-Length" not in again.headers
            assert "Content-Type" not in again.headers


async def test_if_match(site: Site) -> None:
    name = (await shards(site))[0].name
    etag = (await ask(site, f"/iris/{name}")).headers["ETag"]
    assert (await ask(site, f"/iris/{name}", If_Match=etag)).status == 200
    assert_problem(await ask(site, f"/iris/{name}", If_Match='"other"'), 412, "precondition-failed")


async def test_several_lines_of_a_list_count_as_one_list(site: Site) -> None:
    etag = (await ask(site, "/iris/model.json")).headers["ETag"]
    lines = [("If-None-Match", '"x"'), ("If-None-Match", etag), ("Accept-Encoding", "identity")]
    async with site.session.get(f"{site.origin}/iris/model.json", headers=lines) as response:
        assert response.status == 304


async def test_ranges_are_slices_of_the_whole(site: Site) -> None:
    for file in await shards(site):
        path, size_bytes = f"/iris/{file.name}", file.size_bytes
        whole = await ask(site, path)
        etag = whole.headers["ETag"]
        for field, start, stop in (
            ("bytes=0-9", 0, 10),
            ("bytes=-7", size_bytes - 7, size_bytes),
            ("bytes=100-", 100, size_bytes),
            (f"bytes=1-{10 * size_bytes}", 1, size_bytes),
        ):
            answer = await ask(site, path, Range=field, If_Range=etag)
            assert answer.status == 206
            assert answer.body == whole.body[start:stop]
            assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size_bytes}"
            assert answer.headers["Content-Length"] == str(stop - start)
            assert answer.headers["ETag"] == etag
            assert answer.headers["Cache-Control"] == IMMUTABLE
        for ignored in ({"Range": "bytes=0-1,3-4"}, {"Range": "bytes=0-1", "If_Range": '"x"'}):
            answer = await ask(site, path, **ignored)
            assert (answer.status, answer.body) == (200, whole.body)
        outside = await ask(site, path, Range=f"bytes={size_bytes}-")
        assert_problem(outside, 416, "range-not-satisfiable")
        assert outside.headers["Content-Range"] == f"bytes */{size_bytes}"


async def test_two_range_lines_are_no_range(site: Site) -> None:
    file = (await shards(site))[0]
    lines = [("Range", "bytes=0-1"), ("Range", "bytes=2-3")]
    async with site.session.get(f"{site.origin}/iris/{file.name}", headers=lines) as response:
        assert response.status == 200


async def test_head_has_the_headers_of_get(site: Site) -> None:
    names = [file.name for file in await shards(site)]
    own = [path for path in OWN_URLS if path != EVENTS_URL]
    paths = [*own, "/-/x", "/iris/", "/iris/model.json", "/nothing/", "/iris"]
    for path in [*paths, *(f"/iris/{name}" for name in names)]:
        for accepted in ("identity", "br, gzip"):
            got = await ask(site, path, Origin=LOCAL, Accept_Encoding=accepted)
            head = await ask(site, path, "HEAD", Origin=LOCAL, Accept_Encoding=accepted)
            assert (head.status, head.body) == (got.status, b"")
            expected = {key: value for key, value in got.headers.items() if key != "Date"}
            assert {k: v for k, v in head.headers.items() if k != "Date"} == expected


async def test_variants_are_found_by_name(site: Site) -> None:
    assert (await ask(site, "/iris@uint8/model.json")).json()["seed"] == "iris.h5@uint8"
    assert (await ask(site, "/iris@full/model.json")).json()["seed"] == "iris.h5@full"
    assert (await ask(site, "/twins.h5@float16/model.json")).json()["seed"] == "twins.h5@float16"
    artifact = await site.built("iris", Variant.UINT8)
    name = next(name for name in artifact.by_name if name.endswith(".bin"))
    assert (await ask(site, f"/iris@uint8/{name}")).status == 200
    assert (await ask(site, f"/iris/{name}")).status == 404


async def test_a_file_that_is_called_like_a_variant_wins(site: Site) -> None:
    site.catalog.entries.append(make_entry("tail.h5"))
    assert (await ask(site, "/tail@uint8/model.json")).json()["seed"] == "tail@uint8.h5@full"
    assert (await ask(site, "/tail.h5@uint8/model.json")).json()["seed"] == "tail.h5@uint8"


async def test_exact_names_and_sub_folders(site: Site) -> None:
    assert (await ask(site, "/iris.h5/model.json")).json()["seed"] == "iris.h5@full"
    assert (await ask(site, "/vision/digits/model.json")).json()[
        "seed"
    ] == "vision/digits.keras@full"
    assert (await ask(site, "/old/model.json/model.json")).json()["seed"] == "old/model.json@full"


async def test_a_missing_slash_is_put_right(site: Site) -> None:
    for path, location in (
        ("/iris", "/iris/"),
        ("/vision/digits?x", "/vision/digits/"),
        ("/iris@uint8", "/iris@uint8/"),
    ):
        answer = await ask(site, path)
        assert (answer.status, answer.headers["Location"]) == (308, location)
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.body == b""
        assert (await ask(site, location)).headers["Content-Type"].startswith("text/html")


async def test_a_tfjs_folder_that_comes_back_meanwhile_is_not_answered_with_its_page(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookup, names = site.catalog.lookup, []

    async def first_in_vain(name: str, **options: Any) -> CatalogEntry:
        names.append(name)
        if len(names) == 1:
            raise ModelNotFoundError("its folder is being replaced")
        return await lookup(name, **options)

    monkeypatch.setattr(site.catalog, "lookup", first_in_vain)
    assert_problem(await ask(site, "/old/model.json"), 404, "no-such-model")
    assert names == ["old", "old/model.json"]


async def test_a_stale_model_says_so(site: Site) -> None:
    site.builder.stale["iris.h5"] = "iris.h5: größer\r\nX: 100% new"
    for method in ("GET", "HEAD"):
        answer = await ask(site, "/iris/model.json", method, Origin=LOCAL)
        stale = answer.headers["Tfjs-Serve-Stale"]
        assert stale == "iris.h5: gr%C3%B6%C3%9Fer%0D%0AX: 100%25 new"
        assert "Tfjs-Serve-Stale" in answer.headers["Access-Control-Expose-Headers"]
        again = await ask(site, "/iris/model.json", method, If_None_Match=answer.headers["ETag"])
        assert (again.status, again.headers["Tfjs-Serve-Stale"]) == (304, stale)


async def test_pages(site: Site) -> None:
    for path, text in (("/", "vision/digits"), ("/iris/", "@float16"), ("/iris@uint8/", "iris")):
        answer = await ask(site, path)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-cache"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert text in answer.body.decode()
        assert f"{site.origin}/iris/model.json" in answer.body.decode()


async def test_the_page_does_not_repeat_an_odd_host(
    catalog: FakeCatalog, builder: FakeBuilder, settings: ServerSettings
) -> None:
    async with running(catalog, builder, replace(settings, allowed_hosts=frozenset("*"))) as site:
        answer = await ask(site, "/", Host="<script>")
    assert b"<script>" not in answer.body
    assert b"loadLayersModel(&#39;/iris/model.json&#39;)" in answer.body


async def test_health_and_catalogue_json(site: Site) -> None:
    health = await ask(site, "/-/health")
    assert health.json()["status"] == "ok"
    assert health.headers["Cache-Control"] == "no-store"
    await ask(site, "/iris/model.json")
    answer = await ask(site, "/-/models.json", Origin=LOCAL)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-cache"
    states = {model["exactName"]: model["state"] for model in answer.json()["models"]}
    assert states["iris.h5"] == "ready"
    assert states["twins.h5"] == "found"
    for model in answer.json()["models"]:
        assert (await ask(site, model["url"])).status == 200
        assert (await ask(site, model["pageUrl"])).status == 200


async def test_a_server_that_quantizes(
    catalog: FakeCatalog, builder: FakeBuilder, settings: ServerSettings
) -> None:
    async with running(catalog, builder, replace(settings, default_variant=Variant.UINT8)) as site:
        answer = await ask(site, "/iris/model.json")
        assert answer.json()["seed"] == "iris.h5@uint8"
        name = answer.json()["weightsManifest"][0]["paths"][0]
        assert (await ask(site, f"/iris/{name}")).status == 200
        assert (await ask(site, "/iris@full/model.json")).json()["seed"] == "iris.h5@full"
        folder = (await ask(site, "/old/model.json")).json()
        listed = (await ask(site, "/-/models.json")).json()["models"]
        assert {model["state"] for model in listed if model["name"] in ("iris", "old")} == {"ready"}
        assert "not loaded yet" not in (await ask(site, "/old/")).body.decode()
        assert folder["seed"] == "old/model.json@full"
        shard = folder["weightsManifest"][0]["paths"][0]
        site.catalog.entries.clear()
        assert (await ask(site, f"/old/{shard}")).status == 200
