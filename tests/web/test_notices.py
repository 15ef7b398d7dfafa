"""Who started the server is told why a page got no model; who opens a URL gets a page."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest

from tests.web.asking import ask
from tests.web.fakes import Site
from tests.web.test_pages import Elements
from tfjs_serve.errors import ConversionError, ConversionProblem, KerasFileError
from tfjs_serve.web.notices import Notice, Notices, is_by_script, wants_page
from tfjs_serve.web.services import SERVICES

LOCAL = "http://localhost:5173"
FETCH = {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors", "Accept": "*/*"}
OPENED = {
    "Sec-Fetch-Dest": "document",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
}
WITHOUT_FETCH_METADATA = {"Accept": OPENED["Accept"]}


@pytest.fixture
def told(site: Site) -> list[Notice]:
    found: list[Notice] = []
    site.runner.app[SERVICES].notices.subscribe(found.append)
    return found


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/irsi/model.json", 404, "there is no model 'irsi'"),
        ("/irsi", 404, "there is no model 'irsi'"),
        ("/irsi/", 404, "there is no model 'irsi'"),
        ("/irsi.h5", 404, "there is no model 'irsi.h5'"),
        ("/irsi/weights.bin", 404, "there is no model 'irsi'"),
        ("/twins/model.json", 409, "several models are called 'twins'"),
        ("/twins", 409, "several models are called 'twins'"),
        ("/iris/nothing.bin", 404, "no file nothing.bin"),
        ("/iris@int4/model.json", 404, "int4"),
        ("/a//b/model.json", 404, "empty segment"),
    ],
)
async def test_a_request_that_gets_no_model_is_told(
    site: Site, told: list[Notice], path: str, status: int, words: str
) -> None:
    answer = await ask(site, path, Origin=LOCAL, **FETCH)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    (notice,) = told
    assert (notice.path, notice.status) == (path, status)
    assert words in notice.message


@pytest.mark.parametrize("path", ["/iris", "/iris/", "/iris.h5", "/iris.h5/"])
async def test_a_script_that_asks_for_the_page_of_a_model_is_told_the_url(
    site: Site, told: list[Notice], path: str
) -> None:
    await ask(site, path, **FETCH)
    (notice,) = told
    assert notice.path == path
    assert notice.hint in ("did you mean /iris/model.json?", "did you mean /iris.h5/model.json?")
    await ask(site, path, **OPENED)
    assert len(told) == 1


async def test_a_refused_model_is_told_with_its_error(site: Site, told: list[Notice]) -> None:
    site.builder.errors["iris.h5"] = error = KerasFileError("iris.h5 is empty", hint="save it")
    await ask(site, "/iris/model.json?x=1", **FETCH)
    assert told == [
        Notice(
            path="/iris/model.json",
            status=422,
            message="iris.h5 is empty",
            hint="save it",
            error=error,
        )
    ]


@pytest.mark.parametrize(
    "path", ["/favicon.ico", "/robots.txt", "/-/nothing", "/.well-known/x", "/apple-touch-icon.png"]
)
async def test_what_browsers_ask_for_by_themselves_is_not_told(
    site: Site, told: list[Notice], path: str
) -> None:
    assert (await ask(site, path, **FETCH)).status == 404
    assert told == []


async def test_what_works_is_not_told(site: Site, told: list[Notice]) -> None:
    assert (await ask(site, "/iris/model.json", **FETCH)).status == 200
    assert (await ask(site, "/", **OPENED)).status == 200
    assert told == []


def notice(number: int) -> Notice:
    return Notice(path="/", status=404, message=f"message {number}")


def test_the_same_is_told_again_only_after_a_while_and_a_flood_is_not() -> None:
    now, told = [0.0], []
    notices = Notices(clock=lambda: now[0])
    notices.tell(notice(0))
    notices.subscribe(told.append)
    now[0] = 100.0
    for _ in range(3):
        notices.tell(notice(0))
    assert len(told) == 1
    now[0] += 5.0
    notices.tell(notice(0))
    assert len(told) == 2
    for number in range(1000):
        notices.tell(notice(number))
    assert len(told) == 20
    now[0] += 60.0
    notices.tell(notice(5000))
    assert len(told) == 21


@pytest.mark.parametrize("headers", [OPENED, WITHOUT_FETCH_METADATA])
async def test_a_person_gets_a_page(site: Site, headers: dict[str, str]) -> None:
    for path, status, words in (
        ("/irsi/model.json", 404, "There is no model 'irsi'."),
        ("/nothing", 404, "No such model"),
        ("/a//b", 404, "empty segment"),
        ("/-/nothing", 404, "Not found"),
    ):
        answer = await ask(site, path, **headers)
        assert answer.status == status
        assert answer.headers["Content-Type"].startswith("text/html")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        page = Elements(answer.body.decode())
        assert words in page.text
        assert "http://h/" in {urljoin(f"http://h{path}", link) for link in page.links}


async def test_a_page_lists_the_candidates_of_an_ambiguous_name(site: Site) -> None:
    answer = await ask(site, "/twins/", **OPENED)
    assert answer.status == 409
    assert {"../twins.h5/", "../twins.keras/"} <= set(Elements(answer.body.decode()).links)


async def test_a_page_has_all_reasons_and_no_markup_of_strangers(site: Site) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    problem = ConversionProblem(
        code="x", layer_path=f"m/{hostile}", class_name="Lambda", message=hostile, hint="Remove it."
    )
    site.builder.errors["iris.h5"] = ConversionError(hostile, [problem], hint="fix these")
    page = Elements((await ask(site, "/iris/model.json", **OPENED)).body.decode())
    assert "img" not in page.tags
    assert f"m/{hostile} (Lambda): {hostile} Remove it." in page.text
    assert "Fix these." in page.text


@pytest.mark.parametrize(
    ("headers", "opened", "by_script"),
    [
        (OPENED, True, False),
        (WITHOUT_FETCH_METADATA, True, False),
        (WITHOUT_FETCH_METADATA | {"Origin": LOCAL}, False, False),
        (OPENED | {"Sec-Fetch-Dest": "empty"}, False, False),
        (FETCH | {"Accept": "text/html"}, False, False),
        (FETCH, False, True),
        ({"Accept": "*/*", "Origin": LOCAL}, False, True),
        ({"Accept": "*/*", "Referer": f"{LOCAL}/"}, False, True),
        ({"Accept": "*/*"}, False, False),
        ({"Accept": "text/html"}, False, False),
        ({}, False, False),
    ],
)
def test_who_asks(headers: dict[str, str], *, opened: bool, by_script: bool) -> None:
    assert wants_page(headers) is opened
    assert is_by_script(headers) is by_script
