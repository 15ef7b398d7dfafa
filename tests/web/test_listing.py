"""The list of models over HTTP: searched, turned, compressed, and made anew only if it changes."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from tests.web.asking import ask
from tests.web.fakes import FakeBuilder, FakeCatalog, Site, make_entry
from tests.web.test_pages import HOSTILE, Elements
from tfjs_serve.builder import EntryState, EntryStatus
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.catalog.others import NotAModel
from tfjs_serve.errors import KerasFileError
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.settings import Variant
from tfjs_serve.web import catalogue as catalogue_module
from tfjs_serve.web.catalogue import Catalogue
from tfjs_serve.web.excerpt import MODELS_PER_PAGE, Question
from tfjs_serve.web.listing import ModelList, utc
from tfjs_serve.web.representation import IDENTITY

MANY = 2 * MODELS_PER_PAGE + 20


async def page(site: Site, query: str = "") -> Elements:
    answer = await ask(site, f"/{query}")
    assert answer.status == 200
    return Elements(answer.body.decode())


@pytest.mark.usefixtures("many")
async def test_those_that_cannot_be_loaded_are_listed_alone(site: Site) -> None:
    assert "./?only=bad" not in (await page(site)).links
    for number in range(0, MANY, 2):
        site.builder.errors[f"group/model_{number:03}.h5"] = KerasFileError("is bad")
        for watcher in site.builder.watchers:
            watcher(f"group/model_{number:03}.h5")
    first = await page(site)
    assert f"{MANY} models: 0 load, {MANY // 2} do not, {MANY // 2} not looked at yet" in first.text
    assert "./?only=bad" in first.links
    bad = await page(site, "?only=bad")
    assert f"{MANY // 2} of {MANY} models cannot be loaded" in bad.text
    assert "./?only=bad&page=2" in bad.links
    last = await page(site, "?only=bad&page=2")
    names = {
        link for link in (*bad.links, *last.links) if re.fullmatch(r"\./group/model_\d+/", link)
    }
    assert names == {f"./group/model_{number:03}/" for number in range(0, MANY, 2)}


async def test_what_is_no_model_is_listed_and_followed(site: Site, catalog: FakeCatalog) -> None:
    assert "Not a model" not in (await page(site)).text
    assert (await ask(site, "/-/models.json")).json()["notModels"] == []
    catalog.others = (NotAModel(path="face/", message="a TensorFlow SavedModel", hint="save it"),)
    assert "face/ is a TensorFlow SavedModel. Save it." in (await page(site)).text
    after = (await ask(site, "/-/models.json")).json()
    assert [other["path"] for other in after["notModels"]] == ["face/"]
    assert "face/" not in (await page(site, "?q=iris")).text


@pytest.fixture
def many(catalog: FakeCatalog) -> None:
    catalog.entries = [make_entry(f"group/model_{number:03}.h5") for number in range(MANY)]


@pytest.mark.usefixtures("many")
async def test_a_long_list_is_turned_page_by_page(site: Site) -> None:
    seen = set()
    query: str | None = ""
    while query is not None:
        shown = await page(site, query)
        assert f"{MANY} models" in shown.text
        seen |= {link for link in shown.links if re.fullmatch(r"\./group/model_\d+/", link)}
        query = next(
            (link[2:] for link in shown.links if shown.relations.get(link) == "next"), None
        )
    assert len(seen) == MANY
    assert "Page 3 of 3" in shown.text
    assert "Next" not in shown.text


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("?page=2", 2),
        ("?page=99", 3),
        ("?page=0", 1),
        ("?page=-1", 1),
        ("?page=x", 1),
        ("?page=", 1),
        (f"?page={'9' * 5000}", 1),
        ("?page=%D9%A2", 1),
        ("?page=2&page=3", 2),
    ],
)
async def test_the_nearest_page_is_shown(site: Site, query: str, number: int) -> None:
    assert f"Page {number} of 3" in (await page(site, query)).text


@pytest.mark.usefixtures("many")
async def test_a_search_finds_all_words_in_any_order_and_case(site: Site) -> None:
    shown = await page(site, "?q=+011+GROUP/Mod+")
    assert "1 of 120 models found" in shown.text
    assert "./group/model_011/" in shown.links
    assert "./group/model_012/" not in shown.links
    shown = await page(site, "?q=model_0")
    assert "100 of 120 models found" in shown.text
    assert "./?q=model_0&page=2" in shown.links
    shown = await page(site, "?q=nothing")
    assert "0 of 120 models found" in shown.text


async def test_a_list_is_sorted_by_each_column_and_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [
        with_size_and_time(make_entry(f"{name}.h5"), size, changed)
        for name, size, changed in (("a", 20, 3), ("b", 30, 1), ("c", 10, 2), ("d", 10, 2))
    ]
    site.catalog.entries = entries
    states = {"a.h5": EntryState.FAILED, "b.h5": EntryState.READY}
    parameters = {"a.h5": 5, "b.h5": 7, "c.h5": 6, "d.h5": 6}

    def status(entry: CatalogEntry, _variant: Variant) -> EntryStatus:
        facts = ModelFacts(parameters=parameters[entry.exact_name])
        return EntryStatus(state=states.get(entry.exact_name, EntryState.CHECKED), facts=facts)

    monkeypatch.setattr(site.builder, "status", status)
    for sort, names in {
        "name": "abcd",
        "-name": "dcba",
        "size": "cdab",
        "-size": "bacd",
        "parameters": "acdb",
        "-parameters": "bcda",
        "changed": "bcda",
        "-changed": "acdb",
        "state": "acdb",
        "nonsense": "abcd",
        "--size": "abcd",
    }.items():
        links = (await page(site, f"?sort={sort}")).links
        assert [link[2] for link in links if re.fullmatch(r"\./[a-d]/", link)] == list(names), sort
    links = (await page(site)).links
    assert {"./?sort=-name", "./?sort=-size", "./?sort=-changed", "./?sort=state"} <= set(links)
    assert "./?sort=size" in (await page(site, "?sort=-size")).links


def with_size_and_time(entry: CatalogEntry, size_bytes: int, seconds: int) -> CatalogEntry:
    (stamp,) = entry.stamps
    stamp = replace(stamp, size_bytes=size_bytes, mtime_ns=seconds * 10**9)
    return replace(entry, stamps=(stamp,))


def test_a_question_is_read_from_a_url_and_written_into_one() -> None:
    asked = {"q": "a b", "only": "bad", "sort": "-size", "page": "3"}
    question = Question.of(asked)
    assert question.url(3) == "/?q=a+b&only=bad&sort=-size&page=3"
    assert Question.of({"only": "x", "sort": "y"}).url(1) == "/"


@pytest.mark.parametrize(
    ("nanoseconds", "spelled"),
    [
        (-1, "1970-01-01T00:00:00Z"),
        (1_700_000_000_999_999_999, "2023-11-14T22:13:20Z"),
        (10**30, "9999-12-31T23:59:59Z"),
    ],
)
def test_any_time_of_a_file_can_be_told(nanoseconds: int, spelled: str) -> None:
    assert utc(nanoseconds) == spelled


@pytest.mark.parametrize("words", [HOSTILE, "\udcff", "%00", "a&page=2", "é\u2028"])
@pytest.mark.usefixtures("many")
async def test_words_are_text_and_come_back(site: Site, words: str) -> None:
    from urllib.parse import quote

    shown = await page(site, f"?q={quote(words, safe='', errors='surrogateescape')}")
    assert "img" not in shown.tags
    assert "0 of 120" in shown.text


async def test_a_short_list_has_no_search_and_no_pages(site: Site) -> None:
    del site.catalog.entries[5:]
    assert not {"form", "input"} & (await page(site)).tags
    assert "Page" not in (await page(site)).text


async def test_the_document_is_compressed_for_those_who_take_it(site: Site) -> None:
    plain = await ask(site, "/-/models.json")
    packed = await ask(site, "/-/models.json", Accept_Encoding="br, gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["ETag"] != plain.headers["ETag"]
    for answer in (plain, packed):
        assert answer.headers["Vary"] == "Accept-Encoding, Origin"
    known = packed.headers["ETag"]
    again = await ask(site, "/-/models.json", Accept_Encoding="gzip", If_None_Match=known)
    assert (again.status, again.body) == (304, b"")


@pytest.fixture
def listed(catalog: FakeCatalog, builder: FakeBuilder) -> Catalogue:
    return Catalogue(catalog, builder, Variant.FULL)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models whose parts were made."""
    names: list[str] = []
    real = catalogue_module.summary_json

    def summary_json(summary: Any) -> bytes:
        names.append(summary.entry.exact_name)
        return real(summary)

    monkeypatch.setattr(catalogue_module, "summary_json", summary_json)
    return names


