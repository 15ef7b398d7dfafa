"""What a file is, whatever its name says."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import h5py
import pytest

from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files import Container
from tfjs_serve.keras_files.sniff import sniff

from .handmade import write_hdf5


def test_hdf5_is_told_by_its_content(tmp_path: Path) -> None:
    assert sniff(write_hdf5(tmp_path / "model.keras"), "model.keras") is Container.HDF5


@pytest.mark.parametrize("offset", [512, 1024, 2048])
def test_hdf5_may_follow_a_user_block(tmp_path: Path, offset: int) -> None:
    path = tmp_path / "model.h5"
    h5py.File(path, "w", userblock_size=offset).close()
    assert sniff(path, "model.h5") is Container.HDF5


def test_signature_elsewhere_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(b"x" * 100 + b"\x89HDF\r\n\x1a\n")
    with pytest.raises(KerasFileError):
        sniff(path, "model.h5")


@pytest.mark.parametrize("members", [["config.json"], []])
def test_zip_is_an_archive(tmp_path: Path, members: list[str]) -> None:
    path = tmp_path / "model.h5"
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, "{}")
    assert sniff(path, "model.h5") is Container.KERAS_ZIP


@pytest.mark.parametrize("offset", [512, 1024, 2048])
def test_archive_whose_weights_begin_where_hdf5_may(tmp_path: Path, offset: int) -> None:
    path = tmp_path / "model.keras"
    name = "config.json"
    headers = 2 * 30 + len(name) + len("model.weights.h5")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "{}".ljust(offset - headers))
        archive.write(write_hdf5(tmp_path / "weights.h5"), "model.weights.h5")
    assert h5py.is_hdf5(path)
    assert sniff(path, "model.keras") is Container.KERAS_ZIP


@pytest.mark.parametrize(
    ("content", "said", "hinted"),
    [
        (b"", "is empty", "wait"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer", "git lfs pull"),
        (b"<!DOCTYPE html><html>", "web page", "raw"),
        (b"\n  <HTML lang=en>", "web page", "raw"),
        (b"<?xml version='1.0'?>", "web page", "raw"),
        (b' {"format": "layers-model"}', "JSON", "model.save"),
        (b"\x89PNG\r\n\x1a\n", "neither", "model.save"),
        (b"\x89HDF\r\n", "neither", "model.save"),
        (b"PK", "neither", "model.save"),
        (b"\x00" * 5000, "zeros", "again"),
        (b"\x1c\x00\x00\x00TFL3\x14\x00", "TensorFlow Lite", "Keras model"),
        (b"\x08\x01\x12\xd8\x07\n", "SavedModel", "load_model"),
        (b"\x08\x07\x12\x07pytorch\x1a", "ONNX", "Keras model"),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "PyTorch", "Keras"),
        (b"\x80\x04\x95\x10\x00", "pickle", "model.save"),
        (b'\x40\x00\x00\x00\x00\x00\x00\x00{"a":', "safetensors", "Keras"),
        (b"\x93NUMPY\x01\x00", "NumPy", "model.save"),
        (b"\x1f\x8b\x08\x00", "gzip", "unpack"),
        (b"x" * 257 + b"ustar\x0000", "tar", "unpack"),
        (b"backend: tensorflow\nclass_name: Model\n", "YAML", "model.save"),
        (b'model_checkpoint_path: "ckpt"', "checkpoint", "model.save"),
    ],
)
def test_other_files_are_named(tmp_path: Path, content: bytes, said: str, hinted: str) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(content)
    with pytest.raises(KerasFileError) as raised:
        sniff(path, "shown.h5")
    assert raised.value.message.startswith("shown.h5 ")
    assert said in raised.value.message
    assert hinted in raised.value.hint


def test_missing_file_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(KerasFileError, match="cannot be read"):
        sniff(tmp_path / "gone.h5", "gone.h5")


@pytest.mark.skipif(sys.platform == "win32", reason="folders open otherwise there")
def test_folder_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(KerasFileError, match="cannot be read"):
        sniff(tmp_path, "folder.h5")
