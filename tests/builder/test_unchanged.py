"""A new process uses what an earlier one made, and reads no file that has not changed since."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.builder.conftest import House, content_of, shard_of
from tfjs_serve.builder import sources
from tfjs_serve.builder.stamps import read_stamps
from tfjs_serve.builder.unchanged import known_digest, made_of
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.settings import Variant

FULL = Variant.FULL


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read for their digests."""
    names: list[str] = []
    digest_files = sources.digest_files

    def noted(entry: CatalogEntry, *arguments: Any, **options: Any) -> Any:
        names.append(entry.exact_name)
        return digest_files(entry, *arguments, **options)

    monkeypatch.setattr(sources, "digest_files", noted)
    return names


async def _built(house: House, variant: Variant = FULL) -> str:
    """Return what a new process serves."""
    return content_of(await house.builder().build(house.folder.look("digits"), variant))


async def test_an_unchanged_file_is_not_read_again(house: House, read: list[str]) -> None:
    house.folder.save("digits.h5", "v1")
    assert await _built(house) == "v1"
    assert read == ["digits.h5"]
    house.told()
    assert await _built(house) == "v1"
    assert read == ["digits.h5"]
    assert house.told() == ["ready"]
    assert len(house.workers.requests) == 1


async def test_a_changed_file_is_read(house: House, read: list[str]) -> None:
    house.folder.save("digits.h5", "v1")
    await _built(house)
    house.folder.save("digits.h5", "v2")
    assert await _built(house) == "v2"
    assert read == ["digits.h5", "digits.h5"]


async def test_a_file_with_its_old_time_is_read(house: House, read: list[str]) -> None:
    """A program may reset the time of a change, but not the time of that."""
    path = house.folder.path / "digits.h5"
    house.folder.save("digits.h5", "v1")
    before = path.stat()
    await _built(house)
    path.write_text("v2")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert await _built(house) == "v2"
    assert len(read) == 2


async def test_another_file_with_the_same_bytes_is_read_once(house: House, read: list[str]) -> None:
    house.folder.save("digits.h5", "v1")
    await _built(house)
    house.folder.save("digits.h5", "v1")
    for _ in range(2):
        assert await _built(house) == "v1"
    assert len(read) == 2
    assert len(house.workers.requests) == 1


async def test_a_file_that_the_catalogue_saw_earlier_is_looked_at_again(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    await _built(house)
    seen = house.folder.look("digits")
    house.folder.save("digits.h5", "v2")
    assert content_of(await house.builder().build(seen, FULL)) == "v2"


async def test_a_damaged_document_is_made_again(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    build = await house.builder().build(house.folder.look("digits"), FULL)
    document = build.artifact.directory / "model.json"
    document.write_bytes(bytes(len(document.read_bytes())))
    assert await _built(house) == "v1"
    assert len(house.workers.requests) == 2


async def test_a_variant_that_was_not_made_is_made(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    await _built(house)
    assert await _built(house, Variant.UINT8) == "v1"
    assert len(house.workers.requests) == 2


async def test_another_converter_makes_it_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.folder.save("digits.h5", "v1")
    await _built(house)
    monkeypatch.setattr("tfjs_serve.builder.builder.converter_version", lambda: "another")
    assert await _built(house) == "v1"
    assert len(house.workers.requests) == 2


async def test_shards_are_found_by_the_name_of_the_model(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    await _built(house)
    builder = house.builder()
    await builder.build(house.folder.look("digits"), FULL)
    for name in ("digits", "digits.h5"):
        _, file = await builder.find_file(name, FULL, shard_of("v1"))
        assert file.name == shard_of("v1")


async def test_a_cache_of_an_earlier_version_that_cannot_be_written_serves(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no notes of what things were made of, and gets none."""
    house.folder.save("digits.h5", "v1")
    with monkeypatch.context() as earlier:
        earlier.setattr("tfjs_serve.builder.builder.made_of", lambda *_: "")
        await _built(house)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr("tfjs_serve.artifacts.folder.replace_file", refuse)
    assert await _built(house) == "v1"


def test_what_proves_nothing_is_not_recorded(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    stamps = read_stamps(house.folder.look("digits"))
    assert known_digest(made_of(stamps, "0f"), stamps) == "0f"
    assert made_of((), "0f") == ""
    assert known_digest("", stamps) is None
    assert known_digest(made_of(stamps, "0f"), (*stamps, *stamps)) is None


def test_a_place_says_nothing_of_another_one(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    (house.folder.path / "copy.h5").write_bytes((house.folder.path / "digits.h5").read_bytes())
    known = made_of(read_stamps(house.folder.look("digits")), "0f")
    assert known_digest(known, read_stamps(house.folder.look("copy"))) is None
