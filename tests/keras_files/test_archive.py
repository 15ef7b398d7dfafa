"""``.keras`` archives are read in place; what is missing or made to harm is refused."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tfjs_serve.errors import UnsafeFileError, WeightsOnlyFileError
from tfjs_serve.keras_files import Container, limits, open_model

from .handmade import CONFIG, refused

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
WEIGHTS = "model.weights.h5"


def weights_file(arrays: Mapping[str, Any]) -> bytes:
    stored = io.BytesIO()
    with h5py.File(stored, "w") as file:
        for path, values in arrays.items():
            file[path] = values
    return stored.getvalue()


def members(**changed: bytes | str | None) -> dict[str, bytes | str]:
    """Return the members of a good archive, with some changed or, if ``None``, left out."""
    arrays = {"layers/dense/vars/0": KERNEL, "optimizer/vars/0": 1}
    usual: dict[str, bytes | str | None] = {
        WEIGHTS: weights_file(arrays),
        "assets/notes.txt": "more than Keras needs",
        "config.json": json.dumps(CONFIG),
        "metadata.json": json.dumps({"keras_version": "3.15.0"}),
    }
    usual.update({name.replace("__", "."): content for name, content in changed.items()})
    return {name: content for name, content in usual.items() if content is not None}


def write_archive(path: Path, compression: int = zipfile.ZIP_STORED, **changed: Any) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        file.comment = b"made by hand"
        for name, content in members(**changed).items():
            file.writestr(name, content)
    return path


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_weights_are_read_and_nothing_is_unpacked(tmp_path: Path, compression: int) -> None:
    path = write_archive(tmp_path / "model.h5", compression)
    with open_model(path, display_name="m.keras") as model:
        assert (model.dialect.generation, model.dialect.container) == (3, Container.KERAS_ZIP)
        assert model.config == CONFIG
        assert list(model.weights) == ["layers/dense"]
        (ref,) = model.weights["layers/dense"]
        assert np.array_equal(np.concatenate(list(ref.blocks(8))).reshape(ref.shape), KERNEL)
    assert list(tmp_path.iterdir()) == [path]


def test_variables_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    arrays = {f"layers/lstm/cell/vars/{index}": np.float32(index) for index in range(12)}
    path = write_archive(tmp_path / "m.keras", model__weights__h5=weights_file(arrays))
    with open_model(path, display_name="m.keras") as model:
        refs = model.weights["layers/lstm/cell"]
        assert [float(next(ref.blocks(4))[0]) for ref in refs] == list(range(12))


def test_a_layer_may_be_called_vars(tmp_path: Path) -> None:
    arrays = {"vars/dense/vars/0": KERNEL, "vars/other/vars/0": KERNEL}
    path = write_archive(tmp_path / "m.keras", model__weights__h5=weights_file(arrays))
    with open_model(path, display_name="m.keras") as model:
        assert sorted(model.weights) == ["vars/dense", "vars/other"]


@pytest.mark.parametrize("member", ["config.json", WEIGHTS])
def test_missing_member_is_named(tmp_path: Path, member: str) -> None:
    path = write_archive(tmp_path / "m.keras", **{member.replace(".", "__"): None})
    assert member in refused(path).message


@pytest.mark.parametrize(
    "changed",
    [
        {"config__json": "{"},
        {"config__json": "[]"},
        {"config__json": b"\xff\xfe"},
        {"metadata__json": "3"},
        {"metadata__json": "{"},
        {"metadata__json": '{"keras_version": "4.0"}'},
        {"model__weights__h5": b"not HDF5"},
        {"model__weights__h5": b""},
    ],
)
def test_members_that_make_no_sense_are_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    refused(write_archive(tmp_path / "m.keras", **changed))


@pytest.mark.parametrize("metadata", [None, "{}"])
def test_without_metadata_the_spelling_tells_the_generation(
    tmp_path: Path, metadata: str | None
) -> None:
    new, old = {"batch_shape": [None, 2]}, {"batch_input_shape": [None, 2]}
    for config, generation in ((new, 3), (old, 2)):
        layer = {"class_name": "InputLayer", "config": config}
        text = json.dumps({"class_name": "Sequential", "config": {"layers": [layer]}})
        changed = {"metadata__json": metadata, "config__json": text}
        path = write_archive(tmp_path / f"{generation}.keras", **changed)
        with open_model(path, display_name="m.keras") as model:
            assert model.dialect.generation == generation


def sharded(index: Any, **shards: Mapping[str, Any]) -> dict[str, bytes | str | None]:
    parts = {f"{name}__weights__h5": weights_file(arrays) for name, arrays in shards.items()}
    return {"model__weights__h5": None, "model__weights__json": json.dumps(index), **parts}


def test_weights_in_several_parts_are_put_together(tmp_path: Path) -> None:
    places = {
        "/layers/dense/vars": ["model_00000.weights.h5", "model_00001.weights.h5"],
        "/layers/dense_1/vars": "model_00001.weights.h5",
    }
    changed = sharded(
        {"weight_map": places},
        model_00000={"layers/dense/vars/0": KERNEL},
        model_00001={"layers/dense/vars/1": KERNEL[0], "layers/dense_1/vars/0": KERNEL},
    )
    path = write_archive(tmp_path / "m.keras", **changed)
    with open_model(path, display_name="m.keras") as model:
        shapes = {path: [ref.shape for ref in refs] for path, refs in model.weights.items()}
        assert shapes == {"layers/dense": [(2, 3), (3,)], "layers/dense_1": [(2, 3)]}
        assert np.array_equal(
            np.concatenate(list(model.weights["layers/dense"][1].blocks(8))), [0, 1, 2]
        )


@pytest.mark.parametrize("index", [{}, [], {"weight_map": [1]}, {"weight_map": {"a": 3}}])
def test_an_index_of_parts_that_makes_no_sense_is_refused(tmp_path: Path, index: Any) -> None:
    assert "weights.json" in refused(write_archive(tmp_path / "m.keras", **sharded(index))).message


def test_a_part_that_is_missing_is_named(tmp_path: Path) -> None:
    changed = sharded({"weight_map": {"/layers/dense/vars": "model_00007.weights.h5"}})
    assert "model_00007" in refused(write_archive(tmp_path / "m.keras", **changed)).message


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    changed = {"model__weights__h5": None, "model__weights__npz": b"PK"}
    assert "pickled" in refused(write_archive(tmp_path / "m.keras", **changed)).message


@pytest.mark.parametrize(
    ("names", "said", "hinted"),
    [
        (["model.weights.h5"], "weights only", "load the weights"),
        (["m/saved_model.pb", "m/variables/variables.index"], "SavedModel", "load_model"),
        (["archive/data.pkl", "archive/version"], "PyTorch", "Keras"),
        (["a.npy", "b.npy"], "NumPy", "save the whole model"),
        (["model/config.json", "model/model.weights.h5"], "'model/'", "without a folder"),
        (["weights/best.h5", "README.md"], "weights/best.h5", "unpack"),
        (["notes.txt"], "no config.json", "save the whole model"),
        ([], "no config.json", "save the whole model"),
    ],
)
def test_other_archives_are_named(tmp_path: Path, names: list[str], said: str, hinted: str) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, "x")
    error = refused(path)
    assert isinstance(error, WeightsOnlyFileError) is (said == "weights only")
    assert said in error.message
    assert hinted in error.hint


@pytest.mark.parametrize("link", [h5py.SoftLink("/layers"), h5py.ExternalLink("x.h5", "/a")])
def test_links_in_the_weights_are_refused(tmp_path: Path, link: Any) -> None:
    stored = weights_file({"layers/dense/vars/0": KERNEL, "layers/other": link})
    assert isinstance(
        refused(write_archive(tmp_path / "m.keras", model__weights__h5=stored)), UnsafeFileError
    )


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
def test_cut_off_archive_is_refused(tmp_path: Path, compression: int, share: float) -> None:
    path = write_archive(tmp_path / "m.keras", compression)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert "its end, where an archive lists what is in it, is missing" in refused(path).message


def test_changed_bytes_of_a_packed_member_are_noticed(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "m.keras", zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(path) as file:
        start = file.getinfo(WEIGHTS).header_offset
    data = bytearray(path.read_bytes())
    data[start + 200] ^= 0xFF
    path.write_bytes(data)
    assert WEIGHTS in refused(path).message


def _with_directory_field(path: Path, member: str, offset: int, value: bytes) -> None:
    """Overwrite a field of a member's entry in the central directory (APPNOTE 4.3.12)."""
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    while not data[entry + 46 :].startswith(member.encode()):
        entry = data.index(b"PK\x01\x02", entry + 4)
    data[entry + offset : entry + offset + len(value)] = value
    path.write_bytes(data)


