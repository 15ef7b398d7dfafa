"""What the running server says no to, and how."""

from __future__ import annotations

import logging

import pytest

from tests.web.asking import ask, assert_problem, shards
from tests.web.fakes import Site
from tfjs_serve import errors

LOCAL = "http://localhost:5173"
FOREIGN = "https://example.com"


async def test_an_ambiguous_name_is_answered_with_the_candidates(site: Site) -> None:
    answer = await ask(site, "/twins/model.json", Origin=LOCAL)
    assert_problem(answer, 409, "ambiguous-name")
    assert answer.json()["candidates"] == ["twins.h5", "twins.keras"]
    assert answer.headers["Access-Control-Allow-Origin"] == LOCAL


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/nothing", "no-such-model"),
        ("/nothing/", "no-such-model"),
        ("/nothing/model.json", "no-such-model"),
        ("/nothing/weights.0.bin", "no-such-model"),
        ("/iris/weights.0.bin", "no-such-file"),
        ("/iris/index.html", "no-such-file"),
        ("/iris/model.json.gz", "no-such-file"),
        ("/iris/model.json.br", "no-such-file"),
        ("/iris/model.json/", "no-such-model"),
        ("/favicon.ico", "no-such-model"),
        ("/model.json", "no-such-model"),
        ("/-/nothing", "not-found"),
        ("/nothing@int4/model.json", "no-such-model"),
    ],
)
async def test_what_is_not_there_is_a_problem_and_never_html(
    site: Site, path: str, code: str
) -> None:
    await site.built("iris")
    for method in ("GET", "HEAD"):
        answer = await ask(site, path, method, Origin=LOCAL, Accept="text/html")
        assert answer.headers["Access-Control-Allow-Origin"] == LOCAL
        assert answer.status == 404
    assert_problem(await ask(site, path), 404, code)


@pytest.mark.parametrize("path", ["/iris@int4/model.json", "/iris.h5@INT8/model.json"])
async def test_a_variant_that_does_not_exist_is_answered_with_those_that_do(
    site: Site, path: str
) -> None:
    answer = await ask(site, path, Origin=LOCAL)
    assert_problem(answer, 404, "no-such-variant")
    assert "'iris'" in answer.json()["detail"]
    assert answer.json()["hint"] == "its variants are full, float16, uint16, uint8, train"
    assert site.builder.artifacts == {}


async def test_wherever_a_variant_may_stand_it_is_looked_at(site: Site) -> None:
    for path in ("/iris@int4/", "/iris@int4", "/old@uint8/model.json", "/old@uint8/"):
        assert_problem(await ask(site, path), 404, "no-such-variant")
    assert_problem(await ask(site, "/iris@int4/weights.bin"), 404, "no-such-file")
    assert_problem(await ask(site, "/twins@int4/model.json"), 409, "ambiguous-name")
    assert "without @" in (await ask(site, "/old@uint8/model.json")).json()["hint"]
    assert (await ask(site, "/old@full/model.json")).status == 200


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/iris@uint8/model.json", ["iris"]),
        ("/irsi/model.json", ["irsi"]),
        ("/irsi@uint8/model.json", ["irsi"]),
        ("/irsi@uint8/", ["irsi"]),
        ("/iris/weights.bin", []),
    ],
)
async def test_similar_names_are_looked_for_at_most_once(
    site: Site, path: str, names: list[str]
) -> None:
    await ask(site, path)
    assert site.catalog.suggested_for == names


async def test_hostile_paths_reach_neither_catalogue_nor_builder(site: Site) -> None:
    for path in (
        "/../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%252e%252e/model.json",
        "/a%5c..%5cb/model.json",
        "//etc/model.json",
        "/a%00b/model.json",
    ):
        assert_problem(await ask(site, path, Origin=LOCAL), 404, "not-found")
    for path in ("/%ff/model.json", "/%zz/model.json"):
        assert_problem(await ask(site, path), 400, "bad-request")
    assert site.catalog.looked_up == []
    assert site.builder.searched == []


async def test_nothing_is_saved_unless_it_was_allowed(site: Site) -> None:
    for path in ("/iris", "/iris/model.json", "/nothing"):
        assert_problem(await ask(site, path, "POST", Origin=LOCAL), 403, "saving-off")
    for path in ("/", "/-/health"):
        assert_problem(await ask(site, path, "POST", Origin=LOCAL), 405, "method-not-allowed")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "PROPFIND"])
