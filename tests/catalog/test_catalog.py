from __future__ import annotations

import asyncio
import logging
import os
import shutil
import threading

import pytest

from tfjs_serve.catalog import catalog as catalog_module
from tfjs_serve.catalog import tree as tree_module
from tfjs_serve.catalog.catalog import (
    Catalog,
    CatalogChange,
    ChangeKind,
    by_exact_name,
    differences,
)
from tfjs_serve.catalog.scan import scan
from tfjs_serve.catalog.tree import FolderTree
from tfjs_serve.errors import AmbiguousNameError, ModelNotFoundError


@pytest.fixture
def catalog(models):
    return Catalog(models.path)


async def test_a_scan_tells_each_change_once(models, catalog, changes_of):
    changes = changes_of(catalog)
    path = models.file("a.h5", b"1")
    models.file("b.h5")
    await catalog.scan()
    assert changes.seen == [("added", "a.h5"), ("added", "b.h5")]

    path.write_bytes(b"12")
    (models.path / "b.h5").rename(models.path / "c.h5")
    entries = await catalog.scan()
    assert changes.seen[2:] == [("removed", "b.h5"), ("changed", "a.h5"), ("added", "c.h5")]
    assert catalog.entries == entries == scan(models.path).entries

    await catalog.scan()
    assert len(changes.seen) == 5


async def test_replacing_a_file_is_a_change_even_with_equal_size_and_time(
    models, catalog, changes_of
):
    path = models.file("a.h5", b"old")
    await catalog.scan()
    changes = changes_of(catalog)
    new = models.file("new", b"new")
    stat = path.stat()
    os.utime(new, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    new.replace(path)
    await catalog.scan()
    assert changes.seen == [("changed", "a.h5")]


async def test_an_older_file_is_a_change_too(models, catalog, changes_of):
    path = models.file("a.h5")
    await catalog.scan()
    changes = changes_of(catalog)
    os.utime(path, (0, 0))
    await catalog.scan()
    assert changes.seen == [("changed", "a.h5")]


async def test_a_shard_that_changes_changes_its_folder(models, catalog, changes_of):
    manifest = [{"paths": ["w.bin"], "weights": []}]
    document = {"format": "layers-model", "weightsManifest": manifest}
    folder = models.tfjs("net", document, **{"w.bin": b"1", "notes.txt": b"1"})
    await catalog.scan()
    changes = changes_of(catalog)
    (folder / "notes.txt").write_bytes(b"12")
    await catalog.scan()
    assert changes.seen == []
    (folder / "w.bin").write_bytes(b"12")
    await catalog.scan()
    assert changes.seen == [("changed", "net/model.json")]


async def test_a_lookup_needs_no_scan(models, catalog):
    with pytest.raises(ModelNotFoundError):
        await catalog.lookup("a")
    models.file("a.h5", b"123")
    assert (await catalog.lookup("a")).size_bytes == 3
    assert (await catalog.lookup("a.h5")).exact_name == "a.h5"
    models.file("a.h5", b"12345")
    assert (await catalog.lookup("a")).size_bytes == 5
    models.tfjs("a")
    with pytest.raises(AmbiguousNameError) as caught:
        await catalog.lookup("a")
    assert caught.value.candidates == ("a.h5", "a/model.json")
    assert (await catalog.lookup("a/model.json")).path == models.path / "a"
    (models.path / "a.h5").unlink()
    assert (await catalog.lookup("a")).path == models.path / "a"
    assert catalog.entries == ()


async def test_a_lookup_that_fails_suggests_from_the_last_scan(models, catalog):
    models.file("digits/cnn.h5")
    await catalog.scan()
    with pytest.raises(ModelNotFoundError) as caught:
        await catalog.lookup("digits/cmm")
    assert "digits/cnn" in caught.value.hint
    with pytest.raises(ModelNotFoundError) as caught:
        await catalog.lookup("digits/cmm", suggest=False)
    assert caught.value.hint == ""


async def test_a_lookup_does_not_look_beside_the_name(models, catalog, monkeypatch):
    for i in range(5):
        models.file(f"other{i}/a.h5")
    models.file("sub/a.h5")
    listed = []
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(path) or real(path))
    await catalog.lookup("sub/a")
    ours = [path for path in map(str, listed) if path.startswith(str(models.path))]
    assert ours == [str(models.path), str(models.path / "sub")]  # a thread of before may list, too


async def test_the_models_folder_may_go_and_come_back(models, catalog, changes_of, caplog):
    models.file("a.h5")
    await catalog.scan()
    changes = changes_of(catalog)
    away = models.path.with_name("away")
    models.path.rename(away)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert await catalog.scan() == ()
    assert [record.getMessage() for record in caplog.records] == [
        f"the folder {str(models.path)!r} is not there"
    ]
    with pytest.raises(ModelNotFoundError):
        await catalog.lookup("a")
    away.rename(models.path)
    assert len(await catalog.scan()) == 1
    assert changes.seen == [("removed", "a.h5"), ("added", "a.h5")]
    shutil.rmtree(models.path)
    with caplog.at_level(logging.WARNING):
        await catalog.scan()
    assert len(caplog.records) == 2


