"""Where a model is saved, and where none may be."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from tests.saving.dense import dense_model, export_dense
from tests.stack.saving.asking import (
    assert_refused,
    contents,
    save,
)
from tests.stack.whole import Folder, Stack, running
from tfjs_serve.settings import ServerSettings


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


async def test_accents_that_macos_does_not_tell_apart_are_one_name(
    stack: Stack, folder: Folder
) -> None:
    folder.save("caf\u00e9.h5")
    before = contents(folder)
    for path in ("/cafe%CC%81", "/Cafe%CC%81.h5"):
        assert_refused(await save(stack, path, dense_model()), 409, "cannot-save-here")
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
