from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfjs_serve.catalog import folders, tfjs_folders
from tfjs_serve.catalog.explicit import entry_for_path
from tfjs_serve.catalog.model import EntryKind, Neighbour
from tfjs_serve.catalog.scan import find, scan
from tfjs_serve.catalog.tfjs_folders import TfjsReader, parse_document
from tfjs_serve.catalog.tree import FolderTree
from tfjs_serve.errors import KerasFileError, TfjsFolderError
from tfjs_serve.neighbours import MAXIMUM_NEIGHBOUR_BYTES

from .conftest import LAYERS


def exact_names(path: Path) -> list[str]:
    return [entry.exact_name for entry in scan(path).entries]


def test_files_in_sub_folders_are_found_in_order(models):
    models.file("b.h5", b"12345")
    models.file("deep/er/a.KERAS")
    models.file("deep/c.hdf5")
    models.file("notes.txt")
    result = scan(models.path)
    assert [(entry.exact_name, entry.name, entry.kind) for entry in result.entries] == [
        ("b.h5", "b", EntryKind.HDF5),
        ("deep/c.hdf5", "deep/c", EntryKind.HDF5),
        ("deep/er/a.KERAS", "deep/er/a", EntryKind.KERAS_ZIP),
    ]
    assert result.entries[0].path == models.path / "b.h5"
    assert result.entries[0].size_bytes == 5
    assert result.warnings == ()


def test_a_stamp_is_the_identity_of_the_file(models):
    path = models.file("deep/a.h5")
    (stamp,) = scan(models.path).entries[0].stamps
    stat = path.stat()
    assert (stamp.path, stamp.inode, stamp.mtime_ns) == ("deep/a.h5", stat.st_ino, stat.st_mtime_ns)


def test_hidden_temporary_and_foreign_things_are_skipped(models):
    for path in (".hidden.h5", ".git/a.h5", "node_modules/x/a.h5", "a.tmp.h5", "__MACOSX/a.h5"):
        models.file(path)
    models.file("venv/pyvenv.cfg")
    models.file("venv/lib/h5py/test.h5")
    assert scan(models.path).entries == ()


def test_a_folder_or_fifo_with_a_model_ending_is_no_file(models):
    models.file("saved.keras/inner.h5")
    if hasattr(os, "mkfifo"):
        os.mkfifo(models.path / "pipe.h5")
    assert exact_names(models.path) == ["saved.keras/inner.h5"]


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"format": "layers-model"}, EntryKind.TFJS_LAYERS),
        ({"format": "graph-model"}, EntryKind.TFJS_GRAPH),
        ({"modelTopology": {"model_config": {}}}, EntryKind.TFJS_LAYERS),
        ({"modelTopology": {"keras_version": "2"}}, EntryKind.TFJS_LAYERS),
        ({"modelTopology": {"node": []}}, EntryKind.TFJS_GRAPH),
        ({"modelTopology": {}}, None),
        ({"modelTopology": 1}, None),
        ({"format": ["layers-model"]}, None),
        ({"name": "a 3-D model"}, None),
        ([1, 2], None),
        (None, None),
    ],
)
def test_tfjs_documents_are_told_from_other_json(document, kind):
    parsed = parse_document(document)
    assert (parsed.kind if parsed else None) == kind


def test_shard_paths_that_leave_the_folder_are_not_looked_at():
    paths = [
        "a.bin",
        "sub/b.bin",
        "../c",
        "/etc/passwd",
        "x/../../c",
        "c:\\x",
        "\0",
        "",
        7,
        "a.bin",
    ]
    document = {"format": "graph-model", "weightsManifest": [{"paths": paths}, 3, {"paths": "x"}]}
    parsed = parse_document(document)
    assert parsed is not None
    assert parsed.shard_paths == ("a.bin", "sub/b.bin")


def test_a_tfjs_folder_is_one_entry_with_its_shards(models):
    manifest = [{"paths": ["s1.bin", "s2.bin"], "weights": []}]
    document = {"format": "graph-model", "weightsManifest": manifest}
    models.tfjs("nets/pose", document, **{"s1.bin": b"12", "other.bin": b"12345"})
    models.file("nets/pose/inner/a.h5")
    models.file("nets/pose/source.h5")
    tfjs, source = scan(models.path).entries
    assert (tfjs.name, tfjs.exact_name) == ("nets/pose", "nets/pose/model.json")
    assert (tfjs.kind, tfjs.path) == (EntryKind.TFJS_GRAPH, models.path / "nets/pose")
    assert [stamp.path for stamp in tfjs.stamps] == ["nets/pose/model.json", "nets/pose/s1.bin"]
    assert source.exact_name == "nets/pose/source.h5"