async def states(listed: Catalogue) -> dict[str, str]:
    document = await listed.document(IDENTITY)
    assert isinstance(document.source, bytes)
    assert gzip.decompress((await listed.document("gzip")).source) == document.source
    return {one["exactName"]: one["state"] for one in json.loads(document.source)["models"]}


async def test_only_what_changed_is_made_anew(
    listed: Catalogue, catalog: FakeCatalog, builder: FakeBuilder, made: list[str]
) -> None:
    first = await listed.document(IDENTITY)
    assert sorted(made) == sorted(entry.exact_name for entry in catalog.entries)
    made.clear()
    assert await listed.document(IDENTITY) is first
    assert await listed.document("gzip") is await listed.document("gzip")

    await builder.build(catalog.entries[0], Variant.FULL)
    assert (await states(listed))["iris.h5"] == "ready"
    assert made == ["iris.h5"]

    made.clear()
    catalog.entries.append(make_entry("new.h5"))
    assert (await states(listed))["new.h5"] == "found"
    assert made == ["new.h5"]

    made.clear()
    gone = catalog.entries.pop(0)
    assert gone.exact_name not in await states(listed)
    assert made == []


async def test_a_namesake_changes_the_urls_of_the_other(
    listed: Catalogue, catalog: FakeCatalog, made: list[str]
) -> None:
    await states(listed)
    made.clear()
    catalog.entries.append(make_entry("iris.keras"))
    await states(listed)
    assert sorted(made) == ["iris.h5", "iris.keras"]
    made.clear()
    catalog.entries.append(make_entry("vision/digits@uint8/model.json", name="vision/digits@uint8"))
    await states(listed)
    assert sorted(made) == ["vision/digits.keras", "vision/digits@uint8/model.json"]


