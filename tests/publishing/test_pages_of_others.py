"""Files about all models, where others publish, too, or have put or edited such files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.publishing.folder import Folder
from tfjs_serve.publishing.listed import Listed, document, read_document
from tfjs_serve.publishing.model import SiteFile, Stage
from tfjs_serve.publishing.models import Built
from tfjs_serve.publishing.publish import Wish, publish
from tfjs_serve.publishing.site_files import headers_file, site_files
from tfjs_serve.publishing.wishing import taken_back, wish_for

from .sites import file, model, wish

LISTED = Listed(
    folder="theirs", loader="loadLayersModel", size_bytes=2048, notes=(), facts=ModelFacts()
)
NOTHING = Built(artifacts={}, refused={}, loaders={})


async def test_models_of_other_publishes_stay_on_the_page(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "models.json").write_text(document([LISTED, replace(LISTED, folder="m")]))
    (tmp_path / "_headers").write_text(headers_file([LISTED], "https://a.example"))
    files = await site_files(folder, NOTHING, lambda name: name == "m", ())
    texts = {
        one.path: bytes(one.content).decode() for one in files if not isinstance(one.content, Path)
    }
    assert [one.folder for one in read_document(texts["models.json"].encode())] == [LISTED.folder]
    assert "https://a.example" in texts["_headers"]


async def test_models_that_others_publish_meanwhile_stay_on_the_page(tmp_path: Path) -> None:
    folder = Folder(tmp_path)

    async def publish_as(*models: Listed) -> None:
        site = file("models.json", document(models).encode(), Stage.SITE)
        await publish(folder, wish([site]), lambda *_: None)

    await publish_as(LISTED)
    mine = await wish_for(folder, NOTHING, lambda name: name == "m", removes_after_seconds=None)
    await publish_as(LISTED, replace(LISTED, folder="others"))
    await publish(folder, mine, lambda *_: None)
    listed = read_document((tmp_path / "models.json").read_bytes())
    assert {one.folder for one in listed} == {LISTED.folder, "others"}


async def test_a_model_may_have_the_name_of_a_page(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    await publish(folder, wish(model("models.json", b"1")), lambda *_: None)
    files = await site_files(folder, NOTHING, lambda name: name == "m", ())
    assert files == []


async def test_pages_that_somebody_edited_are_theirs(tmp_path: Path) -> None:
    folder = Folder(tmp_path)

    def site(text: bytes) -> SiteFile:
        return file("index.html", text, Stage.SITE)

    await publish(folder, wish([*model("m", b"1"), site(b"published")]), lambda *_: None)
    (tmp_path / "index.html").write_text("mine")
    again = await publish(folder, wish([*model("m", b"2"), site(b"newer")]), lambda *_: None)
    assert (tmp_path / "index.html").read_text() == "mine"
    assert again.others == ("index.html",)
    clean = Wish(files=[], is_mine=taken_back(()), removes_after_seconds=0)
    await publish(folder, clean, lambda *_: None)
    assert os.listdir(tmp_path) == ["index.html"]  # noqa: PTH208 - paths may block in here


async def test_edited_pages_stay_when_all_is_taken_back(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    site = [file("index.html", b"published", Stage.SITE), file("models.json", b"{}", Stage.SITE)]
    await publish(folder, wish([*model("m", b"1"), *site]), lambda *_: None)
    (tmp_path / "index.html").write_text("mine")
    clean = Wish(files=[], is_mine=taken_back(()), removes_after_seconds=0)
    await publish(folder, clean, lambda *_: None)
    assert os.listdir(tmp_path) == ["index.html"]  # noqa: PTH208 - paths may block in here


async def test_pages_of_others_stay(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "index.html").write_text("mine")
    site = [file("index.html", b"published", Stage.SITE), file("models.json", b"{}", Stage.SITE)]
    await publish(folder, wish([*model("m", b"1"), *site]), lambda *_: None)
    assert (tmp_path / "index.html").read_text() == "mine"
    assert (tmp_path / "models.json").read_text() == "{}"
    again = await publish(folder, wish([*model("m", b"1"), *site]), lambda *_: None)
    assert again.sent == ()
    clean = Wish(files=[], is_mine=taken_back(()), removes_after_seconds=0)
    await publish(folder, clean, lambda *_: None)
    assert os.listdir(tmp_path) == ["index.html"]  # noqa: PTH208 - paths may block in here
