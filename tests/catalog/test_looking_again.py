"""What makes a folder worth another look; ``test_tree.py`` tries all of it together."""

from __future__ import annotations

import os
import time

import pytest

from tests.catalog.test_tree import names_of
from tfjs_serve.catalog import tree as tree_module
from tfjs_serve.catalog.tfjs_folders import TfjsReader
from tfjs_serve.catalog.tree import FolderTree
from tfjs_serve.sightings import identity_of


@pytest.fixture
def look(models):
    """Look once, long after everything, and return what looks again."""
    tree = FolderTree(models.path, TfjsReader(), clock=lambda: time.time() + 3600)

    def look(changed=()):
        found = tree.look_again(changed)
        assert found == FolderTree(models.path, TfjsReader()).look_at_all()
        return found

    return look


def test_a_link_that_leads_elsewhere_by_another_link_is_noticed(models, look):
    """Neither the folder nor the link in it has changed, nor the folders that it led to."""
    models.file("a/m.h5", b"1")
    models.file("b/m.h5", b"12")
    models.link("x/via", models.path / "a")
    models.link("l", models.path / "x/via")
    models.link("l.h5", models.path / "x/via/m.h5")
    models.file("rest/n.h5")
    look()
    (models.path / "x/via").unlink()
    models.link("x/via", models.path / "b")
    found = {entry.exact_name: entry.size_bytes for entry in look().entries}
    assert (found["l.h5"], found["l/m.h5"]) == (2, 2)


def test_a_file_that_a_link_leads_to_is_looked_at_without_an_event(models, look):
    path = models.file("sub/m.h5", b"1")
    models.link("l.h5", path)
    look()
    path.write_bytes(b"12")
    found = look([str(path.parent)])
    assert [entry.size_bytes for entry in found.entries] == [2, 2]


def test_a_second_change_within_one_tick_is_noticed(models, monkeypatch):
    """A folder that has just changed may change again without getting another time."""
    models.file("a.h5")
    identity = identity_of(str(models.path))
    monkeypatch.setattr(tree_module, "identity_of", lambda path: identity)
    tree = FolderTree(models.path, TfjsReader())
    tree.look_at_all()
    models.file("b.h5")
    assert names_of(tree.look_again(())) == ["a.h5", "b.h5"]


def test_only_folders_that_changed_are_listed(models, monkeypatch):
    for name in ("a/m.h5", "b/m.h5", "b/c/m.h5"):
        models.file(name)
    tree = FolderTree(models.path, TfjsReader(), clock=lambda: time.time() + 3600)
    tree.look_at_all()
    models.file("b/new.h5")
    listed = []
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(path) or real(path))
    found = tree.look_again([str(models.path / "a")])
    assert listed == [str(models.path / "b"), str(models.path / "a")]
    assert names_of(found) == ["a/m.h5", "b/c/m.h5", "b/m.h5", "b/new.h5"]
    assert tree.look_again(()) is found
    assert len(listed) == 2


@pytest.mark.parametrize("is_told", [True, False])
def test_what_lies_beside_a_folder_that_is_a_model_is_noticed(models, look, is_told):
    """The folder itself has not changed, nor has anybody told of it."""
    for name in ("config.json", "metadata.json", "model.weights.h5"):
        models.file(f"deep/net/{name}", b'{"class_name": "Sequential"}')
    look()
    labels = models.file("deep/net.labels.txt", b"1")
    deep = str(labels.parent)
    assert [one.path for one in look([deep] if is_told else ()).entries[0].neighbours] == [labels]
    labels.write_bytes(b"12")
    assert look([deep]).entries[0].stamps[-1].size_bytes == 2
    labels.unlink()
    assert look([deep] if is_told else ()).entries[0].neighbours == ()


def test_a_hint_about_an_unknown_folder_is_a_hint_about_everything(models, look):
    path = models.file("a/m.h5", b"1")
    look()
    path.write_bytes(b"12")
    assert look(["/nowhere"]).entries[0].size_bytes == 2


def test_a_tree_that_could_not_be_walked_is_looked_at_from_the_start(models, monkeypatch):
    path = models.file("a/m.h5", b"1")
    tree = FolderTree(models.path, TfjsReader(), clock=lambda: time.time() + 3600)
    tree.look_at_all()
    path.write_bytes(b"12")
    with monkeypatch.context() as patch:
        patch.setattr(tree, "_look_into", None)
        with pytest.raises(TypeError):
            tree.look_at_all()
    assert tree.look_again(()).entries[0].size_bytes == 2


def test_a_folder_that_could_not_be_listed_is_tried_again(models, monkeypatch):
    """A disk that fails for a moment leaves the folder's times as they were."""
    models.file("a/m.h5")
    tree = FolderTree(models.path, TfjsReader(), clock=lambda: time.time() + 3600)
    real = os.scandir

    def failing_scandir(path):
        if str(path).endswith("a"):
            raise OSError(5, "Input/output error")
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", failing_scandir)
        found = tree.look_at_all()
    assert (found.entries, found.warnings) == (
        (),
        ("cannot look into the folder 'a': Input/output error",),
    )
    assert names_of(tree.look_again(())) == ["a/m.h5"]