async def test_a_model_that_was_away_is_listed_as_it_is_now(
    listed: Catalogue, catalog: FakeCatalog, builder: FakeBuilder
) -> None:
    await builder.build(catalog.entries[0], Variant.FULL)
    await states(listed)
    gone = catalog.entries.pop(0)
    await states(listed)
    builder.artifacts.clear()  # nobody tells of models that are not there
    catalog.entries.append(gone)
    assert (await states(listed))["iris.h5"] == "found"


async def test_a_passing_failure_is_asked_for_until_it_has_passed(
    listed: Catalogue, builder: FakeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = KerasFileError("busy")
    shown = EntryStatus(state=EntryState.FAILED, error=error, is_passing=True)
    monkeypatch.setattr(builder, "status", lambda _entry, _variant: shown)
    assert set((await states(listed)).values()) == {"failed"}
    shown = EntryStatus(state=EntryState.FOUND)
    assert set((await states(listed)).values()) == {"found"}


def entries(*exact_names: str) -> list[CatalogEntry]:
    return [make_entry(name) for name in exact_names]


def test_models_are_in_alphabetical_order_whatever_their_case() -> None:
    models = ModelList(entries("b.h5", "C.h5", "a.keras", "a.h5"), Variant.FULL)
    assert list(models.by_exact_name) == ["a.h5", "a.keras", "b.h5", "C.h5"]
