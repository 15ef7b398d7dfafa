"""Who may save."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.saving.dense import dense_model, export_dense
from tests.stack.saving.asking import (
    LOCAL_PAGE,
    PAGE,
    TOKEN,
    assert_refused,
    contents,
    names_in,
    post,
    save,
)
from tests.stack.whole import Folder, Stack, running
from tests.web.asking import ask
from tests.web.saving.forms import form
from tfjs_serve.settings import ServerSettings


async def test_without_the_option_a_page_is_told_which_one(folder: Folder, tmp_path: Path) -> None:
    folder.save("iris.h5")
    before = contents(folder)
    off = ServerSettings(models_dir=folder.path, cache_dir=tmp_path / "cache")
    async with running(off) as stack:
        answer = await save(stack, "/iris", dense_model(), Origin=LOCAL_PAGE)
        told = assert_refused(answer, 403, "saving-off")
        assert "--allow-save" in told["hint"]
        assert answer.headers["Access-Control-Allow-Origin"] == LOCAL_PAGE
        options = await ask(stack, "/iris", "OPTIONS", Origin=LOCAL_PAGE)
        assert "POST" not in options.headers["Allow"]
    assert contents(folder) == before


@pytest.mark.parametrize(
    "token", [None, "", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), "%00", "%C3%A4", "%FF"]
)
async def test_a_wrong_token_saves_nothing(stack: Stack, folder: Folder, token: str | None) -> None:
    folder.save("iris.h5")
    before = contents(folder)
    answer = await post(stack, "/iris", form(dense_model()), token=token)
    assert_refused(answer, 401, "wrong-token")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert contents(folder) == before


async def test_a_token_may_come_in_a_field(stack: Stack, folder: Folder) -> None:
    for field, status in ((f"Bearer {TOKEN}", 201), (f"bearer {TOKEN}", 200), ("Bearer x", 401)):
        answer = await post(stack, "/new", form(dense_model()), token=None, Authorization=field)
        assert answer.status == status
    both = await post(stack, "/new", form(dense_model()), Authorization="Bearer x")
    assert_refused(both, 401, "wrong-token")
    basic = await post(stack, "/new", form(dense_model()), Authorization="Basic eDp5")
    assert basic.status == 200  # that of a proxy


@pytest.mark.parametrize(
    "origin",
    [
        *(LOCAL_PAGE, "http://localhost", "null", "http://page.example", f"{PAGE}:8443"),
        *("https://evil.example", f"{PAGE}.evil.example", "https://x.page.example", "nonsense"),
    ],
)
async def test_pages_of_other_origins_save_nothing(
    stack: Stack, folder: Folder, origin: str
) -> None:
    answer = await save(stack, "/new", dense_model(), Origin=origin)
    told = assert_refused(answer, 403, "origin-not-allowed")
    assert "--cors-origin" in told["hint"]
    assert names_in(folder) == []


async def test_pages_of_this_server_and_programs_may_save(stack: Stack, folder: Folder) -> None:
    assert (await save(stack, "/a", dense_model(), Origin=stack.origin)).status == 201
    assert (await save(stack, "/b", dense_model(), Origin="")).status == 201
    assert names_in(folder) == ["a.h5", "b.h5"]


async def test_a_name_that_was_pointed_here_saves_nothing(stack: Stack, folder: Folder) -> None:
    rebound = f"rebound.example:{stack.port}"
    answer = await save(stack, "/a", dense_model(), Host=rebound, Origin=f"http://{rebound}")
    assert_refused(answer, 403, "host-not-allowed")
    assert names_in(folder) == []


async def test_where_every_host_is_answered_its_name_is_no_proof(
    folder: Folder, settings: ServerSettings
) -> None:
    wide = replace(
        settings, allowed_hosts=frozenset({"*"}), cors_origins=frozenset({"*", "null", PAGE})
    )
    async with running(wide, export=export_dense) as stack:
        rebound = f"rebound.example:{stack.port}"
        for origin in (f"http://{rebound}", "null", "https://evil.example"):
            answer = await save(stack, "/a", dense_model(), Host=rebound, Origin=origin)
            assert_refused(answer, 403, "origin-not-allowed")
        assert (await save(stack, "/a", dense_model(), Host=rebound)).status == 201


async def test_a_preflight_names_the_method_to_whom_may_use_it(stack: Stack) -> None:
    asked = {"Access-Control-Request-Method": "POST"}
    headers = "authorization, if-match"
    for origin, may in ((PAGE, True), (LOCAL_PAGE, False)):
        answer = await ask(
            stack,
            "/iris",
            "OPTIONS",
            Origin=origin,
            **asked,
            **{"Access-Control-Request-Headers": headers},
        )
        assert ("POST" in answer.headers["Access-Control-Allow-Methods"]) is may
        assert answer.headers["Access-Control-Allow-Headers"] == headers
        assert "POST" in answer.headers["Allow"]
