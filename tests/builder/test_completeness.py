"""Files tell whether they were written to their end; programs that write tell that they do."""

from __future__ import annotations

import shutil
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve.builder.completeness import HEAD_BYTES, TAIL_BYTES, is_complete
from tfjs_serve.builder.snapshots import looks_complete
from tfjs_serve.builder.write_locks import is_write_locked, write_locked_inodes

SAMPLES = Path(__file__).parents[2] / "sample_models"
WHOLE = (SAMPLES / "iris.h5").read_bytes()


def complete(data: bytes) -> bool:
    return is_complete(data[:HEAD_BYTES], data[-TAIL_BYTES:], len(data))


@pytest.mark.parametrize("user_block_bytes", [0, 512])
@pytest.mark.parametrize("version", ["earliest", "v108", "v110", "latest"])
def test_hdf5_is_complete_when_its_writer_has_closed_it(
    tmp_path: Path, version: str, user_block_bytes: int
) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver=version, userblock_size=user_block_bytes) as file:
        for number in range(50):
            file[f"{number}"] = np.ones(3000)
            assert not looks_complete(path)
    assert looks_complete(path)
    if version in ("v110", "latest"):
        with h5py.File(path, "r+", libver=version) as file:
            file.flush()
            assert not looks_complete(path)


@given(st.integers(0, len(WHOLE) - 1))
def test_hdf5_that_was_cut_off_is_not_complete(size_bytes: int) -> None:
    assert complete(WHOLE)
    assert not complete(WHOLE[:size_bytes])


@given(st.integers(1, 5000))
def test_hdf5_over_a_longer_file_is_not_complete(more_bytes: int) -> None:
    assert not complete(WHOLE + b"x" * more_bytes)


@pytest.mark.parametrize("comment", [b"", b"saved on a Monday"])
def test_a_zip_is_complete_when_its_directory_is_there(tmp_path: Path, comment: bytes) -> None:
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}" * 50_000)
        assert not looks_complete(path)
        archive.write(SAMPLES / "iris.h5", "model.weights.h5")
        archive.comment = comment
    data = path.read_bytes()
    assert complete(data)
    for size_bytes in (*range(0, len(data), 997), len(data) - 1):
        assert not complete(data[:size_bytes])
    assert not complete(data + b"x")


def test_a_zip64_is_complete_too(tmp_path: Path) -> None:
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(70_000):
            archive.writestr(str(number), b"")
    data = path.read_bytes()
    assert complete(data)
    assert not complete(data[:-30])


@pytest.mark.parametrize("data", [b"", b"{}", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04", bytes(5000)])
def test_what_is_neither_is_not_complete(data: bytes) -> None:
    assert not complete(data)


LOCKS = """\
1: FLOCK  ADVISORY  WRITE 27551 fe:00:1835029 0 EOF
2: POSIX  ADVISORY  READ  1 00:19:77 0 EOF
2: -> POSIX  ADVISORY  WRITE 2 00:19:78 0 EOF
3: OFDLCK ADVISORY  WRITE -1 00:19:79 0 EOF
4: LEASE  ACTIVE
"""


def test_write_locks_are_read_from_the_list_of_linux() -> None:
    assert write_locked_inodes(LOCKS.splitlines()) == {1835029, 79}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists its locks")
def test_a_file_that_hdf5_has_open_for_writing_is_known(tmp_path: Path) -> None:
    path = Path(shutil.copyfile(SAMPLES / "iris.h5", tmp_path / "a.h5"))
    inode = path.stat().st_ino
    assert not is_write_locked(inode)
    with h5py.File(path, "r+", locking=True):
        assert is_write_locked(inode)
        assert looks_complete(path)
    assert not is_write_locked(inode)