def test_encrypted_archive_says_so(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "m.keras")
    _with_directory_field(path, "config.json", 8, struct.pack("<H", 1))
    assert "encrypted" in refused(path).message


def test_size_that_the_file_does_not_have_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "m.keras")
    _with_directory_field(path, WEIGHTS, 24, struct.pack("<I", 1 << 30))
    assert WEIGHTS in refused(path).message


def test_text_of_absurd_size_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAXIMUM_TEXT_BYTES", 1000)
    config = json.dumps({**CONFIG, "padding": " " * 2000})
    path = write_archive(tmp_path / "m.keras", zipfile.ZIP_DEFLATED, config__json=config)
    error = refused(path)
    assert isinstance(error, UnsafeFileError)
    assert "config.json" in error.message


def test_vocabularies_are_read_by_the_path_of_their_layer(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members().items():
            file.writestr(name, content)
        file.writestr("assets/layers/string_lookup/vocabulary.txt", "[UNK]\nrød")
        file.writestr("assets/vocabulary.txt", "of no layer")
    with open_model(path, display_name="m.keras") as model:
        assert model.vocabularies == {"layers/string_lookup": "[UNK]\nrød"}


def test_a_variable_of_a_lookup_layer_has_a_name(tmp_path: Path) -> None:
    arrays = {"layers/string_lookup/vars/idf_weights": KERNEL[0]}
    path = write_archive(tmp_path / "m.keras", model__weights__h5=weights_file(arrays))
    with open_model(path, display_name="m.keras") as model:
        (ref,) = model.weights["layers/string_lookup"]
        assert ref.shape == (3,)
