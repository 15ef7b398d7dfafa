"""Whole models in HDF5: attributes, versions, weights in order, and what is no model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tfjs_serve.errors import KerasFileError, WeightsOnlyFileError
from tfjs_serve.keras_files import Container, KerasModel, open_model

from .handmade import CONFIG, DENSE, refused, write_hdf5

MANY = {
    f"layer_{index}": {f"layer_{index}/{name}:0": [float(index)] for name in ("kernel", "bias")}
    for index in range(7)
}


def names_of(model: KerasModel) -> dict[str, list[str]]:
    return {layer: [ref.name for ref in refs] for layer, refs in model.weights.items()}


def test_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    with open_model(write_hdf5(tmp_path / "m.h5"), display_name="shown.h5") as model:
        assert (model.display_name, model.keras_version) == ("shown.h5", "3.15.0")
        assert (model.dialect.generation, model.dialect.container) == (3, Container.HDF5)
        assert model.config == CONFIG
        assert names_of(model) == {name: list(arrays) for name, arrays in DENSE.items()}
        kernel, bias = model.weights["dense"]
        assert (kernel.shape, kernel.dtype) == ((2, 2), "float64")
        assert np.concatenate(list(kernel.blocks(1 << 20))).tolist() == [1, 2, 3, 4]
        assert np.concatenate(list(bias.blocks(1 << 20))).tolist() == [0.5, -0.5]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 100])
def test_split_attributes_are_put_together(tmp_path: Path, chunk: int) -> None:
    path = write_hdf5(tmp_path / "m.h5", CONFIG, MANY, chunk=chunk)
    with open_model(path, display_name="m.h5") as model:
        assert model.config == CONFIG
        assert names_of(model) == {name: list(arrays) for name, arrays in MANY.items()}


def test_more_than_nine_pieces_keep_their_order(tmp_path: Path) -> None:
    many = {f"l{index:02}": {} for index in range(25)}
    path = write_hdf5(tmp_path / "m.h5", CONFIG, many, chunk=1)
    with open_model(path, display_name="m.h5") as model:
        assert list(model.weights) == list(many)


@pytest.mark.parametrize(
    ("version", "generation"),
    [
        *(("0.3.3", 1), ("1.2.2", 1), (None, 2)),
        *(("2.2.5", 2), ("2.4.0", 2), ("2.2.4-tf", 2), ("3.0.5", 3), ("3.15.0", 3)),
    ],
)
def test_version_tells_the_generation(tmp_path: Path, version: str | None, generation: int) -> None:
    path = write_hdf5(tmp_path / "m.h5", version=version)
    with open_model(path, display_name="m.h5") as model:
        assert model.dialect.generation == generation


@pytest.mark.parametrize(
    ("arguments", "generation"),
    [
        ({"output_dim": 3, "init": "uniform"}, 1),
        ({"units": 3, "kernel_initializer": {"class_name": "Zeros", "config": {}}}, 2),
        ({"units": 3, "dtype": {"class_name": "DTypePolicy", "config": {}}}, 3),
    ],
)
def test_without_a_version_the_spelling_tells_the_generation(
    tmp_path: Path, arguments: dict[str, Any], generation: int
) -> None:
    config = {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": arguments}]}
    path = write_hdf5(tmp_path / "m.h5", config, version=None)
    with open_model(path, display_name="m.h5") as model:
        assert model.dialect.generation == generation


@pytest.mark.parametrize(
    ("stated", "name", "backend"),
    [("jax", "dense_W", "jax"), (None, "dense_W", "theano"), (None, "dense_W:0", "tensorflow")],
)
def test_the_backend_is_stated_or_told_by_the_names(
    tmp_path: Path, stated: str | None, name: str, backend: str
) -> None:
    path = write_hdf5(tmp_path / "m.h5", CONFIG, {"dense": {name: [1.0]}})
    if stated:
        with h5py.File(path, "a") as file:
            file.attrs["backend"] = stated
    with open_model(path, display_name="m.h5") as model:
        assert model.dialect.backend == backend


@pytest.mark.parametrize("version", ["4.0.0", "10.1", "next"])
def test_other_versions_are_refused_by_name(tmp_path: Path, version: str) -> None:
    path = write_hdf5(tmp_path / "m.h5", version=version)
    with (
        pytest.raises(KerasFileError, match=f"Keras {version}"),
        open_model(path, display_name="m.h5"),
    ):
        pass


@pytest.mark.parametrize("as_bytes", [False, True])
def test_text_may_be_stored_as_bytes_or_text(tmp_path: Path, as_bytes: bool) -> None:
    text = json.dumps({**CONFIG, "note": "größe"}, ensure_ascii=False)
    path = write_hdf5(tmp_path / "m.h5", text.encode() if as_bytes else text)
    with open_model(path, display_name="m.h5") as model:
        assert model.config["note"] == "größe"


@pytest.mark.parametrize("config", ["{", "[]", "null", "3", '{"config": {}}'])
def test_config_that_is_no_model_isrefused(tmp_path: Path, config: str) -> None:
    path = write_hdf5(tmp_path / "m.h5", config.encode())
    with (
        pytest.raises(KerasFileError, match=r"^m\.h5: its architecture"),
        open_model(path, display_name="m.h5"),
    ):
        pass


@pytest.mark.parametrize("group", ["layers", "_layer_checkpoint_dependencies", "encoder/vars"])
def test_weights_by_themselves_are_read(tmp_path: Path, group: str) -> None:
    """``model.save_weights``: Keras 2 lists layers at the root, Keras 3 has groups of objects."""
    listed, grouped = tmp_path / "listed.h5", tmp_path / "grouped.h5"
    with h5py.File(listed, "w") as file:
        file.attrs["layer_names"] = [b"dense"]
        file.create_group("dense").attrs["weight_names"] = [b"dense/kernel:0"]
        file["dense/dense/kernel:0"] = np.zeros(3, np.float32)
    with h5py.File(grouped, "w") as file:
        path = group if group.endswith("/vars") else f"{group}/dense/vars"
        file[f"{path}/0"] = np.zeros(3, np.float32)
    for file_path, name in ((listed, "dense/kernel:0"), (grouped, f"{path}/0")):
        with open_model(file_path, display_name=file_path.name) as model:
            assert (model.config, model.architectures) == ({}, ())
            assert [ref.name for refs in model.weights.values() for ref in refs] == [name]


def test_weights_from_before_keras_1_say_so(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["nb_layers"] = 1
    error = refused(tmp_path / "old.h5")
    assert isinstance(error, WeightsOnlyFileError)
    assert "load_weights" in error.hint


def test_other_hdf5_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file["measurements"] = np.arange(3)
    error = refused(path)
    assert not isinstance(error, WeightsOnlyFileError)
    assert "holds no Keras model" in error.message


def test_architecture_without_weights_isrefused(tmp_path: Path) -> None:
    path = write_hdf5(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        del file["model_weights"]
    assert "no weights" in refused(path).message


@pytest.mark.parametrize(
    ("group", "attribute"),
    [("model_weights", "layer_names"), ("model_weights/dense", "weight_names")],
)
def test_missing_index_is_damage(tmp_path: Path, group: str, attribute: str) -> None:
    path = write_hdf5(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        del file[group].attrs[attribute]
    assert attribute in refused(path).message


@pytest.mark.parametrize("gone", ["dense", "dense/dense/bias:0"])
def test_index_must_not_name_what_is_missing(tmp_path: Path, gone: str) -> None:
    path = write_hdf5(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        del file["model_weights"][gone]
    assert "damaged" in refused(path).hint


def test_group_where_an_array_should_be_isrefused(tmp_path: Path) -> None:
    path = write_hdf5(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        del file["model_weights/dense/dense/bias:0"]
        file.create_group("model_weights/dense/dense/bias:0")
    assert "not an array" in refused(path).message


@pytest.mark.parametrize("left", [0.0, 0.01, 0.3, 0.6, 0.9, 0.99])
def test_cut_off_file_isrefused(tmp_path: Path, left: float) -> None:
    path = write_hdf5(tmp_path / "m.h5", CONFIG, {"d": {"d/k": np.ones((50, 50))}})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * left)])
    refused(path)


def test_damage_shows_when_the_weights_are_read(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(write_hdf5(path), "a") as file:
        group = file["model_weights/dense"]
        del group["dense/kernel:0"]
        group.create_dataset("dense/kernel:0", data=np.zeros((40, 40)), fletcher32=True)
        chunk = group["dense/kernel:0"].id.get_chunk_info(0)
    data = bytearray(path.read_bytes())
    data[chunk.byte_offset] ^= 0xFF
    path.write_bytes(data)
    with open_model(path, display_name="m.h5") as model:
        blocks = model.weights["dense"][0].blocks(1 << 20)
        with pytest.raises(KerasFileError, match="damaged"):
            list(blocks)


DAMAGE = """
import random, sys
from pathlib import Path
from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files import open_model

