"""Heaps of texts that a save has not finished: noticed before libhdf5 follows them.

libhdf5 itself stands the files that are made here: it tells the damage, or never looks at the heap.
"""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from tfjs_serve.errors import KerasFileError, UnsafeFileError
from tfjs_serve.keras_files import attributes, open_model
from tfjs_serve.keras_files.heaps import largest_text_bytes

from .handmade import CONFIG, write_hdf5

SIGNATURE = b"GCOL\x01"
HEADER_BYTES = 16


def heap(path: Path) -> int:
    """Return where the first heap of a file begins."""
    return path.read_bytes().index(SIGNATURE)


def overwrite(path: Path, start: int, value: bytes) -> None:
    data = bytearray(path.read_bytes())
    data[start : start + len(value)] = value
    path.write_bytes(data)


def refused(path: Path) -> None:
    with (
        pytest.raises(KerasFileError, match=r"^m\.h5 is damaged .* has no end"),
        open_model(path, display_name="m.h5"),
    ):
        pass


def test_whole_heaps_are_read(tmp_path: Path) -> None:
    path = write_hdf5(tmp_path / "m.h5", chunk=2)
    assert heap(path) > 0
    assert largest_text_bytes(path, 8, "m.h5") == len(json.dumps(CONFIG))
    with open_model(path, display_name="m.h5") as model:
        assert model.config


def test_one_text_that_is_meant_many_times_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_hdf5(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        file["model_weights"].attrs["layer_names"] = ["dense", "flatten"]
    monkeypatch.setattr(attributes, "_MOST_BYTES", 100)
    with (
        pytest.raises(UnsafeFileError, match="layer_names of /model_weights has 2 texts"),
        open_model(path, display_name="m.h5"),
    ):
        pass


def test_a_heap_that_is_not_written_yet_is_refused(tmp_path: Path) -> None:
    """It is a weight, so nobody reads texts from it."""
    heap_of_zeros = (SIGNATURE + bytes(3) + (4096).to_bytes(8, "little")).ljust(4096, b"\0")
    weight = np.frombuffer(heap_of_zeros, np.uint8)
    refused(write_hdf5(tmp_path / "m.h5", weights={"dense": {"dense/kernel:0": weight}}))


@pytest.mark.parametrize("size_bytes", [5000, (1 << 64) - HEADER_BYTES])
def test_free_space_that_leads_nowhere_is_refused(tmp_path: Path, size_bytes: int) -> None:
    path = write_hdf5(tmp_path / "m.h5")
    start = heap(path) + HEADER_BYTES
    overwrite(path, start, bytes(8) + size_bytes.to_bytes(8, "little"))
    refused(path)


def test_an_object_that_ends_outside_is_refused(tmp_path: Path) -> None:
    path = write_hdf5(tmp_path / "m.h5")
    overwrite(path, heap(path) + HEADER_BYTES + 8, (1 << 20).to_bytes(8, "little"))
    refused(path)


@pytest.mark.parametrize("position", [0, (1 << 20) - 3, 3 << 20])
def test_heaps_are_found_wherever_they_begin(tmp_path: Path, position: int) -> None:
    path = tmp_path / "m.h5"
    size, longer = (4096).to_bytes(8, "little"), (1 << 20).to_bytes(8, "little")
    too_long = SIGNATURE + bytes(3) + size + bytes([1] * 8) + longer
    path.write_bytes(bytes(position) + too_long.ljust(4096, b"\0"))
    with pytest.raises(KerasFileError, match=f"the heap at byte {position} has no end"):
        largest_text_bytes(path, 8, "m.h5")


@pytest.mark.parametrize("size_bytes", [0, 100, 1 << 40, (1 << 64) - 1])
def test_bytes_that_only_look_like_a_heap_do_not_count(tmp_path: Path, size_bytes: int) -> None:
    """libhdf5 refuses heaps of such sizes, so weights may hold these bytes by chance."""
    path = tmp_path / "m.h5"
    path.write_bytes(bytes(7) + SIGNATURE + bytes(3) + size_bytes.to_bytes(8, "little") + bytes(99))
    largest_text_bytes(path, 8, "m.h5")