def test_the_models_folder_itself_may_be_a_tfjs_folder(models):
    models.tfjs(".")
    (entry,) = scan(models.path).entries
    assert (entry.name, entry.exact_name, entry.path) == ("models", "model.json", models.path)
    assert find(models.path, "models") == find(models.path, "model.json") == [entry]


def test_other_json_is_no_model_and_its_folder_is_looked_into(models):
    models.tfjs("scene", {"meshes": []})
    models.file("scene/a.h5")
    assert exact_names(models.path) == ["scene/a.h5"]


def test_broken_json_is_told(models):
    models.file("x/model.json", b'{"format": ')
    models.file("deep/model.json", b"[" * 100_000)
    result = scan(models.path)
    assert (result.entries, result.warnings) == ((), ())
    assert {other.path: other.message for other in result.others} == {
        "x/model.json": "a model.json that is not valid JSON",
        "deep/model.json": "a model.json that is not valid JSON",
    }


def test_a_model_stays_while_its_model_json_is_rewritten(models):
    folder = models.tfjs("net")
    reader = TfjsReader()
    (before,) = scan(models.path, reader).entries
    (folder / "model.json").write_bytes(b'{"for')
    (torn,) = scan(models.path, reader).entries
    assert (torn.exact_name, torn.kind) == (before.exact_name, before.kind)
    assert torn.stamps != before.stamps
    assert scan(models.path, reader).warnings == ("'net/model.json' is not valid JSON",)
    (folder / "model.json").write_bytes(b'{"other": "JSON"}')
    assert scan(models.path, reader).entries == ()


def test_a_model_json_is_read_once_per_version(models, monkeypatch):
    folder = models.tfjs("net")
    reads = []
    monkeypatch.setattr(
        tfjs_folders, "parse_document", lambda doc: reads.append(doc) or parse_document(doc)
    )
    reader = TfjsReader()
    scan(models.path, reader)
    scan(models.path, reader)
    find(models.path, "net", reader)
    assert len(reads) == 1
    (folder / "model.json").write_text(json.dumps({"format": "graph-model"}))
    assert scan(models.path, reader).entries[0].kind is EntryKind.TFJS_GRAPH
    assert len(reads) == 2


def test_documents_of_folders_that_are_gone_are_forgotten(models):
    reader = TfjsReader()
    tree = FolderTree(models.path, reader)
    for number in range(3):
        folder = models.tfjs(f"net{number}")
        tree.look_at_all()
        shutil.rmtree(folder)
    models.tfjs("stays")
    tree.look_at_all()
    assert list(reader._seen) == [str(models.path / "stays" / "model.json")]


def test_a_huge_model_json_is_not_read(models, monkeypatch):
    models.tfjs("net")
    monkeypatch.setattr(tfjs_folders, "MAXIMUM_MODEL_JSON_BYTES", 10)
    result = scan(models.path)
    assert result.entries == ()
    assert "a model.json that is larger than" in result.others[0].message


def test_links_inside_the_folder_are_followed(models):
    models.file("runs/7/a.h5", b"seven")
    models.link("latest.h5", models.path / "runs/7/a.h5")
    models.link("latest", models.path / "runs/7")
    result = scan(models.path)
    assert [(entry.exact_name, entry.size_bytes) for entry in result.entries] == [
        ("latest.h5", 5),
        ("latest/a.h5", 5),
        ("runs/7/a.h5", 5),
    ]
    assert result.warnings == ()


def test_links_out_of_the_folder_are_not_followed(models, tmp_path):
    secret = tmp_path / "models-secret"
    secret.mkdir()
    (secret / "a.h5").write_bytes(b"secret")
    (secret / "model.json").write_text('{"format": "layers-model"}')
    models.link("out", secret)
    models.link("out.h5", secret / "a.h5")
    models.link("net/model.json", secret / "model.json")
    result = scan(models.path)
    assert result.entries == ()
    assert len(result.warnings) == 3
    assert all("leads out of the folder" in warning for warning in result.warnings)
    assert find(models.path, "out/a") == find(models.path, "out") == find(models.path, "net") == []


