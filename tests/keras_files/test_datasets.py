"""Weights are read in blocks of bounded size, whatever their dtype and layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files import WeightRef, open_model
from tfjs_serve.keras_files.datasets import _selections, weight_ref
from tfjs_serve.keras_files.limits import Budget

from .handmade import write_hdf5

Array = npt.NDArray[Any]


def _weight(file: h5py.File, name: str = "weight") -> WeightRef:
    return weight_ref(file, name, Budget(1 << 20, "m.h5"))


def _in_memory() -> h5py.File:
    return h5py.File("memory.h5", "w", driver="core", backing_store=False)


def _read(ref: WeightRef, max_bytes: int = 1 << 20) -> Array:
    blocks = list(ref.blocks(max_bytes))
    values = np.concatenate(blocks) if blocks else np.zeros(0, ref.dtype)
    return values.reshape(ref.shape)


SHAPES = st.lists(st.integers(0, 6), max_size=4).map(tuple)


@given(shape=SHAPES, max_bytes=st.integers(1, 200), chunked=st.booleans())
def test_blocks_joined_are_the_array(shape: tuple[int, ...], max_bytes: int, chunked: bool) -> None:
    array = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)
    with _in_memory() as file:
        chunks = True if chunked and array.size and shape else None
        file.create_dataset("weight", data=array, chunks=chunks)
        ref = _weight(file)
        blocks = list(ref.blocks(max_bytes))
        assert ref.shape == shape
        assert all(block.ndim == 1 for block in blocks)
        assert all(block.nbytes <= max_bytes or block.size == 1 for block in blocks)
        assert np.array_equal(_read(ref, max_bytes), array)


@given(shape=SHAPES, max_bytes=st.integers(1, 200), itemsize=st.sampled_from([1, 2, 4, 8]))
def test_selections_touch_every_element_once_and_in_order(
    shape: tuple[int, ...], max_bytes: int, itemsize: int
) -> None:
    indices = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    touched = [indices[item].ravel() for item in _selections(shape, itemsize, max_bytes)]
    assert np.array_equal(np.concatenate([np.zeros(0, int), *touched]), indices.ravel())
    assert all(part.size for part in touched)


@given(shape=SHAPES, max_bytes=st.integers(1, 200), data=st.data())
def test_selections_of_pieces_touch_every_element_once_and_end_where_pieces_do(
    shape: tuple[int, ...], max_bytes: int, data: st.DataObject
) -> None:
    chunks = tuple(data.draw(st.integers(1, max(1, size))) for size in shape)
    indices = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    found = list(_selections(shape, 4, max_bytes, chunks))
    touched = [indices[item].ravel() for item in found]
    assert np.array_equal(np.concatenate([np.zeros(0, int), *touched]), indices.ravel())
    for *prefix, last in filter(None, found):
        axis = len(prefix)
        has_room = 4 * np.prod(shape[axis + 1 :], dtype=int) * chunks[axis] <= max_bytes
        assert isinstance(last, slice)
        assert not has_room or last.start % chunks[axis] == 0


def test_pieces_that_hold_many_rows_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each read of a part of such a piece decompresses all of it."""
    with _in_memory() as file:
        file.create_dataset("weight", data=np.zeros((64, 8), np.float32), chunks=(16, 8))
        reads = []
        real = h5py.Dataset.__getitem__

        def read(dataset: h5py.Dataset, selection: Any, **options: Any) -> Any:
            reads.append(selection)
            return real(dataset, selection, **options)

        monkeypatch.setattr(h5py.Dataset, "__getitem__", read)
        monkeypatch.setattr("tfjs_serve.keras_files.datasets._CHUNKED_BYTES", 40 * 8 * 4)
        blocks = list(_weight(file).blocks(64))
    assert {block.nbytes for block in blocks} == {64}
    assert [(item[0].start, item[0].stop) for item in reads] == [(0, 32), (32, 64)]


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": (3, 2)},
        {"compression": "gzip", "shuffle": True},
        {"compression": "lzf"},
        {"fletcher32": True, "chunks": True},
        {"maxshape": (None, None)},
        {"scaleoffset": 4, "chunks": (4, 5)},
    ],
)
def test_every_layout_is_read(tmp_path: Path, options: dict[str, Any]) -> None:
    array = np.arange(35, dtype=np.float32).reshape(7, 5)
    with h5py.File(tmp_path / "m.h5", "w", libver="latest") as file:
        file.create_dataset("weight", data=array, **options)
        assert np.array_equal(_read(_weight(file), max_bytes=16), array)


def test_data_beside_its_own_description_is_read(tmp_path: Path) -> None:
    """The compact layout, which h5py itself never writes."""
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_layout(h5py.h5d.COMPACT)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        space = h5py.h5s.create_simple((3,))
        dataset = h5py.h5d.create(file.id, b"weight", h5py.h5t.IEEE_F32LE, space, layout)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(3, dtype=np.float32))
        assert _read(_weight(file), max_bytes=4).tolist() == [
            0,
            1,
            2,
        ]


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        ("<f4", "float32"),
        (">f4", "float32"),
        ("<f2", "float16"),
        (">f8", "float64"),
        ("<i8", "int64"),
        (">i2", "int16"),
        ("|u1", "uint8"),
        ("|b1", "bool"),
    ],
)
def test_dtypes_become_native(dtype: str, name: str) -> None:
    array = np.array([[0, 1, 2], [3, 4, 5]]).astype(dtype)
    with _in_memory() as file:
        file["weight"] = array
        ref = _weight(file)
        values = _read(ref)
    assert ref.dtype == name
    assert values.dtype == np.dtype(name)
    assert values.dtype.isnative
    assert np.array_equal(values, array)


def test_bfloat16_is_widened_exactly() -> None:
    floats = np.array([0.0, -0.0, 1.0, -2.5, 3.389e38, 1e-40, np.inf, -np.inf], np.float32)
    upper = (floats.view(np.uint32) >> 16).astype(np.uint16)
    with _in_memory() as file:
        file["weight"] = upper.view("V2").reshape(2, 4)
        ref = _weight(file)
        values = _read(ref, max_bytes=4)
    assert (ref.dtype, values.dtype) == ("bfloat16", np.float32)
    expected = (upper.astype(np.uint32) << 16).view(np.float32).reshape(2, 4)
    assert values.tobytes() == expected.tobytes()


def test_scalar_and_empty_weights_are_read() -> None:
    with _in_memory() as file:
        file["scalar"] = np.float32(2.5)
        file["empty"] = np.zeros((0, 3), np.float32)
        scalar, empty = (_weight(file, name) for name in ("scalar", "empty"))
        assert (scalar.shape, _read(scalar).tolist()) == ((), 2.5)
        assert (empty.shape, _read(empty).tolist()) == ((0, 3), [])


@pytest.mark.parametrize(
    "values",
    [
        np.array([b"text"]),
        np.array([1 + 2j]),
        np.zeros(2, [("a", "f4")]),
        np.zeros(2, "V3"),
        h5py.Empty("f4"),
    ],
)
def test_what_is_no_number_is_refused(tmp_path: Path, values: Any) -> None:
    path = write_hdf5(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        del file["model_weights/dense/dense/bias:0"]
        file["model_weights/dense/dense/bias:0"] = values
    with pytest.raises(KerasFileError, match="dense/bias:0"), open_model(path, display_name="m.h5"):
        pass
