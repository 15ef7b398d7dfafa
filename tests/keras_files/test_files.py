"""What a file is, its content decides; what is wrong with it, the message says."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from tfjs_serve.errors import KerasFileError, UnsafeFileError, WeightsOnlyFileError
from tfjs_serve.keras_files import open_model

CONFIG = {"class_name": "Sequential", "config": {"name": "m", "layers": []}}
KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)


def write_hdf5(path: Path | io.BytesIO, kernel: np.ndarray = KERNEL) -> None:
    """Write a model with one weight as Keras does."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(CONFIG)
        file.attrs["keras_version"] = "3.15.0"
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = ["dense"]
        layer = group.create_group("dense")
        layer.attrs["weight_names"] = ["dense/kernel"]
        layer.create_dataset("dense/kernel", data=kernel)


def write_archive(path: Path, compression: int = zipfile.ZIP_STORED) -> None:
    """Write a model with one weight as a ``.keras`` archive, members in another order."""
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        file.create_dataset("layers/dense/vars/0", data=KERNEL)
        file.create_dataset("optimizer/vars/0", data=1)
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.comment = b"made by hand"
        archive.writestr("model.weights.h5", weights.getvalue())
        archive.writestr("assets/notes.txt", "more than Keras needs")
        archive.writestr("config.json", json.dumps(CONFIG))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.0"}))


def first_weight(path: Path) -> np.ndarray:
    with open_model(path, display_name=path.name) as model:
        ((ref,),) = model.weights.values()
        return np.concatenate(list(ref.blocks(1 << 20))).reshape(ref.shape)


def test_an_hdf5_file_is_read_whatever_its_ending(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    write_hdf5(path)
    assert np.array_equal(first_weight(path), KERNEL)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_is_read_whatever_its_ending(tmp_path: Path, compression: int) -> None:
    path = tmp_path / "model.h5"
    write_archive(path, compression)
    assert np.array_equal(first_weight(path), KERNEL)
    assert sorted(tmp_path.iterdir()) == [path]


def test_attributes_that_keras_split_are_put_together(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    write_hdf5(path)
    text = json.dumps(CONFIG)
    with h5py.File(path, "a") as file:
        del file.attrs["model_config"]
        file.attrs["model_config0"], file.attrs["model_config1"] = text[:9], text[9:]
        layer = file["model_weights/dense"]
        layer.create_dataset("dense/bias", data=np.ones(3))
        del layer.attrs["weight_names"]
        layer.attrs["weight_names0"] = np.array([b"dense/kernel"])
        layer.attrs["weight_names1"] = np.array([b"dense/bias"])
    with open_model(path, display_name="model.h5") as model:
        assert model.config == CONFIG
        assert [ref.shape for ref in model.weights["dense"]] == [(2, 3), (3,)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS"),
        (b"\n<!DOCTYPE html><html></html>", "web page"),
        (b'{"class_name": "Sequential"}', "JSON"),
        (b"\x00" * 5000, "neither an HDF5 file nor"),
        (b"\x89HDF\r\n\x1a\n" + b"\x00" * 100, "damaged"),
        (b"PK\x03\x04" + b"\x00" * 100, "damaged"),
    ],
)
def test_what_is_no_model_is_named(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "thing.h5"
    path.write_bytes(content)
    with (
        pytest.raises(KerasFileError, match=told) as caught,
        open_model(path, display_name="thing"),
    ):
        pass
    assert "thing" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("write", [write_hdf5, write_archive])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_file_that_is_cut_off_is_refused(
    tmp_path: Path, write: Callable[[Path], None], share: float
) -> None:
    path = tmp_path / "model.h5"
    write(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(KerasFileError):
        first_weight(path)


def test_weights_alone_are_told_from_a_model(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["dense"]
    with pytest.raises(WeightsOnlyFileError) as caught, open_model(path, display_name="m"):
        pass
    assert "model.save" in caught.value.hint


def link_out(file: h5py.File, other: Path) -> None:
    file["model_weights/dense/dense/kernel"] = h5py.ExternalLink(other.name, "secret")


def link_within(file: h5py.File, _other: Path) -> None:
    file["hidden"] = KERNEL
    file["model_weights/dense/dense/kernel"] = h5py.SoftLink("/hidden")


def store_outside(file: h5py.File, other: Path) -> None:
    raw = other.with_suffix(".raw")
    raw.write_bytes(KERNEL.tobytes())
    file.create_dataset(
        "model_weights/dense/dense/kernel", (2, 3), "f4", external=[(raw, 0, KERNEL.nbytes)]
    )


def virtual(file: h5py.File, other: Path) -> None:
    layout = h5py.VirtualLayout((2, 3), "f4")
    layout[:] = h5py.VirtualSource(other, "secret", (2, 3))
    file.create_virtual_dataset("model_weights/dense/dense/kernel", layout)


@pytest.mark.parametrize("replace", [link_out, link_within, store_outside, virtual])
def test_data_that_lies_elsewhere_is_refused(
    tmp_path: Path, replace: Callable[[h5py.File, Path], None]
) -> None:
    path, other = tmp_path / "model.h5", tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["secret"] = KERNEL
    write_hdf5(path)
    with h5py.File(path, "a") as file:
        del file["model_weights/dense/dense/kernel"]
        replace(file, other)
    with pytest.raises(UnsafeFileError), open_model(path, display_name="model.h5"):
        pass


def test_reading_takes_no_lock(tmp_path: Path) -> None:
    """A training run, which is another process, must be able to save while the model is read."""
    path = tmp_path / "model.h5"
    write_hdf5(path)
    save = f"import h5py; h5py.File({str(path)!r}, 'w').attrs['saved'] = 1"
    with open_model(path, display_name="model.h5"):
        subprocess.run([sys.executable, "-c", save], check=True)
    with h5py.File(path) as file:
        assert dict(file.attrs) == {"saved": 1}
