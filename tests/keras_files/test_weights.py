"""Weights are read in blocks: every kind of dataset, every dtype, never more than asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files.datasets import weight_ref


def read(file: h5py.File, max_bytes: int = 1 << 20) -> np.ndarray:
    ref = weight_ref(file, "w", "model.h5")
    blocks = list(ref.blocks(max_bytes))
    return np.concatenate(blocks).reshape(ref.shape)


@settings(deadline=None)
@given(
    array=hnp.arrays(np.float32, hnp.array_shapes(min_dims=0, max_dims=5, max_side=5)),
    max_bytes=st.integers(1, 200),
)
def test_blocks_are_the_array_in_order_and_no_larger_than_asked(
    array: np.ndarray, max_bytes: int
) -> None:
    with h5py.File.in_memory() as file:
        file["w"] = array
        ref = weight_ref(file, "w", "model.h5")
        blocks = list(ref.blocks(max_bytes))
    assert all(block.ndim == 1 for block in blocks)
    assert all(block.nbytes <= max_bytes or block.size == 1 for block in blocks)
    joined = np.concatenate(blocks).reshape(ref.shape)
    assert np.array_equal(joined, array, equal_nan=True)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"chunks": (3, 2)},
        {"compression": "gzip", "shuffle": True},
        {"compression": "lzf"},
        {"fletcher32": True, "chunks": True},
        {"maxshape": (None, None)},
    ],
)
def test_every_layout_is_read(tmp_path: Path, options: dict[str, Any]) -> None:
    array = np.arange(35, dtype=np.float32).reshape(7, 5)
    with h5py.File(tmp_path / "m.h5", "w", libver="latest") as file:
        file.create_dataset("w", data=array, **options)
        assert np.array_equal(read(file, max_bytes=16), array)


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (">f4", "float32"),
        ("<f8", "float64"),
        (">f2", "float16"),
        (">i8", "int64"),
        ("u1", "uint8"),
        ("?", "bool"),
    ],
)
def test_dtypes_arrive_in_native_order(tmp_path: Path, stored: str, told: str) -> None:
    array = np.array([[0, 1], [1, 0]], dtype=stored)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["w"] = array
        assert weight_ref(file, "w", "model.h5").dtype == told
        values = read(file)
    assert values.dtype == np.dtype(told)
    assert np.array_equal(values, array)


def test_bfloat16_is_widened_exactly(tmp_path: Path) -> None:
    """h5py shows bfloat16 as two opaque bytes."""
    wide = np.array([1.0, -2.5, 0.0, 3.0e38, 1.0e-38], dtype=np.float32)
    halves = (wide.view(np.uint32) >> 16).astype(np.uint16)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["w"] = halves.view("V2")
        assert weight_ref(file, "w", "model.h5").dtype == "bfloat16"
        values = read(file)
    expected = (halves.astype(np.uint32) << 16).view(np.float32)
    assert np.array_equal(values, expected)


@pytest.mark.parametrize("value", ["text", np.zeros(3, dtype="c8"), np.zeros(2, dtype="V3")])
def test_what_is_no_number_is_refused(tmp_path: Path, value: Any) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["w"] = value
        with pytest.raises(KerasFileError, match="no number"):
            weight_ref(file, "w", "model.h5")