async def test_models_can_only_be_read(site: Site, method: str) -> None:
    for path in ("/", "/iris/model.json", "/nothing"):
        answer = await ask(site, path, method, Origin=LOCAL)
        assert_problem(answer, 405, "method-not-allowed")
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
        assert answer.headers["Access-Control-Allow-Origin"] == LOCAL


async def test_options_is_answered_everywhere(site: Site) -> None:
    for path in ("/", "/iris/model.json", "/-/health", "/nothing/x"):
        answer = await ask(site, path, "OPTIONS")
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
        assert answer.headers["Vary"] == "Origin"


async def test_preflight(site: Site) -> None:
    asked = {
        "Access_Control_Request_Method": "GET",
        "Access_Control_Request_Headers": "range,x-mine",
        "Access_Control_Request_Private_Network": "true",
    }
    allowed = await ask(site, "/iris/model.json", "OPTIONS", Origin=LOCAL, **asked)
    assert allowed.status == 204
    assert allowed.headers["Access-Control-Allow-Origin"] == LOCAL
    assert allowed.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert allowed.headers["Access-Control-Allow-Headers"] == "range, x-mine"
    assert allowed.headers["Access-Control-Allow-Private-Network"] == "true"
    assert allowed.headers["Vary"] == "Origin"
    refused = await ask(site, "/iris/model.json", "OPTIONS", Origin=FOREIGN, **asked)
    assert refused.status == 204
    assert not [key for key in refused.headers if key.startswith("Access-Control")]
    assert refused.headers["Vary"] == "Origin"


@pytest.mark.parametrize("origin", [FOREIGN, "null"])
async def test_other_origins_get_no_permission_and_the_log_says_once_what_to_do(
    site: Site, origin: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="tfjs_serve"):
        for path in ("/iris/model.json", "/iris/model.json", "/nothing", "/"):
            answer = await ask(site, path, Origin=origin)
            assert not [key for key in answer.headers if key.startswith("Access-Control")]
            assert "Timing-Allow-Origin" not in answer.headers
            assert "Origin" in answer.headers["Vary"]
    (line,) = caplog.messages
    assert f"--cors-origin {origin}" in line


@pytest.fixture
def failures() -> dict[Exception, tuple[int, str]]:
    return {
        errors.SourceChangedError("iris.h5 is being written"): (503, "source-changed"),
        errors.ConversionError("iris.h5 has a Lambda layer", []): (422, "cannot-convert"),
        errors.WorkerTimeoutError("iris.h5 took too long"): (504, "conversion-timeout"),
        errors.WorkerCrashedError("iris.h5 ended the worker"): (500, "conversion-crashed"),
        errors.VariantNotAvailableError("iris.h5 has no such variant"): (404, "no-such-variant"),
        RuntimeError("secret"): (500, "internal-server-error"),
        BrokenPipeError("a pipe of the worker, not of the client"): (500, "internal-server-error"),
    }


async def test_failures_of_the_builder(
    site: Site, failures: dict[Exception, tuple[int, str]], caplog: pytest.LogCaptureFixture
) -> None:
    for error, (status, code) in failures.items():
        site.builder.errors["iris.h5"] = error
        answer = await ask(site, "/iris/model.json", Origin=LOCAL, Accept="text/html")
        assert_problem(answer, status, code)
        assert answer.headers["Access-Control-Allow-Origin"] == LOCAL
        assert ("Retry-After" in answer.headers) == (code == "source-changed")
        assert b"secret" not in answer.body
        assert b"Traceback" not in answer.body
    assert "secret" in caplog.text


async def test_a_file_that_is_gone_or_damaged_is_no_404(site: Site) -> None:
    artifact = await site.built("iris")
    small, large = await shards(site)
    artifact.path(small).unlink()
    artifact.path(large).write_bytes(b"short")
    for file in (small, large):
        answer = await ask(site, f"/iris/{file.name}")
        assert_problem(answer, 503, "store-failed")


async def test_an_expectation_of_any_kind_is_no_obstacle(site: Site) -> None:
    assert (await ask(site, "/iris/model.json", Expect="a-miracle")).status == 200
