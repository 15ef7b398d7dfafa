"""What lies outside of the folder stays there, and nobody can find out whether it exists."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.stack.whole import SAMPLES, Folder, Stack, running
from tests.web.asking import ask, assert_problem
from tests.web.raw import converse
from tfjs_serve.settings import ServerSettings

THERE, ABSENT = "secret", "nought"
"""Names of the same length: of something that is outside, and of nothing at all."""

OUTWARD = [
    "/../{0}",
    "/../{0}.h5",
    "/../{0}/model.json",
    "/iris/../../{0}/model.json",
    "/%2e%2e/{0}/model.json",
    "/%2E%2e%2f{0}/model.json",
    "/..%2f{0}.h5/model.json",
    "/.%2e/{0}/weights.bin",
    "/%252e%252e/{0}/model.json",
    "/%252e%252e%252f{0}.h5",
    "/..%255c{0}/model.json",
    "/..\\{0}\\model.json",
    "/..%5c{0}/model.json",
    "/iris%00/../../{0}",
    "/{0}.h5%00.txt",
    "/..%c0%af{0}",
    "/..;/{0}/model.json",
    "/.../{0}/model.json",
    "//{0}/model.json",
    "/{1}/{0}.h5",
    "/{1}/{0}/model.json",
    "/%2f{1}/{0}.h5",
    "/file:%2f%2f{1}/{0}.h5",
    "/C:/{0}/model.json",
    "/C:%5c{0}.h5",
    "/%5c%5c?%5cC:%5c{0}.h5",
    "/-/../{0}",
    "/.{0}/model.json",
    "/.{0}.h5/model.json",
    "/~{0}/model.json",
    "/links/{0}/model.json",
    "/links/{0}.h5/model.json",
    "/links/{0}",
    "/links/{0}/",
    "/links/{0}/weights.bin",
    "/links/{0}/iris/model.json",
]
STREAMS_AND_DEVICES = [
    "/iris.h5:stream/model.json",
    "/iris.h5::$DATA/model.json",
    "/iris::$INDEX_ALLOCATION/model.json",
    "/iris.h5./model.json",
    "/iris.h5%20/model.json",
    "/IRIS~1.H5/model.json",
    "/CON/model.json",
    "/con.h5/model.json",
    "/NUL",
    "/aux/",
    "/COM1.h5/weights.bin",
    "/LPT%C2%B9/model.json",
]


@dataclass(frozen=True)
class Door:
    """The server, and the folder that its own lies in."""

    stack: Stack
    folder: Folder
    above: Path


@pytest.fixture
def door(stack: Stack, folder: Folder, tmp_path: Path) -> Door:
    folder.save("iris.h5")
    for place in (tmp_path / THERE, folder.path / f".{THERE}"):
        shutil.copytree(SAMPLES / "breast-cancer-tfjs", place)
    for place in (tmp_path, folder.path):
        name = THERE if place == tmp_path else f".{THERE}"
        shutil.copyfile(SAMPLES / "iris.h5", place / f"{name}.h5")
    shutil.copyfile(SAMPLES / "iris.h5", folder.path / f"~{THERE}.h5")
    (folder.path / "links").mkdir()
    try:
        (folder.path / "links" / THERE).symlink_to(tmp_path / THERE)
        (folder.path / "links" / f"{THERE}.h5").symlink_to(tmp_path / f"{THERE}.h5")
    except OSError:  # Windows without the privilege
        pytest.skip("no symbolic links here")
    return Door(stack=stack, folder=folder, above=tmp_path)


async def answered(stack: Stack, path: str, method: str = "GET") -> bytes:
    """Return all bytes of an answer but its date."""
    request = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = await converse(stack, request.encode())
    return re.sub(r"Date: [^\r]*", "", answer.head).encode() + b"\r\n\r\n" + answer.body


@pytest.mark.parametrize("template", OUTWARD)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_there_and_not_there_are_the_same_bytes(
    door: Door, template: str, method: str
) -> None:
    root = quote(door.above.as_posix().lstrip("/"))
    there, absent = [
        await answered(door.stack, template.format(name, root), method) for name in (THERE, ABSENT)
    ]
    assert there.split(b" ")[1] in (b"404", b"400")
    assert there.replace(THERE.encode(), ABSENT.encode()) == absent
    assert door.stack.told() == []
    assert door.stack.stored() == 0


async def test_a_link_out_and_no_link_at_all_are_the_same_bytes(door: Door) -> None:
    (door.folder.path / "links" / "broken.h5").symlink_to(door.above / "nowhere.h5")
    answers = {
        (await answered(door.stack, f"/links/{name}{rest}")).replace(name.encode(), b"NAME")
        for name in (THERE, "broken", "absent")
        for rest in ("/model.json",)
    }
    assert len(answers) == 1


@pytest.mark.parametrize("path", STREAMS_AND_DEVICES)
async def test_other_names_of_a_file_and_devices_name_nothing(door: Door, path: str) -> None:
    answer = await ask(door.stack, path)
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("length", [255, 256, 1000, 4000, 7000])
async def test_long_names_name_nothing(door: Door, length: int) -> None:
    for path in ("/{}/model.json", "/{}.h5/model.json", "/iris/{}.bin", "/{}/", "/{}"):
        assert (await ask(door.stack, path.format("x" * length))).status == 404
    assert (await ask(door.stack, "/a" * (length // 2) + "/model.json")).status == 404


async def test_what_is_hidden_is_neither_listed_nor_served(door: Door) -> None:
    models = (await ask(door.stack, "/-/models.json")).json()["models"]
    assert [model["exactName"] for model in models] == ["iris.h5"]
    page = await ask(door.stack, "/")
    assert THERE.encode() not in page.body


async def test_links_are_followed_when_asked_and_noticed_when_pointed_elsewhere(
    door: Door, settings: ServerSettings
) -> None:
    link = door.folder.path / "links" / f"{THERE}.h5"
    async with running(replace(settings, follow_symlinks=True)) as stack:
        first, shards = await stack.load(f"/links/{THERE}.h5")
        assert (await stack.load("/iris"))[1] == shards
        folder, _ = await stack.load(f"/links/{THERE}/model.json")
        assert folder.headers["ETag"] != first.headers["ETag"]
        Folder(door.above).save("other.h5", sample="digits.h5")
        link.unlink()
        link.symlink_to(door.above / "other.h5")
        second, others = await stack.load(f"/links/{THERE}.h5")
        assert second.headers["ETag"] != first.headers["ETag"]
        assert set(others) & set(shards) == set()
        for name, body in shards.items():  # who holds the first model.json gets its shards
            assert (await ask(stack, f"/links/{THERE}.h5/{name}")).body == body
        assert (await ask(stack, f"/.{THERE}.h5/model.json")).status == 404


async def test_a_name_that_is_html_is_text_in_the_pages(stack: Stack, folder: Folder) -> None:
    name = "<img src=x onerror=alert(1)>'\"&.h5"
    try:
        folder.save(name)
    except OSError:  # Windows
        pytest.skip("no such file names here")
    (listed,) = (await ask(stack, "/-/models.json")).json()["models"]
    for path in ("/", listed["pageUrl"]):
        page = await ask(stack, path)
        assert page.status == 200
        assert b"<img" not in page.body
        assert b"&lt;img src=x onerror=alert(1)&gt;" in page.body
        assert re.findall(rb"<script[^>]*>\s*[^{<\s]", page.body) == []
        policy = dict(
            directive.strip().split(" ", 1)
            for directive in page.headers["Content-Security-Policy"].split(";")
        )
        assert policy.pop("frame-ancestors").startswith("'self' http://localhost:* ")
        for name, own in (
            ("script-src", ["'self'", "'wasm-unsafe-eval'"]),
            ("connect-src", ["'self'"]),
        ):
            sources = policy.pop(name).split()
            assert sources[: len(own)] == own
            assert {one.rpartition("@")[0].rpartition("/")[0] for one in sources[len(own) :]} == {
                "https://cdn.jsdelivr.net/npm/@tensorflow"
            }
        assert policy == {
            "default-src": "'none'",
            "style-src": "'self'",
            "img-src": "'self' data: blob:",
            "media-src": "blob:",
            "frame-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'self'",
        }
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Referrer-Policy"] == "no-referrer"
    assert_problem(await ask(stack, "/%3Cimg%3E/model.json"), 404, "no-such-model")
    assert (await ask(stack, listed["url"])).status == 200
