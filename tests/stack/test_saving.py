"""A page saves a model: what is in the folder then, and that nothing else ever is.

``export_dense`` stands for the way back to Keras, which has tests of its own.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from yarl import URL

from tests.saving.dense import dense_model, export_dense, kernel_in, kernel_of
from tests.stack.whole import Folder, Stack, running
from tests.web.asking import Answer, ask, assert_discreet
from tests.web.raw import until
from tests.web.saving.forms import content_type, form
from tfjs_serve.saving import placing
from tfjs_serve.settings import KIB, MIB, SavingLimits, ServerSettings

TOKEN = "abcdefghijklmnopqrstuvwx"
PAGE = "https://page.example"
LOCAL_PAGE = "http://localhost:5173"
"""May load models, and not save them."""

Parts = dict[str, bytes]


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    return replace(settings, save_token=TOKEN, cors_origins=frozenset({PAGE}))


@pytest.fixture
async def stack(settings: ServerSettings) -> AsyncIterator[Stack]:
    async with running(settings, export=export_dense) as started:
        yield started


async def post(
    stack: Stack, path: str, body: Any, *, token: str | None = TOKEN, **headers: str
) -> Answer:
    """Send a body to be saved."""
    named = {"Content-Type": content_type(), "Origin": PAGE}
    named |= {key.replace("_", "-"): value for key, value in headers.items()}
    query = "" if token is None else f"?token={token}"
    url = URL(f"{stack.origin}{path}{query}", encoded=True)
    sent = {key: value for key, value in named.items() if value}
    async with stack.session.post(url, data=body, headers=sent) as response:
        answer = Answer(response, await response.read())
    assert_discreet(answer)
    return answer


async def save(stack: Stack, path: str, parts: Parts, **headers: str) -> Answer:
    """Save a model, as TensorFlow.js does."""
    return await post(stack, path, form(parts), **headers)


def assert_refused(answer: Answer, status: int, code: str) -> dict[str, Any]:
    assert (answer.status, answer.json()["code"]) == (status, code), answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    return document


def names_in(folder: Folder) -> list[str]:
    return sorted(path.relative_to(folder.path).as_posix() for path in folder.path.rglob("*"))


def contents(folder: Folder) -> dict[str, bytes]:
    """Return all files below the folder, the hidden ones as well."""
    paths = [path for path in folder.path.rglob("*") if path.is_file()]
    return {path.relative_to(folder.path).as_posix(): path.read_bytes() for path in paths}


def is_whole(path: Path) -> bool:
    try:
        with h5py.File(path, "r", locking=False) as file:
            return "model_config" in file.attrs and "model_weights" in file
    except OSError:
        return False


# --- What is saved --------------------------------------------------------------------------


async def test_a_new_model_is_a_file_that_is_served(stack: Stack, folder: Folder) -> None:
    parts = dense_model()
    answer = await save(stack, "/mine", parts)
    assert answer.status == 201
    assert answer.headers["Location"] == "/mine/model.json"
    assert answer.json() == {
        "file": "mine.h5",
        "url": "/mine/model.json",
        "backup": None,
        "notes": ["written by a test"],
    }
    assert names_in(folder) == ["mine.h5"]
    assert np.array_equal(kernel_in(folder.path / "mine.h5"), kernel_of(parts))
    document, shards = await stack.load("/mine")
    assert parts["model.weights.bin"] in shards.values()
    assert document.headers["ETag"] == answer.headers["ETag"]


async def test_the_former_file_is_kept_under_a_number(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    former = (folder.path / "iris.h5").read_bytes()
    models = [dense_model(seed) for seed in range(3)]
    answers = [await save(stack, "/iris", parts) for parts in models]
    assert [answer.status for answer in answers] == [200, 200, 200]
    backups = ["iris.h5.~1~", "iris.h5.~2~", "iris.h5.~3~"]
    assert [answer.json()["backup"] for answer in answers] == backups
    assert names_in(folder) == ["iris.h5", *backups]
    assert (folder.path / "iris.h5.~1~").read_bytes() == former
    for name, parts in zip([*backups[1:], "iris.h5"], models, strict=True):
        assert np.array_equal(kernel_in(folder.path / name), kernel_of(parts))
    listed = (await ask(stack, "/-/models.json")).json()
    assert [model["exactName"] for model in listed["models"]] == ["iris.h5"]
    assert "~1~" not in str(listed)


async def test_of_many_backups_the_first_and_the_newest_stay(
    folder: Folder, settings: ServerSettings
) -> None:
    folder.save("iris.h5")
    few = replace(settings, saving=SavingLimits(backups=3))
    async with running(few, export=export_dense) as stack:
        for seed in range(6):
            assert (await save(stack, "/iris", dense_model(seed))).status == 200
    assert names_in(folder) == ["iris.h5", "iris.h5.~1~", "iris.h5.~5~", "iris.h5.~6~"]


@pytest.mark.parametrize("path", ["/a/iris", "/a/iris/", "/a/iris/model.json", "/a/iris.h5"])
async def test_each_url_of_a_model_saves_it(stack: Stack, folder: Folder, path: str) -> None:
    (folder.path / "a").mkdir()
    folder.save("a/iris.h5")
    answer = await save(stack, path, dense_model())
    assert (answer.status, answer.json()["url"]) == (200, "/a/iris/model.json")
    assert names_in(folder) == ["a", "a/iris.h5", "a/iris.h5.~1~"]


async def test_a_variant_with_all_weights_saves_the_model(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    answer = await save(stack, "/iris@train/model.json", dense_model())
    assert (answer.status, answer.json()["url"]) == (200, "/iris@train/model.json")
    assert names_in(folder) == ["iris.h5", "iris.h5.~1~"]
    refused = await save(stack, "/iris@uint8", dense_model())
    assert "save to /iris" in assert_refused(refused, 409, "cannot-save-here")["hint"]
    folder.save("b@uint8.h5")
    assert (await save(stack, "/b@uint8", dense_model())).json()["file"] == "b@uint8.h5"
    assert (await save(stack, "/me@home", dense_model())).json()["file"] == "me@home.h5"


async def test_permissions_stay_and_new_files_have_the_usual_ones(
    stack: Stack, folder: Folder
) -> None:
    folder.save("iris.h5")
    (folder.path / "iris.h5").chmod(0o640)
    (folder.path / "usual").touch()
    await save(stack, "/iris", dense_model())
    await save(stack, "/new", dense_model())
    modes = [(folder.path / name).stat().st_mode & 0o777 for name in ("iris.h5", "new.h5", "usual")]
    assert modes[1] == modes[2]
    assert modes[0] == 0o640 or sys.platform == "win32"


async def test_labels_beside_a_file_stay_with_it(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    (folder.path / "iris.labels.txt").write_text("a\nb\nc\n")
    assert (await save(stack, "/iris", dense_model())).status == 200
    document = (await ask(stack, "/iris/model.json")).json()
    assert document["userDefinedMetadata"]["labels"] == ["a", "b", "c"]


# --- Who may save ---------------------------------------------------------------------------


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


# --- Conditions -----------------------------------------------------------------------------


async def test_only_the_version_that_was_named_is_replaced(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    for coding in ("identity", "br", "gzip"):
        document = await ask(stack, "/iris/model.json", Accept_Encoding=coding)
        first = await save(stack, "/iris", dense_model(1), If_Match=document.headers["ETag"])
        assert first.status == 200
        before = contents(folder)
        late = await save(stack, "/iris", dense_model(2), If_Match=document.headers["ETag"])
        assert_refused(late, 412, "precondition-failed")
        assert contents(folder) == before
        folder.save("iris.h5", edit=lambda config: None)
    again = await save(stack, "/iris", dense_model(3), If_Match="*")
    assert again.status == 200
    next_one = await save(stack, "/iris", dense_model(4), If_Match=again.headers["ETag"])
    assert next_one.status == 200


async def test_conditions_about_whether_there_is_a_model(stack: Stack, folder: Folder) -> None:
    assert (await save(stack, "/new", dense_model(), If_Match="*")).status == 412
    assert (await save(stack, "/new", dense_model(), If_None_Match="*")).status == 201
    assert (await save(stack, "/new", dense_model(), If_None_Match="*")).status == 412
    assert (await save(stack, "/new", dense_model(), If_Match="nonsense")).status == 412
    assert names_in(folder) == ["new.h5"]


# --- What is sent ---------------------------------------------------------------------------


def without(name: str) -> Parts:
    parts = dense_model()
    del parts[name]
    return parts


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad-upload"),
        (b"nonsense", 400, "bad-upload"),
        (form(dense_model())[:-10], 400, "bad-upload"),
        (form(without("model.json")), 400, "bad-upload"),
        (form(without("model.weights.bin")), 400, "bad-upload"),
        (form({**dense_model(), "../evil.h5": b"x"}), 400, "bad-upload"),
        (form({"/etc/passwd": b"x"}), 400, "bad-upload"),
        (form(dense_model())[:-40] + form(dense_model()), 400, "bad-upload"),
        (form({**dense_model(), "model.json": b"{"}), 422, "bad-tfjs-folder"),
        (form({**dense_model(), "model.json": b"[]"}), 422, "bad-tfjs-folder"),
        (form({**dense_model(), "model.json": b"\xff\xfe"}), 422, "bad-tfjs-folder"),
        (form({**dense_model(), "model.weights.bin": b"1234"}), 422, "bad-tfjs-folder"),
        (form({**dense_model(), "model.weights.bin": bytes(999)}), 422, "bad-tfjs-folder"),
    ],
)
async def test_what_is_no_model_is_refused_and_leaves_nothing(
    stack: Stack, folder: Folder, body: bytes, status: int, code: str
) -> None:
    folder.save("iris.h5")
    before = contents(folder)
    assert_refused(await post(stack, "/iris", body), status, code)
    assert contents(folder) == before
    assert stack.stored("staging") == 0


async def test_other_kinds_of_bodies_are_refused(stack: Stack, folder: Folder) -> None:
    body = form(dense_model())
    for fields in (
        {"Content_Type": "application/json"},
        {"Content_Type": "multipart/form-data"},
        {"Content_Type": content_type("other")},
        {"Content_Encoding": "gzip"},
    ):
        assert_refused(await post(stack, "/new", body, **fields), 400, "bad-upload")
    assert names_in(folder) == []


@pytest.fixture
def small(settings: ServerSettings) -> ServerSettings:
    return replace(
        settings, saving=SavingLimits(weights_bytes=KIB, receive_seconds=0.3, discard_seconds=1.0)
    )


async def in_pieces(body: bytes, piece_bytes: int = 700) -> AsyncIterator[bytes]:
    for start in range(0, len(body), piece_bytes):
        yield body[start : start + piece_bytes]


@pytest.mark.parametrize("is_declared", [True, False])
async def test_too_many_bytes_are_refused(
    folder: Folder, small: ServerSettings, is_declared: bool
) -> None:
    folder.save("iris.h5")
    before = contents(folder)
    body = form({**dense_model(), "model.weights.bin": bytes(1025)})
    async with running(small, export=export_dense) as stack:
        answer = await post(stack, "/iris", body if is_declared else in_pieces(body))
        assert_refused(answer, 413, "upload-too-large")
        assert stack.stored("staging") == 0
    assert contents(folder) == before


async def test_a_size_that_is_declared_is_believed_at_once(
    folder: Folder, small: ServerSettings
) -> None:
    async with running(small, export=export_dense) as stack:
        writer, reader = await begun(stack, b"", "Content-Length: 999999999")
        assert b"upload-too-large" in await asyncio.wait_for(reader.read(), 30)
        writer.close()
    assert names_in(folder) == []


async def begun(
    stack: Stack, body: bytes, *fields: str
) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
    """Begin to save, with no more than `body`."""
    lines = (
        f"POST /new?token={TOKEN} HTTP/1.1",
        f"Host: localhost:{stack.port}",
        f"Content-Type: {content_type()}",
        *fields,
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
    return writer, reader


async def test_a_large_body_that_is_refused_is_read_to_its_end(
    stack: Stack, folder: Folder
) -> None:
    """Otherwise the connection breaks, and the page sees no status."""
    body = bytes(64 * MIB)
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
    head = f"POST /new HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    assert b" 401 " in await asyncio.wait_for(reader.readline(), 60)
    writer.write(b"GET /-/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert b'"status": "ok"' in await asyncio.wait_for(reader.read(), 60)
    writer.close()
    assert names_in(folder) == []


async def test_who_sends_too_slowly_is_told_so(folder: Folder, small: ServerSettings) -> None:
    body = form(dense_model())
    async with running(small, export=export_dense) as stack:
        writer, reader = await begun(stack, body[:100], f"Content-Length: {len(body)}")
        assert b" 408 " in await asyncio.wait_for(reader.readline(), 30)
        writer.close()
        await until(lambda: stack.stored("staging") == 0)
    assert names_in(folder) == []


@pytest.mark.parametrize("fields", ["Content-Length: 5000", "Transfer-Encoding: chunked"])
async def test_who_goes_away_in_the_middle_leaves_nothing(
    stack: Stack, folder: Folder, fields: str
) -> None:
    body = form(dense_model())[:300]
    sent = body if "Length" in fields else b"%x\r\n%b\r\n" % (len(body), body)
    writer, _ = await begun(stack, sent, fields)
    await until(lambda: stack.stored("staging") == 1)
    writer.close()
    await until(lambda: stack.stored("staging") == 0)
    assert names_in(folder) == []
    assert (await save(stack, "/new", dense_model())).status == 201


async def test_a_body_in_malformed_pieces_is_refused(stack: Stack, folder: Folder) -> None:
    writer, reader = await begun(stack, b"nonsense\r\n", "Transfer-Encoding: chunked")
    assert b" 400 " in await asyncio.wait_for(reader.readline(), 30)
    writer.close()
    assert names_in(folder) == []


async def test_who_asks_first_is_told_to_go_on(stack: Stack, folder: Folder) -> None:
    body = form(dense_model())
    fields = (f"Content-Length: {len(body)}", "Expect: 100-continue")
    writer, reader = await begun(stack, b"", *fields)
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30) == (
        b"HTTP/1.1 100 Continue\r\n\r\n"
    )
    writer.write(body)
    assert b" 201 " in await asyncio.wait_for(reader.readline(), 30)
    assert names_in(folder) == ["new.h5"]
    writer.close()


# --- Where it is saved ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *(("/../evil", 404), ("/a/../../evil", 404), ("/%2e%2e/evil", 404), ("/..%2fevil", 404)),
        *(("/a%5c..%5cevil", 404), ("//evil", 404), ("/%2fetc%2fevil", 404), ("/a%00", 404)),
        *(("/%252e%252e%252fevil", 404), ("/C:%5cevil", 404), ("/%ff", 400), ("/%zz", 400)),
        *(("/c:evil", 409), ("/a:stream.h5", 409), ("/a*", 409), ("/con", 409), ("/aux.h5", 409)),
        *(("/.hidden", 409), ("/.a.h5", 409), ("/~a", 409), ("/x.tmp.h5", 409), ("/a%20", 409)),
        *(("/a.", 409), ("/none/a", 409), ("/.git/a", 409), ("/w.weights", 409)),
        *(("/w.weights.h5", 409), ("/" + 201 * "x", 409), ("/model.json", 409)),
        *(("/iris/labels.txt", 409), ("/iris/weights.bin", 409), ("/node_modules/a", 409)),
        *(("/", 405), ("/-/health", 405), ("/-/new", 405), ("/-/", 405)),
    ],
)
async def test_names_that_lead_elsewhere_or_nowhere_save_nothing(
    stack: Stack, folder: Folder, path: str, status: int
) -> None:
    for name in ("a", ".git", "node_modules"):
        (folder.path / name).mkdir()
    folder.save("iris.h5")
    before, above = contents(folder), sorted(folder.path.parent.iterdir())
    answer = await save(stack, path, dense_model())
    assert answer.status == status, answer.body
    assert contents(folder) == before
    assert sorted(folder.path.parent.iterdir()) == above


async def test_what_is_several_files_is_left_alone(stack: Stack, folder: Folder) -> None:
    folder.add_tfjs("cancer")
    keras_folder = folder.path / "kept"
    keras_folder.mkdir()
    (keras_folder / "config.json").write_text('{"class_name": "Sequential", "config": {}}')
    (keras_folder / "metadata.json").write_text("{}")
    before = contents(folder)
    for path in ("/cancer", "/cancer/model.json", "/kept", "/kept/config.json"):
        told = assert_refused(await save(stack, path, dense_model()), 409, "cannot-save-here")
        assert "another name" in told["hint"]
    for path in ("/cancer.h5", "/kept.keras"):  # would make the short name ambiguous
        assert_refused(await save(stack, path, dense_model()), 409, "ambiguous-name")
    for path in ("/cancer/new", "/kept/new"):
        assert_refused(await save(stack, path, dense_model()), 409, "cannot-save-here")
    assert contents(folder) == before


async def test_a_name_that_is_taken_otherwise_is_refused(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    folder.save("two.h5")
    folder.save("two.hdf5")
    (folder.path / "folder.h5").mkdir()
    before = contents(folder)
    for path, code in {
        "/iris.hdf5": "ambiguous-name",
        "/two": "ambiguous-name",
        "/IRIS": "cannot-save-here",
        "/Iris.h5": "cannot-save-here",
        "/folder": "cannot-save-here",
    }.items():
        assert_refused(await save(stack, path, dense_model()), 409, code)
    assert contents(folder) == before


async def test_links_are_never_written_through(folder: Folder, settings: ServerSettings) -> None:
    outside = folder.path.parent / "outside"
    outside.mkdir()
    folder.save("iris.h5")
    shutil.copy(folder.path / "iris.h5", outside / "far.h5")
    (folder.path / "inner").mkdir()
    links = {
        "alias.h5": folder.path / "iris.h5",
        "out.h5": outside / "far.h5",
        "broken.h5": outside / "new.h5",
        "way": folder.path / "inner",
        "exit": outside,
    }
    for name, target in links.items():
        (folder.path / name).symlink_to(target)
    before, before_outside = contents(folder), (outside / "far.h5").read_bytes()
    for follow in (False, True):
        followed = replace(settings, follow_symlinks=follow)
        async with running(followed, export=export_dense) as stack:
            for path in ("/alias", "/out", "/broken", "/way/new", "/exit/new", "/exit/far"):
                answer = await save(stack, path, dense_model())
                assert_refused(answer, 409, "cannot-save-here")
    assert contents(folder) == before
    assert (outside / "far.h5").read_bytes() == before_outside
    assert [path.name for path in outside.iterdir()] == ["far.h5"]
    assert all((folder.path / name).readlink() == target for name, target in links.items())


# --- Others at work -------------------------------------------------------------------------


async def test_two_at_once_are_saved_one_after_the_other(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    models = [dense_model(seed) for seed in range(6)]
    spellings = ["/iris", "/iris.h5", "/iris/model.json"] * 2
    saves = [save(stack, *one) for one in zip(spellings, models, strict=True)]
    answers = await asyncio.gather(*saves)
    assert [answer.status for answer in answers] == [200] * 6
    found = {kernel_in(folder.path / name).tobytes() for name in names_in(folder)[2:]}
    found.add(kernel_in(folder.path / "iris.h5").tobytes())
    assert found == {kernel_of(parts).tobytes() for parts in models}


async def test_of_two_at_once_that_mean_one_version_one_is_saved(
    stack: Stack, folder: Folder
) -> None:
    folder.save("iris.h5")
    etag = (await ask(stack, "/iris/model.json")).headers["ETag"]
    saves = [save(stack, "/iris", dense_model(seed), If_Match=etag) for seed in range(3)]
    statuses = [answer.status for answer in await asyncio.gather(*saves)]
    assert sorted(statuses) == [200, 412, 412]
    assert names_in(folder) == ["iris.h5", "iris.h5.~1~"]


async def test_two_new_ones_at_once_are_one_and_its_backup(stack: Stack, folder: Folder) -> None:
    saves = [save(stack, path, dense_model()) for path in ("/new", "/NEW", "/new.h5")]
    statuses = sorted(answer.status for answer in await asyncio.gather(*saves))
    assert statuses in ([200, 201, 409], [201, 409, 409])
    assert len(names_in(folder)) == len(statuses) - statuses.count(409)


class Hook:
    """Does something in the middle of a save: after the new file is made."""

    def __init__(self) -> None:
        self.action = lambda: None

    async def export(self, source: Path, out: Path) -> Sequence[str]:
        notes = await export_dense(source, out)
        self.action()
        return notes


async def test_what_a_training_run_wrote_meanwhile_is_not_replaced(
    folder: Folder, settings: ServerSettings
) -> None:
    hook = Hook()
    async with running(settings, export=hook.export) as stack:
        folder.save("iris.h5")
        hook.action = lambda: folder.save("iris.h5", "digits.h5")
        told = assert_refused(await save(stack, "/iris", dense_model()), 409, "cannot-save-here")
        assert "another program" in told["detail"]
        digits = (folder.path / "iris.h5").read_bytes()
        hook.action = (folder.path / "iris.h5").unlink
        assert (await save(stack, "/iris", dense_model())).status == 409
        hook.action = lambda: (folder.path / "new.h5").write_bytes(digits)
        assert (await save(stack, "/new", dense_model())).status == 409
        assert contents(folder) == {"new.h5": digits}


async def test_a_file_that_is_being_written_is_not_replaced(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")

    async def write_on() -> None:
        with (folder.path / "iris.h5").open("r+b", buffering=0) as file:
            first = file.read(1)
            while True:
                file.seek(0)
                file.write(first)
                await asyncio.sleep(0.05)

    writing = asyncio.create_task(write_on())
    await asyncio.sleep(0.1)
    told = assert_refused(await save(stack, "/iris", dense_model()), 409, "cannot-save-here")
    assert "is being written" in told["detail"]
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing
    assert names_in(folder) == ["iris.h5"]
    assert (await save(stack, "/iris", dense_model())).status == 200


async def test_what_is_written_in_place_during_the_last_step_is_in_the_backup(
    stack: Stack, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras truncates and writes a file in place; it has it open when the name changes."""
    folder.save("iris.h5")
    keep = placing._keep

    def keep_and_write(path: Path) -> Path:
        backup = keep(path)
        path.write_bytes(b"of a training run")
        return backup

    monkeypatch.setattr(placing, "_keep", keep_and_write)
    assert (await save(stack, "/iris", dense_model())).status == 200
    assert (folder.path / "iris.h5.~1~").read_bytes() == b"of a training run"
    assert is_whole(folder.path / "iris.h5")