whole, path = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
chance = random.Random(1)
outcomes = {"read": 0, "refused": 0}
for _ in range(150):
    data = bytearray(whole)
    for _ in range(chance.choice([1, 2, 8])):
        data[chance.randrange(len(data))] = chance.choice([0, 255, chance.randrange(256)])
    path.write_bytes(data)
    try:
        with open_model(path, display_name="m.h5") as model:
            for refs in model.weights.values():
                for ref in refs:
                    list(ref.blocks(1 << 20))
        outcomes["read"] += 1
    except KerasFileError:
        outcomes["refused"] += 1
print(outcomes["read"] and outcomes["refused"])
"""


def test_no_damage_raises_anything_else(tmp_path: Path) -> None:
    """In a process of its own, as in the server: libhdf5 may crash on such files."""
    path = write_hdf5(tmp_path / "m.h5", CONFIG, MANY)
    command = [sys.executable, "-c", DAMAGE, str(path), str(tmp_path / "damaged.h5")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 0


@pytest.mark.parametrize("mode", ["a", "r+"])
def test_open_model_does_not_lock_the_file(tmp_path: Path, mode: Any) -> None:
    path = write_hdf5(tmp_path / "m.h5")
    program = f"import h5py; h5py.File({str(path)!r}, {mode!r}).close()"
    with open_model(path, display_name="m.h5"):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