async def test_a_subscriber_that_raises_harms_nobody(models, catalog, changes_of):
    loop = asyncio.get_running_loop()
    told = []
    loop.set_exception_handler(lambda loop, context: told.append(context["exception"]))

    def broken(change: CatalogChange) -> None:
        raise ZeroDivisionError

    catalog.subscribe(broken)
    changes = changes_of(catalog)
    models.file("a.h5")
    await catalog.scan()
    assert changes.seen == [("added", "a.h5")]
    assert isinstance(told[0], ZeroDivisionError)


async def test_a_subscription_can_be_ended(models, catalog):
    told = []
    end = catalog.subscribe(told.append)
    end()
    models.file("a.h5")
    await catalog.scan()
    assert told == []


async def test_calls_during_a_scan_share_the_next_one(models, catalog, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    look_at_all = FolderTree.look_at_all
    looks = []

    def slow_look(tree):
        result = look_at_all(tree)
        looks.append(result)
        begun.set()
        assert go_on.wait(30)
        return result

    monkeypatch.setattr(FolderTree, "look_at_all", slow_look)
    first = asyncio.create_task(catalog.scan())
    await asyncio.to_thread(begun.wait, 30)
    models.file("late.h5")
    others = [asyncio.create_task(catalog.scan()) for _ in range(5)]
    await asyncio.sleep(0)
    others.pop().cancel()
    go_on.set()
    assert await first == ()
    for other in others:
        assert [entry.exact_name for entry in await other] == ["late.h5"]
    assert len(looks) == 2


async def test_a_failed_scan_does_not_spoil_the_next(models, catalog, monkeypatch):
    def failing_look(tree):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(FolderTree, "look_at_all", failing_look)
        with pytest.raises(OSError, match="Input/output"):
            await catalog.scan()
    models.file("a.h5")
    assert len(await catalog.scan()) == 1


def test_differences_are_complete_and_minimal(models):
    models.file("a.h5", b"1")
    models.file("b.h5", b"1")
    before = scan(models.path).entries
    models.file("b.h5", b"12")
    models.file("c.h5", b"1")
    (models.path / "a.h5").unlink()
    after = scan(models.path).entries
    old, new = by_exact_name(before), by_exact_name(after)
    found = [(change.kind, change.entry) for change in differences(old, new)]
    assert found == [
        (ChangeKind.REMOVED, before[0]),
        (ChangeKind.CHANGED, after[0]),
        (ChangeKind.ADDED, after[1]),
    ]
    assert list(differences(new, new)) == []


@pytest.fixture
def large(monkeypatch):
    """Have any tree count as a large one, in which nothing is looked at without a reason."""
    monkeypatch.setattr(catalog_module, "SMALL_TREE", 0)


@pytest.mark.usefixtures("large")
async def test_a_list_of_a_large_tree_has_what_was_added_and_removed(models, catalog):
    models.file("sub/a.h5")
    models.file("b.h5")
    first = await catalog.refresh()
    assert await catalog.refresh() is first
    models.file("sub/deep/c.h5")
    (models.path / "b.h5").unlink()
    found = await catalog.refresh()
    assert [entry.exact_name for entry in found] == ["sub/a.h5", "sub/deep/c.h5"]


@pytest.fixture
def old(monkeypatch):
    """Have times of folders tell everything, as they do when two seconds have passed."""
    monkeypatch.setattr(tree_module, "COARSE_TICK_NS", -1_000_000_000)


@pytest.mark.usefixtures("large", "old")
async def test_a_look_up_or_a_hint_shows_what_was_rewritten_in_a_large_tree(models, catalog):
    path = models.file("sub/a.h5", b"1")
    first = await catalog.refresh()
    path.write_bytes(b"12")
    assert await catalog.refresh() is first
    await catalog.lookup("sub/a")
    assert (await catalog.refresh())[0].size_bytes == 2
    path.write_bytes(b"123")
    catalog.hint(str(path.parent))
    assert (await catalog.refresh())[0].size_bytes == 3
    path.write_bytes(b"1234")
    assert (await catalog.scan())[0].size_bytes == 4


@pytest.mark.usefixtures("large", "old")
async def test_a_hint_is_not_lost_when_looking_fails(models, catalog, monkeypatch):
    path = models.file("a.h5", b"1")
    await catalog.refresh()
    path.write_bytes(b"12")
    catalog.hint(str(models.path))

    def failing_look(tree, changed):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(FolderTree, "look_again", failing_look)
        with pytest.raises(OSError, match="Input/output"):
            await catalog.refresh()
    assert (await catalog.refresh())[0].size_bytes == 2


async def test_a_list_of_a_small_tree_needs_no_hint(models, catalog):
    path = models.file("a.h5", b"1")
    await catalog.refresh()
    path.write_bytes(b"12")
    assert (await catalog.refresh())[0].size_bytes == 2
