"""Where weights lie in their file as they are, so that their bytes can be copied."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tfjs_serve.keras_files import open_model

VALUES = np.arange(600, dtype=np.float32).reshape(20, 30)


def save(path: Path, dtype: str = "<f4", user_block: int = 0, **options: Any) -> None:
    """Write a model with one weight, as Keras 2 does."""
    with h5py.File(path, "w", userblock_size=user_block) as file:
        file.attrs["keras_version"] = "2.11.0"
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": []})
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = ["dense"]
        layer = weights.create_group("dense")
        layer.attrs["weight_names"] = ["kernel"]
        layer.create_dataset("kernel", data=VALUES.astype(dtype), **options)


def placed(path: Path, key: str = "dense") -> bytes | None:
    """Return the bytes where the only weight is said to lie; ``None`` if it does not."""
    with open_model(path, display_name=path.name) as model:
        (weight,) = model.weights[key]
    if weight.place is None:
        return None
    offset, size_bytes = weight.place
    return path.read_bytes()[offset : offset + size_bytes]


@pytest.mark.parametrize("dtype", ["<f4", "<i4"])
@pytest.mark.parametrize("user_block", [0, 512, 2048])
def test_plain_weights_lie_where_they_are_said_to(
    tmp_path: Path, dtype: str, user_block: int
) -> None:
    save(tmp_path / "a.h5", dtype, user_block)
    assert placed(tmp_path / "a.h5") == VALUES.astype(dtype).tobytes()


@pytest.mark.parametrize("dtype", [">f4", "<f8", "<f2", "<i8", "|i1", "|b1"])
def test_weights_that_must_be_converted_have_no_place(tmp_path: Path, dtype: str) -> None:
    save(tmp_path / "a.h5", dtype)
    assert placed(tmp_path / "a.h5") is None


@pytest.mark.parametrize("options", [{"chunks": (5, 30)}, {"compression": "gzip"}])
def test_weights_in_chunks_have_no_place(tmp_path: Path, options: dict[str, Any]) -> None:
    save(tmp_path / "a.h5", **options)
    assert placed(tmp_path / "a.h5") is None


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_weights_in_archives_lie_in_members_that_are_stored(tmp_path: Path, method: int) -> None:
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.create_dataset("layers/dense/vars/0", data=VALUES)
    with zipfile.ZipFile(tmp_path / "a.keras", "w", method) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.0"}))
        archive.writestr("config.json", json.dumps({"class_name": "Sequential", "config": {}}))
        archive.write(tmp_path / "weights.h5", "model.weights.h5")
    expected = VALUES.tobytes() if method == zipfile.ZIP_STORED else None
    assert placed(tmp_path / "a.keras", "layers/dense") == expected
