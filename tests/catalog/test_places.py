"""Where a model is to be saved, and where none may be."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.catalog.places import place_of
from tfjs_serve.catalog.scan import scan
from tfjs_serve.errors import AmbiguousNameError, CannotSaveHereError, TfjsServeError


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("new", "new.h5"),
        ("new.h5", "new.h5"),
        ("new.HDF5", "new.HDF5"),
        ("new.keras", "new.keras"),
        ("deep/new", "deep/new.h5"),
        ("new.v2", "new.v2.h5"),
        ("ne w", "ne w.h5"),
        ("näu", "näu.h5"),
        ("conduct", "conduct.h5"),
    ],
)
def test_a_new_name_is_a_new_file(models, name, file):
    (models.path / "deep").mkdir()
    place = place_of(models.path, name)
    assert (place.exact_name, place.path, place.entry) == (file, models.path / file, None)


@pytest.mark.parametrize("name", ["a", "a.h5", "deep/b", "deep/b.keras", "con", "c.h5"])
def test_a_model_that_is_there_is_its_own_place(models, name):
    for file in ("a.h5", "deep/b.keras", "con.h5", "c.h5.hdf5"):
        models.file(file)
    place = place_of(models.path, name)
    assert place.entry in scan(models.path).entries
    assert place.exact_name == place.entry.exact_name
    assert place.path == models.path / place.exact_name


async def test_the_catalogue_knows_the_place(models):
    models.file("a.h5")
    catalog = Catalog(models.path)
    assert (await catalog.place("a")).entry == await catalog.lookup("a")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "leads out"),
        ("../a", "leads out"),
        ("a/../../b", "leads out"),
        ("/etc/a", "leads out"),
        ("a//b", "leads out"),
        ("a/", "leads out"),
        ("a\\b", "backslash"),
        ("a\nb", "control"),
        ("a\0b", "control"),
        ("%2e%2e", "percent"),
        ("-/a", "reserved"),
        ("a:b", "Windows"),
        ("a?", "Windows"),
        ("nul", "device"),
        ("COM1.h5", "device"),
        ("deep/aux", "device"),
        ("a.", "ends with a dot"),
        (" a", "space"),
        (".a", "hidden"),
        ("~a.h5", "hidden"),
        ("a.tmp.h5", "hidden"),
        ("x" * 198, "too long"),
        ("none/a", "no folder"),
        (".git/a", "no folder"),
        ("__pycache__/a", "no folder"),
        ("file/a", "no folder"),
        ("w.weights", "weights"),
        ("w.WEIGHTS.h5", "weights"),
    ],
)
def test_names_that_no_model_may_have(models, name, reason):
    for path in ("deep/x.txt", ".git/x", "__pycache__/x", "file"):
        models.file(path)
    with pytest.raises(CannotSaveHereError, match=reason):
        place_of(models.path, name)


@pytest.mark.parametrize(
    ("taken", "name"), [("A.h5", "a"), ("a.H5", "a.h5"), ("ß.h5", "SS"), ("a.h5/x", "a")]
)
def test_names_that_are_taken_or_the_same_on_some_systems(models, taken, name):
    models.file(taken)
    with pytest.raises(TfjsServeError):
        place_of(models.path, name)


def test_weights_without_a_model_are_not_replaced(models):
    models.file("w.weights.h5")
    for name in ("w.weights", "w.weights.h5"):
        with pytest.raises(CannotSaveHereError, match="weights"):
            place_of(models.path, name)
    assert place_of(models.path, "w").exact_name == "w.h5"


def test_no_name_becomes_ambiguous(models):
    models.file("a.keras")
    with pytest.raises(AmbiguousNameError) as caught:
        place_of(models.path, "a.h5")
    assert caught.value.candidates == ("a.keras",)


def test_what_several_models_are_called_means_none(models):
    models.file("a.keras")
    models.file("a.h5")
    with pytest.raises(AmbiguousNameError):
        place_of(models.path, "a")
    assert place_of(models.path, "a.h5").path == models.path / "a.h5"


@pytest.mark.parametrize("follow", [False, True])
def test_no_link_on_the_way_is_followed(models, tmp_path, follow):
    outside = tmp_path / "outside"
    outside.mkdir()
    models.file("real/a.h5")
    links = {"way": "real", "alias.h5": "real/a.h5", "exit": outside, "broken.h5": outside / "b.h5"}
    for name, target in links.items():
        models.link(name, models.path / target)
    (outside / "far.h5").write_bytes(b"x")
    for name in ("way/a", "way/new", "alias", "exit/far", "exit/new", "broken", "broken.h5"):
        with pytest.raises(CannotSaveHereError):
            place_of(models.path, name, follow_symlinks=follow)
    assert place_of(models.path, "real/a").exact_name == "real/a.h5"


def test_the_models_folder_itself_may_be_behind_a_link(models):
    models.file("a.h5")
    models.link("../link", models.path)
    link = models.path.parent / "link"
    assert place_of(link, "a").path == link / "a.h5"
    assert place_of(link, "new").exact_name == "new.h5"


@given(st.text(max_size=30))
def test_whatever_the_name_is_the_file_lies_in_the_folder(name):
    folder = Path("/nowhere/models")
    try:
        place = place_of(folder, name)
    except TfjsServeError:
        return
    assert place.path.parent == folder
    assert place.path.name == place.exact_name
    assert "/" not in place.exact_name
