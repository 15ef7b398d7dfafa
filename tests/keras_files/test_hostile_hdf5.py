"""HDF5 files made to exhaust the machine or to crash it: refused with a reason, nothing read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tfjs_serve import untrusted_json
from tfjs_serve.errors import UnsafeFileError
from tfjs_serve.keras_files import attributes, limits, open_model
from tfjs_serve.keras_files.datasets import child

from .handmade import CONFIG, refused, write_hdf5

WEIGHT = "/model_weights/dense/dense/bias:0"
TERABYTE = 1 << 40
Plant = Callable[[h5py.File], None]


def hostile(path: Path, plant: Plant, config: Any = CONFIG) -> Path:
    """Write a whole model and change it."""
    with h5py.File(write_hdf5(path, config), "a") as file:
        plant(file)
    return path


def dataset(shape: tuple[int, ...], dtype: Any = np.float32, **options: Any) -> Plant:
    """Declare a weight; nothing is written into it."""

    def plant(file: h5py.File) -> None:
        del file[WEIGHT]
        file.create_dataset(WEIGHT, shape, dtype, **options)

    return plant


def contiguous_beyond_the_end(file: h5py.File) -> None:
    """Declare more than was allocated, as no program can: the shape is changed in the file."""
    del file[WEIGHT]
    file.create_dataset(WEIGHT, data=np.zeros(12345, np.uint8), maxshape=(54321,), chunks=(12345,))
    file[WEIGHT].resize((54321,))


def bomb(file: h5py.File) -> None:
    """Write 80 MiB of zeros, of which gzip makes 80 KiB."""
    del file[WEIGHT]
    zeros = np.zeros((20 << 20,), np.float32)
    file.create_dataset(WEIGHT, data=zeros, compression="gzip", chunks=(1 << 20,))


def unknown_filter(file: h5py.File) -> None:
    """Name a filter that a library would have to be loaded for."""
    del file[WEIGHT]
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_chunk((2,))
    layout.set_filter(32023, h5py.h5z.FLAG_OPTIONAL)
    space = h5py.h5s.create_simple((2,))
    h5py.h5d.create(file.id, WEIGHT.encode(), h5py.h5t.IEEE_F32LE, space, layout)


def references(file: h5py.File) -> None:
    del file[WEIGHT]
    file.create_dataset(WEIGHT, data=[file.ref, file["model_weights"].ref], dtype=h5py.ref_dtype)


def region_references(file: h5py.File) -> None:
    kernel = file["/model_weights/dense/dense/kernel:0"]
    del file[WEIGHT]
    file.create_dataset(WEIGHT, data=[kernel.regionref[0:1]], dtype=h5py.regionref_dtype)


def texts(file: h5py.File) -> None:
    del file[WEIGHT]
    file.create_dataset(WEIGHT, data=["a", "b"], dtype=h5py.string_dtype())


def repeated(file: h5py.File) -> None:
    """Name one weight of 1 MiB a thousand times."""
    group = file["model_weights/dense"]
    group["big"] = np.zeros(1 << 18, np.float32)
    group.attrs["weight_names"] = [b"big"] * 1000


DATASETS: dict[str, tuple[Plant, str]] = {
    "10 TB, never written": (dataset((10 * TERABYTE,), np.uint8, chunks=(1 << 20,)), "10995116"),
    "10 TB, contiguous": (dataset((10 * TERABYTE,), np.uint8), "10995116"),
    "16 MB, never written": (dataset((1 << 22,), chunks=(1 << 10,)), "of which 0 were written"),
    "packed, never written": (dataset((4,), chunks=(2,), compression="gzip"), "0 were written"),
    "product past 64 bits": (dataset((1 << 30, 1 << 30, 1 << 30), chunks=(1, 1, 1)), "declares"),
    "partly written": (contiguous_beyond_the_end, "of which 12345 were written"),
    "zeros, packed": (bomb, "times its size"),
    "unknown filter": (unknown_filter, "unknown filter (32023)"),
    "32 axes": (dataset((1,) * 32), "32 axes"),
    "object references": (references, "not numeric"),
    "region references": (region_references, "not numeric"),
    "texts": (texts, "not numeric"),
    "one weight a thousand times": (repeated, "times its size"),
}


@pytest.mark.parametrize("what", DATASETS)
def test_a_weight_that_declares_what_it_does_not_hold_is_refused(tmp_path: Path, what: str) -> None:
    plant, said = DATASETS[what]
    error = refused(hostile(tmp_path / "m.h5", plant))
    assert said in error.message
    assert isinstance(error, UnsafeFileError) is (said != "not numeric")


def test_chunks_of_absurd_size_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAXIMUM_CHUNK_BYTES", 1000)

    def plant(file: h5py.File) -> None:
        del file[WEIGHT]
        values = np.arange(4, dtype=np.float32)
        file.create_dataset(WEIGHT, data=values, chunks=(1 << 20,), maxshape=(None,))

    assert "chunks of 4194304 bytes" in refused(hostile(tmp_path / "m.h5", plant)).message


def test_weights_without_number_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAXIMUM_WEIGHTS", 1)
    assert "more than 1 weights" in refused(write_hdf5(tmp_path / "m.h5")).message


def test_well_packed_weights_of_a_usual_size_are_read(tmp_path: Path) -> None:
    def plant(file: h5py.File) -> None:
        del file[WEIGHT]
        file.create_dataset(WEIGHT, data=np.zeros(1 << 20, np.float32), compression="gzip")

    path = hostile(tmp_path / "m.h5", plant)
    with open_model(path, display_name="m.h5") as model:
        (block, *_) = model.weights["dense"][1].blocks(1 << 30)
    assert path.stat().st_size < 100_000
    assert block.nbytes == 4 << 20


def test_no_library_is_loaded_for_a_filter(tmp_path: Path) -> None:
    h5py.h5pl.append(str(tmp_path).encode())
    with open_model(write_hdf5(tmp_path / "m.h5"), display_name="m.h5"):
        assert h5py.h5pl.size() == 0


ATTRIBUTES: dict[str, Any] = {
    "compound": np.zeros(3, [("a", "f4"), ("b", [("c", "S3")])]),
    "numbers": np.arange(4),
    "references": np.array([h5py.Reference()] * 2, dtype=h5py.ref_dtype),
    "lists of variable length": np.array([np.arange(3), None], h5py.vlen_dtype(np.int32))[:1],
}


@pytest.mark.parametrize("name", ["model_config", "keras_version", "backend"])
@pytest.mark.parametrize("what", ATTRIBUTES)
def test_an_attribute_that_is_no_text_is_refused(tmp_path: Path, name: str, what: str) -> None:
    def plant(file: h5py.File) -> None:
        value = ATTRIBUTES[what]
        file.attrs.create(name, value, dtype=value.dtype)

    error = refused(hostile(tmp_path / "m.h5", plant))
    assert isinstance(error, UnsafeFileError)
    assert error.message.endswith(f"the attribute {name} of / is not text")


def test_attributes_of_absurd_size_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attributes, "MAXIMUM_TEXT_BYTES", 1000)
    text = json.dumps({**CONFIG, "padding": " " * 2000})
    for index, config in enumerate((text, text.encode())):
        error = refused(write_hdf5(tmp_path / f"{index}.h5", config))
        assert isinstance(error, UnsafeFileError)
        assert "model_config" in error.message
    error = refused(write_hdf5(tmp_path / "pieces.h5", text, chunk=10))
    assert "the attribute model_config2 of / is too long" in error.message


def test_names_without_number_or_end_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attributes, "MAXIMUM_WEIGHTS", 1)
    assert "has 2 texts" in refused(write_hdf5(tmp_path / "many.h5")).message
    path = write_hdf5(tmp_path / "long.h5", weights={"x" * 70_000: {}}, chunk=1)
    assert "a name of absurd length" in refused(path).message


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("[" * 100_000, "deeper"),
        ('{"a":' * 300 + "1" + "}" * 300, "deeper"),
        (json.dumps({**CONFIG, "seed": 0}).replace("0", "9" * 5000), "an integer of 5000 digits"),
    ],
)
def test_a_configuration_that_breaks_its_readers_is_refused(
    tmp_path: Path, config: str, said: str
) -> None:
    assert said in refused(write_hdf5(tmp_path / "m.h5", config.encode())).message


def test_a_configuration_with_too_many_values_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(untrusted_json, "MAXIMUM_VALUES", 100)
    config = json.dumps({**CONFIG, "many": [0] * 200})
    assert "more than 100 values" in refused(write_hdf5(tmp_path / "m.h5", config)).message


@pytest.mark.parametrize("version", ["3." + "1" * 100, "3.0<script>", "3\n2026 ERROR", "3.0\udcff"])
def test_a_version_is_no_more_than_a_version(tmp_path: Path, version: str) -> None:
    path = write_hdf5(tmp_path / "m.h5", version=None)
    with h5py.File(path, "a") as file:
        file.attrs["keras_version"] = version.encode(errors="surrogateescape")
    assert "was written by Keras" in refused(path).message


@pytest.mark.parametrize("exception", [MemoryError(), RecursionError()])
def test_want_of_memory_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exception: Exception
) -> None:
    def fail(*_arguments: object) -> None:
        raise exception

    monkeypatch.setattr("tfjs_serve.keras_files.hdf5.child", fail)
    assert child is not fail
    assert "more memory than there is" in refused(write_hdf5(tmp_path / "m.h5")).message