def test_the_models_folder_may_be_a_link_itself(models, tmp_path):
    models.file("a.h5")
    link = tmp_path / "link"
    link.symlink_to(models.path)
    (entry,) = scan(link).entries
    assert entry.path == link / "a.h5"


def test_loops_of_links_end(models):
    models.file("a/m.h5")
    models.file("b/n.h5")
    models.link("a/up", models.path)
    models.link("a/self", models.path / "a")
    models.link("a/to_b", models.path / "b")
    models.link("b/to_a", models.path / "a")
    models.link("b/me", models.path / "b/me")
    models.link("me.h5", models.path / "me.h5")
    models.link("gone.h5", models.path / "nowhere.h5")
    assert exact_names(models.path) == ["a/m.h5", "a/to_b/n.h5", "b/n.h5", "b/to_a/m.h5"]


def test_crossed_links_stay_cheap(models):
    count = 12
    for i in range(count):
        models.file(f"d{i}/m.h5")
    for i in range(count):
        for j in range(count):
            models.link(f"d{i}/to{j}", models.path / f"d{j}")
    assert len(scan(models.path).entries) == count * count


def test_an_unreadable_folder_is_told_and_stops_nothing(models, monkeypatch):
    models.file("open/a.h5")
    models.file("closed/b.h5")
    real = os.scandir

    def scandir(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(folders.os, "scandir", scandir)
    result = scan(models.path)
    assert [entry.exact_name for entry in result.entries] == ["open/a.h5"]
    assert result.warnings == ("cannot look into the folder 'closed': Permission denied",)


def test_what_vanishes_during_a_scan_is_not_there(models, monkeypatch):
    models.file("a.h5")
    models.file("b.h5")
    models.file("sub/c.h5")
    real = os.scandir

    def scandir_then_lose(path):
        with real(path) as iterator:
            children = list(iterator)
        monkeypatch.undo()
        (models.path / "a.h5").unlink()
        shutil.rmtree(models.path / "sub")
        return contextlib.nullcontext(children)

    monkeypatch.setattr(folders.os, "scandir", scandir_then_lose)
    result = scan(models.path)
    assert [entry.exact_name for entry in result.entries] == ["b.h5"]
    assert result.warnings == ()


@pytest.mark.skipif(os.name == "nt", reason="such names cannot exist on Windows")
def test_names_without_url_are_skipped_with_a_warning(models):
    if os.fsencode("ä") != b"\xc3\xa4":
        pytest.skip("file names are not UTF-8 here")
    models.file("good.h5")
    models.file("bad\nname.h5")
    models.file("-.h5")
    models.file("-/inner.h5")
    models.file("back\\slash.h5")
    with contextlib.suppress(OSError):  # macOS refuses such bytes itself
        models.file(os.fsdecode(b"latin-\xff.h5"))
    result = scan(models.path)
    assert [entry.exact_name for entry in result.entries] == ["good.h5"]
    assert len(result.warnings) >= 4
    assert all("rename it" in warning and warning.isprintable() for warning in result.warnings)


def test_a_missing_models_folder_is_empty_with_a_warning(tmp_path):
    result = scan(tmp_path / "gone")
    assert result.entries == ()
    assert "is not there" in result.warnings[0]
    assert find(tmp_path / "gone", "a") == []


_neighbours = ["a.labels.txt", "a.b.metadata.json", "labels.txt"]
_segment = st.sampled_from(
    ["a", "b", ".h", "a.h5", "a.keras", "a.b.h5", "model.json", *_neighbours]
)
_tree = st.lists(st.lists(_segment, min_size=1, max_size=3).map("/".join), max_size=8)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tree=_tree, is_tfjs=st.booleans(), extra=_tree)
def test_a_lookup_agrees_with_a_scan(tmp_path_factory, tree, is_tfjs, extra):
    root = tmp_path_factory.mktemp("models")
    content = json.dumps({"format": "layers-model"} if is_tfjs else {})
    for relative in tree:
        with contextlib.suppress(OSError):  # a file is where a folder should be, or the reverse
            (root / relative).parent.mkdir(parents=True, exist_ok=True)
            (root / relative).write_text(content)
    entries = scan(root).entries
    asked = {entry.name for entry in entries} | {entry.exact_name for entry in entries}
    for name in asked | set(tree) | set(extra):
        expected = [entry for entry in entries if name in (entry.name, entry.exact_name)]
        assert sorted(find(root, name), key=lambda entry: entry.exact_name) == expected


