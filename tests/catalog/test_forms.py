"""Models in several files: which files belong together, judged without reading them."""

from __future__ import annotations

import json

import pytest

from tfjs_serve.builder.stamps import read_stamps
from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.catalog.explicit import entry_for_path, is_folder_of_models
from tfjs_serve.catalog.model import EntryKind
from tfjs_serve.catalog.names import similar_names
from tfjs_serve.catalog.scan import find, scan
from tfjs_serve.catalog.tfjs_folders import TfjsReader
from tfjs_serve.errors import ModelNotFoundError, SettingsError
from tfjs_serve.neighbours import MAXIMUM_NEIGHBOUR_BYTES

ARCHITECTURE = b'{"class_name": "Sequential", "config": []}'


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("digits.model", b"\x89HDF\r\n\x1a\n", EntryKind.HDF5),
        ("x.zip", b"PK\x03\x04", EntryKind.KERAS_ZIP),
        ("m.hdf", b"", EntryKind.HDF5),
        ("without", b"PK\x03\x04", EntryKind.KERAS_ZIP),
    ],
)
def test_a_file_that_is_given_may_have_any_ending(models, name, content, kind):
    entry = entry_for_path(models.file(name, content))
    assert (entry.exact_name, entry.kind) == (name, kind)
    assert not scan(models.path).entries


def stamped(entry):
    return [stamp.path for stamp in entry.stamps]


def test_a_folder_that_keras_wrote_is_a_model(models):
    models.file("net/config.json", ARCHITECTURE)
    assert not scan(models.path).entries  # some program's configuration
    for name in ("metadata.json", "model.weights.h5", "assets/layers/lookup/vocabulary.txt"):
        models.file(f"net/{name}")
    models.file("net/other.h5")
    models.file("net/inner/m.h5")
    models.file("net/assets/m.h5")
    *others, net = sorted(scan(models.path).entries, key=lambda entry: entry.name == "net")
    assert [one.exact_name for one in others] == ["net/inner/m.h5", "net/other.h5"]
    assert (net.name, net.exact_name, net.kind) == (
        *("net", "net/config.json", EntryKind.KERAS_FOLDER),
    )
    parts = ["config.json", "metadata.json", "model.weights.h5"]
    assets = ["assets/m.h5", "assets/layers/lookup/vocabulary.txt"]
    assert stamped(net) == [f"net/{name}" for name in (*parts, *assets)]
    for name in ("net", "net/config.json"):
        assert find(models.path, name) == [net]
    for path in (net.path, net.path.parent):
        assert entry_for_path(path).kind is EntryKind.KERAS_FOLDER


def test_a_folder_that_is_given_has_what_lies_beside_it(models):
    for name in ("config.json", "metadata.json", "model.weights.h5"):
        models.file(f"net/{name}", ARCHITECTURE)
    labels = models.file("net.labels.txt", b"a")
    for path in (labels.parent / "net", labels.parent / "net" / "config.json"):
        entry = entry_for_path(path)
        assert [one.path for one in entry.neighbours] == [labels]
        assert read_stamps(entry) == entry.stamps


def test_what_is_left_out_beside_a_folder_that_is_given_is_told(models, caplog):
    for name in ("config.json", "metadata.json", "model.weights.h5"):
        models.file(f"net/{name}", ARCHITECTURE)
    labels = models.file("net.labels.txt")
    with labels.open("wb") as file:
        file.truncate(MAXIMUM_NEIGHBOUR_BYTES + 1)
    assert not entry_for_path(labels.parent / "net").neighbours
    (record,) = caplog.records
    assert "'net.labels.txt' is not served: it has more than" in record.getMessage()


def test_candidates_are_not_of_the_size_of_weights(models):
    models.file("a.json", ARCHITECTURE)
    models.file("w.weights.json", b'{"metadata": {}}')
    for name, content in (("w_00000.weights.h5", b"12"), ("empty.h5", b""), ("m.labels.txt", b"1")):
        models.file(name, content)
    models.file("m.h5", b"123")
    sizes = {entry.exact_name: entry.size_bytes for entry in scan(models.path).entries}
    assert sizes == {"empty.h5": 0, "m.h5": 3, "w.weights.json": 16 + 2}
    entry = entry_for_path(models.path / "m.h5")
    assert (entry.size_bytes, entry.candidates) == (3, 1)


def test_an_archive_and_its_folder_have_one_name(models):
    models.file("net.keras")
    models.file("net/config.json", ARCHITECTURE)
    models.file("net/model.weights.h5")
    found = {entry.exact_name for entry in find(models.path, "net")}
    assert found == {"net.keras", "net/config.json"}


def test_architectures_beside_weights_may_be_theirs(models):
    models.file("a.json", ARCHITECTURE)
    models.file("model.json", b'{"keras_version": "1.2.2", "class_name": "Sequential"}')
    models.file("labels.json", b'["a", "b"]')
    models.file(".hidden.json", ARCHITECTURE)
    models.file("net.h5")
    models.file("net.keras")
    archive, weights = sorted(scan(models.path).entries, key=lambda entry: entry.kind.value)[::-1]
    assert stamped(archive) == ["net.keras"]
    assert stamped(weights) == ["net.h5", "a.json", "model.json"]
    assert find(models.path, "net.h5") == [weights]
    assert stamped(entry_for_path(models.path / "net.h5")) == stamped(weights)
    given = entry_for_path(models.path / "net.h5", models.path / "labels.json")
    assert stamped(given) == ["net.h5", str(models.path / "labels.json")]
    with pytest.raises(SettingsError, match="an architecture of its own"):
        entry_for_path(models.path / "net.keras", models.path / "a.json")


