"""A page saves a model: what is in the folder then."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.saving.dense import dense_model, export_dense, kernel_in, kernel_of
from tests.stack.saving.asking import (
    assert_refused,
    contents,
    names_in,
    save,
)
from tests.stack.whole import Folder, Stack, running
from tests.web.asking import ask
from tfjs_serve.settings import SavingLimits, ServerSettings


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
