"""Links that lead out of the folder: shut unless somebody asked for them to be followed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.catalog.scan import find, scan


@pytest.fixture
def outside(tmp_path, models):
    """A folder beside the models folder, of a name that begins like its own."""
    folder = tmp_path / "models-elsewhere"
    folder.mkdir()
    return type(models)(folder)


def followed(models) -> dict[str, CatalogEntry]:
    entries = scan(models.path, follow_symlinks=True).entries
    for entry in entries:
        assert find(models.path, entry.exact_name, follow_symlinks=True) == [entry]
        assert entry in find(models.path, entry.name, follow_symlinks=True)
    return {entry.exact_name: entry for entry in entries}


def warnings(models) -> tuple[str, ...]:
    return scan(models.path, follow_symlinks=True).warnings


def test_without_being_asked_no_link_leads_out_and_the_option_is_named(models, outside):
    models.link("a.h5", outside.file("x.h5"))
    models.link("folder", outside.path)
    models.link("net", outside.tfjs("net"))
    models.link("shards/model.json", outside.path / "net/model.json")
    result = scan(models.path)
    assert result.entries == ()
    assert len(result.warnings) == 4
    assert all("--follow-symlinks" in warning for warning in result.warnings)
    for name in ("a", "a.h5", "folder/x", "net", "net/model.json", "shards"):
        assert find(models.path, name) == []


def test_files_folders_and_tfjs_folders_outside_are_served_when_asked(models, outside):
    models.link("a.h5", outside.file("x.h5", b"12345"))
    models.link("folder", outside.path)
    models.link("net", outside.tfjs("net"))
    assert set(followed(models)) == {
        "a.h5",
        "folder/net/model.json",
        "folder/x.h5",
        "net/model.json",
    }
    assert followed(models)["a.h5"].size_bytes == 5
    assert warnings(models) == ()


def test_a_shard_behind_a_link_belongs_to_its_model_when_asked(models, outside):
    document = {"format": "layers-model", "weightsManifest": [{"paths": ["w.bin"], "weights": []}]}
    models.tfjs("net", document)
    models.link("net/w.bin", outside.file("w.bin", b"1234567"))
    (shut,) = scan(models.path).entries
    (open_,) = scan(models.path, follow_symlinks=True).entries
    assert [stamp.path for stamp in shut.stamps] == ["net/model.json"]
    assert open_.size_bytes == shut.size_bytes + 7


def test_identity_is_that_of_what_a_link_leads_to(models, outside):
    target = outside.file("x.h5", b"one")
    models.link("a.h5", target)
    stat = target.stat()
    (stamp,) = followed(models)["a.h5"].stamps
    assert (stamp.inode, stamp.device, stamp.size_bytes) == (stat.st_ino, stat.st_dev, 3)


async def test_a_link_that_is_pointed_elsewhere_is_a_change(models, outside, changes_of):
    times = (1_000_000_000, 1_000_000_000)
    for name in ("one.h5", "two.h5"):  # same size, same time: another file all the same
        os.utime(outside.file(name, b"same"), times)
    models.link("a.h5", outside.path / "one.h5")
    catalog = Catalog(models.path, follow_symlinks=True)
    changes = changes_of(catalog)
    await catalog.scan()
    before = await catalog.lookup("a")
    (models.path / "a.h5").unlink()
    models.link("a.h5", outside.path / "two.h5")
    assert await catalog.lookup("a") != before
    await catalog.scan()
    await changes.until(("added", "a.h5"), ("changed", "a.h5"))
    (outside.path / "two.h5").unlink()
    await catalog.scan()
    await changes.until(("removed", "a.h5"))


def test_loops_through_the_outside_end_and_are_told(models, outside, tmp_path):
    models.file("m.h5")
    outside.file("n.h5")
    outside.link("back", models.path)
    outside.link("self", outside.path)
    models.link("out", outside.path)
    models.link("up", tmp_path)
    models.link("root", Path(tmp_path.anchor))
    assert set(followed(models)) == {"m.h5", "out/n.h5"}
    told = "\n".join(warnings(models))
    for link in ("up", "root"):
        assert f"{link!r} leads to a folder that it lies in" in told


def test_a_link_behind_a_link_is_told_and_a_chain_of_links_is_followed(models, outside, tmp_path):
    far = type(models)(tmp_path / "far")
    far.file("m.h5")
    outside.link("deeper", far.path)
    outside.link("far.h5", far.path / "m.h5")
    models.link("near", outside.path)
    models.link("chain", outside.path / "deeper")
    assert set(followed(models)) == {"chain/m.h5", "near/far.h5"}
    assert any("'near/deeper' lies behind another link" in one for one in warnings(models))


def test_hidden_and_temporary_names_stay_hidden_whatever_they_lead_to(models, outside):
    target = outside.file("x.h5")
    for name in (".a.h5", "~a.h5", "#a.h5", "a.tmp.h5"):
        models.link(name, target)
    models.link(".folder", outside.path)
    models.link("broken.h5", outside.path / "nowhere.h5")
    models.link("device.h5", Path(os.devnull))
    assert followed(models) == {}