def test_in_a_crowd_an_architecture_has_the_name_of_its_weights(models):
    for number in range(65):
        models.file(f"{number}.json", ARCHITECTURE)
    for name in ("7.h5", "8.weights.h5", "9_weights.hdf5"):
        models.file(name)
    found = {entry.exact_name: stamped(entry)[1:] for entry in scan(models.path).entries}
    assert found == {
        "7.h5": ["7.json"],
        "8.weights.h5": ["8.json"],
        "9_weights.hdf5": ["9.json"],
    }


def test_an_architecture_that_is_being_rewritten_still_counts(models):
    models.file("a.json", ARCHITECTURE)
    models.file("net.h5")
    reader = TfjsReader()
    before = scan(models.path, reader)
    models.file("a.json", b"")
    (entry,) = scan(models.path, reader).entries
    assert stamped(entry) == stamped(before.entries[0])
    assert entry != before.entries[0]
    models.file("a.json", b"[]")
    assert stamped(scan(models.path, reader).entries[0]) == ["net.h5"]


def test_listed_weights_are_one_model(models):
    for name in ("net_00000.weights.h5", "net_00001.weights.h5", "other_00000.weights.h5"):
        models.file(name)
    models.file("net.weights.json", b'{"metadata": {"total_size": 1}, "weight_map": {}}')
    models.file("other.weights.json", b"[]")
    net, other = scan(models.path).entries
    assert (net.exact_name, net.kind) == ("net.weights.json", EntryKind.KERAS_WEIGHTS)
    assert stamped(net)[1:] == ["net_00000.weights.h5", "net_00001.weights.h5"]
    assert other.exact_name == "other_00000.weights.h5"
    assert entry_for_path(models.path / "net_00001.weights.h5").exact_name == net.exact_name


def test_parts_that_are_links_out_of_the_folder_are_left_out(models, tmp_path):
    models.file("net/config.json", ARCHITECTURE)
    models.file("net/metadata.json")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret").write_bytes(b"x")
    models.link("net/model.weights.h5", tmp_path / "elsewhere" / "secret")
    models.link("net/assets", tmp_path / "elsewhere")
    (net,) = scan(models.path).entries
    parts = ["net/config.json", "net/metadata.json"]
    assert stamped(net) == parts
    assert [stamp.path for stamp in read_stamps(net)] == parts
    assert "leads out of the folder" in scan(models.path).warnings[0]


def utf16(text):
    return text.decode().encode("utf-16")


def in_a_string(text):
    return json.dumps(text.decode()).encode()


@pytest.mark.parametrize("file_name", ["model.json", "fer.json", "ARCH.JSON", "arch.txt"])
@pytest.mark.parametrize("written", [bytes, utf16, in_a_string])
async def test_an_architecture_without_weights_is_told(models, file_name, written):
    name = f"net/{file_name}"
    models.file(name, written(ARCHITECTURE))
    models.file("net/whole.keras")  # which has its own
    (other,) = scan(models.path).others
    stem = file_name.partition(".")[0]
    assert (other.path, other.message) == (name, "an architecture without weights")
    assert f"save the weights beside it: model.save_weights('{stem}.weights.h5')" in other.hint
    catalog = Catalog(models.path)
    await catalog.scan()
    for asked in {name, name.rpartition(".")[0], "net" if name == "net/model.json" else name}:
        with pytest.raises(ModelNotFoundError, match="is no model: it is an architecture") as told:
            await catalog.lookup(asked)
        assert told.value.hint == other.hint
    models.file("net/net.weights.h5")
    assert not scan(models.path).others
    await catalog.scan()
    with pytest.raises(ModelNotFoundError) as told:
        await catalog.lookup(name.rpartition(".")[0])
    assert told.value.hint.startswith("did you mean 'net/net.weights'")


def test_an_architecture_that_many_may_share_means_the_one_with_its_name(models):
    models.file("fer.json", ARCHITECTURE)
    for name in ("cut.h5", "download.h5", "empty.h5", "fer.weights.h5"):
        models.file(name)
    assert similar_names("fer", scan(models.path).entries) == ["fer.weights"]


@pytest.mark.parametrize(
    "document",
    [
        {"name": "functional", "trainable": True, "layers": [{"class_name": "InputLayer"}]},
        [{"class_name": "Dense", "config": {}}],
    ],
)
def test_a_configuration_without_its_class_is_told_and_tried(models, document):
    models.file("net.json", json.dumps(document).encode())
    (other,) = scan(models.path).others
    assert "the result of get_config()" in other.message
    models.file("net.h5")
    assert stamped(scan(models.path).entries[0]) == ["net.h5", "net.json"]


@pytest.mark.parametrize(
    "content",
    [
        *(b'{"name": "my-app", "layers": []}', b'["a", "b"]', b'{"config": {"port": 1}}', b""),
        b'{"modelTopology": {"class_name": "Model"}}',
    ],
)
def test_other_json_is_nobody_s_business(models, content):
    models.file("package.json", content)
    models.file("labels.txt", content)
    assert not scan(models.path).others


def test_many_texts_are_data(models):
    models.file("net.h5")
    for number in range(65):
        models.file(f"{number}.txt", ARCHITECTURE)
    assert stamped(scan(models.path).entries[0]) == ["net.h5"]


def test_a_folder_is_of_models_unless_it_is_one(models):
    models.file("keras/model.json", ARCHITECTURE)
    models.file("keras/net.h5")
    models.file("damaged/model.json", b"{")
    models.file("net/config.json", ARCHITECTURE)
    models.file("net/metadata.json")
    models.tfjs("tfjs")
    of_models = {path.name: is_folder_of_models(path) for path in models.path.iterdir()}
    assert of_models == {"keras": True, "damaged": False, "net": False, "tfjs": False}