async def test_at_every_moment_there_is_a_whole_model(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    path = folder.path / "iris.h5"
    looks, is_over = 0, False

    def watch() -> None:
        nonlocal looks
        while not is_over:
            assert is_whole(path)
            looks += 1

    watching = asyncio.create_task(asyncio.to_thread(watch))
    for seed in range(15):
        body = form(dense_model(seed))
        sent = body if seed % 3 else body[: -20 - seed]
        assert (await post(stack, "/iris", sent)).status == (200 if seed % 3 else 400)
        document, _ = await stack.load("/iris")
        assert document.status == 200
    is_over = True
    await watching
    assert looks > 15


# --- What the machine refuses ---------------------------------------------------------------

FAULTS = [
    (errno.ENOSPC, 507, "folder-full"),
    (errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC, 507, "folder-full"),
    (errno.EROFS, 500, "not-writable"),
    (errno.EACCES, 500, "not-writable"),
    (errno.EIO, 500, "not-writable"),
]


@pytest.mark.parametrize(("number", "status", "code"), FAULTS)
@pytest.mark.parametrize("step", ["touch", "move", "fsync", "replace"])
@pytest.mark.parametrize("name", ["iris", "new"])
async def test_a_disk_that_refuses_costs_nothing(
    stack: Stack,
    folder: Folder,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    number: int,
    status: int,
    code: str,
    name: str,
) -> None:
    folder.save("iris.h5")
    before = contents(folder)

    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        if step == "touch":
            broken.setattr(Path, "touch", fail)
        elif step == "move":
            broken.setattr(shutil, "move", fail)
        elif step == "fsync":
            broken.setattr(os, "fsync", fail)
        else:
            broken.setattr(placing, "retry_on_windows", fail)
            broken.setattr(Path, "hardlink_to", fail)
        answer = await save(stack, f"/{name}", dense_model())
    assert_refused(answer, status, code)
    assert contents(folder) == before
    assert stack.stored("staging") == 0


async def test_a_cache_that_is_full_is_told(
    stack: Stack, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr("tfjs_serve.web.saving.receiving.Parts._write", fail)
        answer = await save(stack, "/new", dense_model())
    assert_refused(answer, 507, "store-full")
    assert names_in(folder) == []


async def test_a_file_that_may_only_be_read_is_not_replaced(
    stack: Stack, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.save("iris.h5")
    before = contents(folder)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything
    told = assert_refused(await save(stack, "/iris", dense_model()), 500, "not-writable")
    assert "may only be read" in told["detail"]
    assert contents(folder) == before


async def test_a_folder_that_becomes_a_link_meanwhile_is_not_written_to(
    folder: Folder, settings: ServerSettings
) -> None:
    outside = folder.path.parent / "outside"
    outside.mkdir()
    (folder.path / "a").mkdir()

    def swap() -> None:
        (folder.path / "a").rmdir()
        (folder.path / "a").symlink_to(outside)

    hook = Hook()
    hook.action = swap
    async with running(settings, export=hook.export) as stack:
        assert (await save(stack, "/a/new", dense_model())).status == 409
    assert list(outside.iterdir()) == []


async def test_without_hard_links_the_backup_is_a_copy(
    stack: Stack, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "hardlink_to", fail)
    folder.save("iris.h5")
    former = (folder.path / "iris.h5").read_bytes()
    assert (await save(stack, "/iris", dense_model())).status == 200
    assert (await save(stack, "/new", dense_model())).status == 201
    assert names_in(folder) == ["iris.h5", "iris.h5.~1~", "new.h5"]
    assert (folder.path / "iris.h5.~1~").read_bytes() == former


async def test_what_a_killed_server_left_is_removed_later(stack: Stack, folder: Folder) -> None:
    old, young = (folder.path / f".saving-{digit * 16}.h5" for digit in "01")
    for path in (old, young, folder.path / ".saving-notes.h5"):
        path.write_bytes(b"x")
        os.utime(path, (1e9, 1e9))
    os.utime(young)
    assert (await save(stack, "/new", dense_model())).status == 201
    assert names_in(folder) == [young.name, ".saving-notes.h5", "new.h5"]


async def test_what_could_not_be_served_is_not_saved(
    folder: Folder, settings: ServerSettings
) -> None:
    async def export_nonsense(_source: Path, out: Path) -> Sequence[str]:
        await asyncio.to_thread(out.write_bytes, b"nonsense")
        return ()

    folder.save("iris.h5")
    before = contents(folder)
    async with running(settings, export=export_nonsense) as stack:
        answer = await save(stack, "/iris", dense_model())
        assert_refused(answer, 422, "unreadable-file")
        assert "iris.h5" in answer.json()["detail"]
    assert contents(folder) == before
