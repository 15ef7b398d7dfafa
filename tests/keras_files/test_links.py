"""Only what a file holds itself is read: no link or storage that leads elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from tfjs_serve.errors import UnsafeFileError
from tfjs_serve.keras_files import open_model

from .handmade import write_hdf5

SECRET = np.arange(4, dtype=np.float32)
Plant = Callable[[h5py.File, Path], None]


def _replace(file: h5py.File, path: str) -> tuple[h5py.Group, str]:
    del file[path]
    parent, name = path.rsplit("/", 1)
    return file[parent or "/"], name


def external_link(path: str) -> Plant:
    def plant(file: h5py.File, other: Path) -> None:
        group, name = _replace(file, path)
        group[name] = h5py.ExternalLink(str(other), "/secret")

    return plant


def soft_link(path: str) -> Plant:
    def plant(file: h5py.File, _other: Path) -> None:
        group, name = _replace(file, path)
        group[name] = h5py.SoftLink("/model_weights/dense/dense/kernel:0")

    return plant


def external_storage(file: h5py.File, other: Path) -> None:
    group, name = _replace(file, "/model_weights/dense/dense/bias:0")
    raw = other.with_suffix(".raw")
    raw.write_bytes(SECRET.tobytes())
    group.create_dataset(name, (4,), np.float32, external=[(str(raw), 0, SECRET.nbytes)])


def virtual_dataset(file: h5py.File, other: Path) -> None:
    group, name = _replace(file, "/model_weights/dense/dense/bias:0")
    layout = h5py.VirtualLayout((4,), np.float32)
    layout[:] = h5py.VirtualSource(str(other), "secret", (4,))
    group.create_virtual_dataset(name, layout)


WEIGHT, LAYER, ROOT = "/model_weights/dense/dense/bias:0", "/model_weights/dense", "/model_weights"
TRICKS: dict[str, Plant] = {
    "external link to a weight": external_link(WEIGHT),
    "external link to a layer": external_link(LAYER),
    "external link to all weights": external_link(ROOT),
    "soft link to a weight": soft_link(WEIGHT),
    "soft link to a layer": soft_link(LAYER),
    "external storage": external_storage,
    "virtual dataset": virtual_dataset,
}


@pytest.mark.parametrize("trick", TRICKS)
def test_data_outside_of_the_file_is_refused(tmp_path: Path, trick: str) -> None:
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["secret"] = SECRET
    path = write_hdf5(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        TRICKS[trick](file, other)
    with pytest.raises(UnsafeFileError) as raised, open_model(path, display_name="m.h5"):
        pass
    assert raised.value.message.startswith("m.h5")


def test_hard_links_within_the_file_are_read(tmp_path: Path) -> None:
    path = write_hdf5(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        group = file["model_weights/dense"]
        del group["dense/bias:0"]
        group["dense/bias:0"] = group["dense/kernel:0"]
    with open_model(path, display_name="m.h5") as model:
        assert model.weights["dense"][1].shape == (2, 2)
