"""Each fault of a deployment is named, and nothing else is."""

from __future__ import annotations

import gzip

import pytest

from tfjs_serve.doctor.delivery import has_digest
from tfjs_serve.doctor.examination import Examined, Thoroughness, examine
from tfjs_serve.doctor.model import Page

from .broken import FAULTS, HARMLESS, WARNINGS, Files, document
from .deployments import (
    GOOD_HEADERS,
    IMMUTABLE,
    PAGE,
    SHARD,
    WEIGHTS,
    File,
    deployed,
    good,
    layer,
)


def _codes(examined: Examined) -> tuple[list[str], list[str]]:
    findings = examined.findings
    return [one.code for one in findings.faults], [one.code for one in findings.warnings]


async def _examined(files: Files, page: Page, how: Thoroughness | None = None) -> Examined:
    async with deployed(files) as url:
        return await examine(url, page, how or Thoroughness())


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_named(name: str) -> None:
    break_it, code = FAULTS[name]
    files = good()
    break_it(files)
    faults, warnings = _codes(await _examined(files, Page(origin=PAGE)))
    assert faults == [code]
    assert not set(warnings) - {"no-cache-control"}


@pytest.mark.parametrize("name", WARNINGS)
async def test_a_warning_is_given(name: str) -> None:
    break_it, code = WARNINGS[name]
    files = good()
    break_it(files)
    assert _codes(await _examined(files, Page(origin=PAGE))) == ([], [code])


@pytest.mark.parametrize("origin", [PAGE, ""])
@pytest.mark.parametrize("is_deep", [False, True])
async def test_nothing_is_found_where_nothing_is_wrong(origin: str, is_deep: bool) -> None:
    how = Thoroughness(is_deep=is_deep)
    assert _codes(await _examined(good(), Page(origin=origin), how)) == ([], [])


@pytest.mark.parametrize("name", HARMLESS)
async def test_what_only_looks_odd_is_not_told(name: str) -> None:
    files = good()
    HARMLESS[name](files)
    assert _codes(await _examined(files, Page(origin=PAGE))) == ([], [])


@pytest.mark.parametrize(
    ("path", "is_told"),
    [
        ("/v1/AUTH_0123456789abcdef0123456789abcdef/models/m/group1-shard1of1.bin", False),
        ("/v1/AUTH_0123456789abcdef0123456789abcdef/models/m/weights.0123456789abcdef.bin", True),
        ("/npm/models@1.2.3/m/model.json", True),
        ("/npm/models@1/m/model.json", False),
        ("/digits@uint8/model.json", False),
    ],
)
def test_an_address_tells_whether_its_bytes_change(path: str, is_told: bool) -> None:
    assert has_digest(f"https://example.com{path}") is is_told


async def test_bytes_that_are_not_those_of_the_name_are_found_when_all_are_read() -> None:
    files = good()
    files[SHARD].body = WEIGHTS[::-1]
    assert _codes(await _examined(files, Page(origin=PAGE))) == ([], [])
    found = await _examined(files, Page(origin=PAGE), Thoroughness(is_deep=True))
    assert _codes(found) == (["wrong-bytes"], [])


async def test_gzip_is_counted_as_what_it_becomes() -> None:
    files = good()
    headers = {**IMMUTABLE, "Content-Encoding": "gzip"}
    files[SHARD] = File(body=gzip.compress(WEIGHTS), headers=headers)
    assert _codes(await _examined(files, Page(origin=PAGE))) == ([], [])


async def test_cookies_need_an_origin_that_is_named() -> None:
    page = Page(origin=PAGE, sends_credentials=True)
    assert _codes(await _examined(good(), page)) == (["wildcard-with-credentials"], [])
    files = good()
    for file in files.values():
        file.headers = {
            **file.headers,
            "Access-Control-Allow-Origin": PAGE,
            "Access-Control-Allow-Credentials": "true",
            "Vary": "Origin",
        }
    assert _codes(await _examined(files, page)) == ([], [])
    files["model.json"].headers = {**GOOD_HEADERS, "Access-Control-Allow-Origin": PAGE, "Vary": "*"}
    assert _codes(await _examined(files, page)) == (["no-credentials"], [])


async def test_pages_of_the_same_site_need_no_permission() -> None:
    files = good()
    for file in files.values():
        file.headers = {**file.headers, "Access-Control-Allow-Origin": ""}
    async with deployed(files) as url:
        same = await examine(url, Page(origin=url.removesuffix("/models/")), Thoroughness())
        other = await examine(url, Page(), Thoroughness())
    assert _codes(same) == ([], [])
    assert _codes(other) == ([], ["no-cors"])


async def test_layers_of_the_page_are_known() -> None:
    files = good()
    document(layer("Mine", name="mine"))(files)
    how = Thoroughness(custom_layers=["Mine"])
    assert _codes(await _examined(files, Page(origin=PAGE), how)) == ([], [])


async def test_a_query_goes_to_shards_too() -> None:
    asked: list[str] = []
    async with deployed(good(), asked.append) as url:
        found = await examine(f"{url}model.json?v=2", Page(origin=PAGE), Thoroughness())
    assert not found.findings.faults
    assert set(asked) == {"model.json?v=2", f"{SHARD}?v=2"}


@pytest.mark.parametrize(
    ("origin", "why"),
    [
        ("http://127.0.0.1:9", "nothing listens there"),
        ("http://localhost:9", "nothing listens there"),
        ("https://nobody.invalid", "the name of its host is not known"),
    ],
)
async def test_who_does_not_answer_is_named(origin: str, why: str) -> None:
    found = await examine(f"{origin}/m", Page(origin=PAGE), Thoroughness())
    (fault,) = found.findings.faults
    assert (fault.code, found.findings.warnings) == ("unreachable", ())
    assert fault.message == f"cannot be reached: {why}"
    assert found.url == f"{origin}/m/model.json"
