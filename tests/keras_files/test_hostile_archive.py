"""Archives made to exhaust the machine, or to be read in two ways: refused with a reason."""

from __future__ import annotations

import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tfjs_serve.errors import UnsafeFileError
from tfjs_serve.keras_files import limits, object_weights

from .handmade import refused
from .test_archive import KERNEL, WEIGHTS, members, weights_file, write_archive

LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


def directory_entry(data: bytes, member: str) -> int:
    """Return where a member's entry of the central directory begins (APPNOTE 4.3.12)."""
    entry = data.index(CENTRAL)
    while not data[entry + 46 :].startswith(member.encode()):
        entry = data.index(CENTRAL, entry + 4)
    return entry


def overwrite(path: Path, member: str, offset: int, value: bytes) -> None:
    """Overwrite a field of a member's entry."""
    data = bytearray(path.read_bytes())
    start = directory_entry(bytes(data), member) + offset
    data[start : start + len(value)] = value
    path.write_bytes(data)


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "m.keras")
    with zipfile.ZipFile(path, "a") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file.writestr("config.json", "{}")
    assert "two members with the same name" in refused(path).message


def test_members_that_share_bytes_are_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "m.keras")
    data = path.read_bytes()
    start = struct.unpack_from("<I", data, directory_entry(data, WEIGHTS) + 42)[0]
    overwrite(path, "metadata.json", 42, struct.pack("<I", start + 8))
    error = refused(path)
    assert isinstance(error, UnsafeFileError)
    assert "inside another one" in error.message


def test_members_without_number_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAXIMUM_MEMBERS", 3)
    assert "has 4 members" in refused(write_archive(tmp_path / "m.keras")).message


def test_a_directory_of_absurd_size_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAXIMUM_DIRECTORY_BYTES", 200)
    assert "a directory of " in refused(write_archive(tmp_path / "m.keras")).message


def test_a_member_that_would_become_too_large_is_not_inflated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FREE_UNFOLDING_BYTES", 1 << 20)
    monkeypatch.setattr("tempfile.TemporaryFile", None)  # nothing is written
    content = weights_file({"layers/dense/vars/0": np.zeros(1 << 20, np.float32)})
    path = write_archive(tmp_path / "m.keras", zipfile.ZIP_DEFLATED, model__weights__h5=content)
    error = refused(path)
    assert isinstance(error, UnsafeFileError)
    assert f"{WEIGHTS}, which declares {len(content)} bytes" in error.message


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("member", ["config.json", WEIGHTS])
@pytest.mark.parametrize("change", [-10, 10, 1 << 20])
def test_a_size_that_lies_is_noticed(
    tmp_path: Path, compression: int, member: str, change: int
) -> None:
    path = write_archive(tmp_path / "m.keras", compression)
    with zipfile.ZipFile(path) as file:
        size_bytes = file.getinfo(member).file_size
    overwrite(path, member, 24, struct.pack("<I", size_bytes + change))
    assert member in refused(path).message


@pytest.mark.parametrize("offset", [20, 24, 42])
@pytest.mark.parametrize("value", [1, 3, 1 << 40, (1 << 64) - 1])
def test_sizes_of_64_bits_that_lie_are_noticed(tmp_path: Path, offset: int, value: int) -> None:
    """Move a field into the extra field for large sizes (APPNOTE 4.5.3)."""
    path = write_archive(tmp_path / "m.keras")
    data = bytearray(path.read_bytes())
    entry = directory_entry(bytes(data), WEIGHTS)
    extra = struct.pack("<HHQ", 1, 8, value)
    data[entry + offset : entry + offset + 4] = b"\xff\xff\xff\xff"
    data[entry + 30 : entry + 32] = struct.pack("<H", len(extra))
    end = entry + 46 + len(WEIGHTS)
    data[end:end] = extra
    directory = data.rindex(b"PK\x05\x06") + 12
    size_bytes = struct.unpack_from("<I", data, directory)[0]
    data[directory : directory + 4] = struct.pack("<I", size_bytes + len(extra))
    path.write_bytes(data)
    refused(path)


def test_methods_whose_cost_has_no_bound_are_refused(tmp_path: Path) -> None:
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        path = write_archive(tmp_path / "m.keras", method)
        assert f"packed with method {method}" in refused(path).message


def linked_in_a_circle(file: h5py.File) -> None:
    file["layers/dense/again"] = file["layers"]


def nested_without_end(file: h5py.File) -> None:
    group = file["layers"]
    for _ in range(200):
        group = group.create_group("g")


GROUPS: dict[str, tuple[Callable[[h5py.File], None], str]] = {
    "linked in a circle": (linked_in_a_circle, "is linked twice"),
    "nested without end": (nested_without_end, "is one of too many"),
}


def changed_weights(tmp_path: Path, change: Callable[[h5py.File], None]) -> bytes:
    stored = tmp_path / "weights.h5"
    stored.write_bytes(weights_file({"layers/dense/vars/0": KERNEL}))
    with h5py.File(stored, "a") as file:
        change(file)
    return stored.read_bytes()


@pytest.mark.parametrize("what", GROUPS)
def test_groups_without_end_are_refused(tmp_path: Path, what: str) -> None:
    change, said = GROUPS[what]
    content = changed_weights(tmp_path, change)
    error = refused(write_archive(tmp_path / "m.keras", model__weights__h5=content))
    assert isinstance(error, UnsafeFileError)
    assert said in error.message


@pytest.mark.parametrize("name", [b"\xff", b"layers/dense/vars/\xff"])
def test_a_name_that_is_no_text_is_damage(tmp_path: Path, name: bytes) -> None:
    content = changed_weights(tmp_path, lambda file: file.create_group(name))
    refused(write_archive(tmp_path / "m.keras", model__weights__h5=content))


def test_groups_without_number_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_weights, "MAXIMUM_GROUPS", 2)
    assert "one of too many" in refused(write_archive(tmp_path / "m.keras")).message


@pytest.mark.parametrize(
    "changed",
    [
        {"config__json": "[" * 100_000},
        {"config__json": '{"class_name": "Sequential", "config": ' + "[" * 250 + "]" * 250 + "}"},
        {"metadata__json": "[" * 100_000},
        {"model__weights__h5": None, "model__weights__json": "[" * 100_000},
    ],
)
def test_json_that_is_nested_too_deep_is_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    refused(write_archive(tmp_path / "m.keras", **changed))


def test_names_of_members_lead_nowhere(tmp_path: Path) -> None:
    """They are looked up in the archive, never on the disk."""
    weights = members()[WEIGHTS]
    assert isinstance(weights, bytes)
    (tmp_path / "outside.h5").write_bytes(weights)
    index = '{"weight_map": {"/layers": ["../outside.h5"]}}'
    changed = {"model__weights__h5": None, "model__weights__json": index}
    (tmp_path / "sub").mkdir()
    error = refused(write_archive(tmp_path / "sub" / "m.keras", **changed))
    assert "has no outside.h5 in it" in error.message