@pytest.mark.parametrize(
    "name", ["", "/", "a/", "/a", "a//b", "..", "../models/a", "./a", "sub/../a", ".h/a", "a\0b"]
)
def test_names_that_walk_find_nothing(models, name):
    models.file("a.h5")
    models.file("sub/b.h5")
    models.file(".h/a.h5")
    assert find(models.path, name) == []


def test_labels_and_metadata_beside_a_file_are_part_of_its_entry(models):
    models.file("sub/a.v2.h5")
    labels = models.file("sub/a.v2.labels.txt", b"cat")
    for other in ("a.v2.dict.txt", "a.labels.txt", "labels.txt", "A.v2.labels.json"):
        models.file(f"sub/{other}")
    (entry,) = scan(models.path).entries
    assert entry.neighbours == (Neighbour(name="labels.txt", path=labels),)
    assert [stamp.path for stamp in entry.stamps] == ["sub/a.v2.h5", "sub/a.v2.labels.txt"]
    assert entry_for_path(models.path / "sub/a.v2.h5").neighbours == entry.neighbours


def test_the_files_that_are_served_with_a_folder_are_part_of_its_entry(models):
    document = {**LAYERS, "weightsManifest": [{"paths": ["labels.txt"], "weights": []}]}
    folder = models.tfjs("web", document, **{"labels.txt": b"", "metadata.json": b"", "x.txt": b""})
    (entry,) = scan(models.path).entries
    assert entry.neighbours == (Neighbour(name="metadata.json", path=folder / "metadata.json"),)
    paths = ["web/model.json", "web/labels.txt", "web/metadata.json"]
    assert [stamp.path for stamp in entry.stamps] == paths


@pytest.mark.parametrize("follow", [False, True])
def test_a_link_out_of_a_folder_is_not_served_whatever_is_followed(models, follow):
    folder = models.tfjs("web")
    models.file("labels.txt", b"cat")
    models.link("web/labels.txt", models.path / "labels.txt")
    models.link("web/metadata.json", folder / "model.json")
    result = scan(models.path, follow_symlinks=follow)
    (entry,) = result.entries
    assert [neighbour.name for neighbour in entry.neighbours] == ["metadata.json"]
    warning = "'web/labels.txt' is not served: it is a link out of its folder"
    assert result.warnings == (warning,)


def test_what_is_beside_an_explicit_path_is_judged_as_in_a_folder(models, tmp_path, caplog):
    path = models.file("a.h5")
    models.link("a.labels.txt", models.file("../secret.txt"))
    with (models.path / "a.metadata.json").open("wb") as file:
        file.truncate(MAXIMUM_NEIGHBOUR_BYTES + 1)
    (entry,) = scan(models.path).entries
    assert entry.neighbours == entry_for_path(path).neighbours == ()
    assert "leads out of the folder" in caplog.text
    assert "'a.metadata.json' is not served: it has more than 16 MiB" in caplog.text


def test_an_entry_outside_of_any_watched_folder(models):
    path = models.file("a.v2.H5")
    entry = entry_for_path(path)
    assert (entry.name, entry.exact_name, entry.path) == ("a.v2", "a.v2.H5", path)
    assert entry.kind is EntryKind.HDF5
    assert entry.size_bytes == len(b"weights")


def test_a_tfjs_folder_can_be_given_itself_or_by_its_model_json(models):
    folder = models.tfjs("net")
    entry = entry_for_path(folder)
    assert (entry.name, entry.kind, entry.path) == ("net", EntryKind.TFJS_LAYERS, folder)
    assert entry_for_path(folder / "model.json") == entry


def test_a_relative_path_is_made_absolute(models, monkeypatch):
    models.file("a.h5")
    monkeypatch.chdir(models.path)
    assert entry_for_path(Path("a.h5")).path == models.path / "a.h5"


def test_what_is_no_model_is_refused_with_a_hint(models):
    models.file("saved/saved_model.pb")
    models.file("plain/x.txt")
    models.file("other/model.json", b"{}")
    refusals = [
        ("gone.h5", KerasFileError, "check the path"),
        ("saved", KerasFileError, "model.save"),
        ("plain", TfjsFolderError, "tfjs-serve DIR"),
        ("other/model.json", TfjsFolderError, "tfjs-serve DIR"),
        ("bad\0name", KerasFileError, "check the path"),
    ]
    for name, error, hint in refusals:
        with pytest.raises(error) as caught:
            entry_for_path(models.path / name)
        assert hint in caught.value.hint
