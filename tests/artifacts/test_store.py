from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tfjs_serve.artifacts.folder import STALE_STAGING_SECONDS
from tfjs_serve.artifacts.model import Artifact, ArtifactFile, MisreportedFilesError
from tfjs_serve.errors import StoreError

from .helpers import (
    CONTENTS,
    START,
    FakeClock,
    add,
    assert_no_leftovers,
    fill,
    is_whole,
    key_of,
    names_in,
    new_store,
)

KEY = key_of("model")
posix_modes = pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")


def test_what_is_published_is_found_by_this_and_by_another_store(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    assert store.get(KEY) is None
    published = add(store, KEY)
    for found in (store.get(KEY), new_store(tmp_path).get(KEY)):
        assert found == published
        assert {name: found.path(file).read_bytes() for name, file in found.by_name.items()} == (
            CONTENTS
        )
    assert_no_leftovers(tmp_path)


def test_another_key_is_not_found(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    add(store, KEY)
    assert store.get(key_of("other")) is None
    assert store.get(KEY) is not None


def test_the_folder_is_made_and_tagged_as_a_cache(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "cache"
    new_store(root)
    tag = (root / "CACHEDIR.TAG").read_bytes()
    assert tag.startswith(b"Signature: 8a477f597d28d172789f06886806bc55\n")


def test_a_staged_directory_is_removed_when_it_is_not_published(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with pytest.raises(RuntimeError, match="conversion failed"), store.stage() as staged:
        fill(staged, CONTENTS)
        raise RuntimeError("conversion failed")
    assert_no_leftovers(tmp_path)
    assert store.get(KEY) is None


def test_staged_directories_are_empty_and_different(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.stage() as first, store.stage() as second:
        assert first != second
        assert names_in(first) == names_in(second) == []


def test_publishing_what_is_there_returns_what_is_there(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    first = add(store, KEY)
    before = (first.directory / "artifact.json").stat().st_ino
    second = add(new_store(tmp_path), KEY)
    assert second == first
    assert (first.directory / "artifact.json").stat().st_ino == before
    assert_no_leftovers(tmp_path)


def test_an_emptied_cache_folder_serves_again(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    store = new_store(root)
    add(store, KEY)
    root.rename(tmp_path / "elsewhere")
    assert store.get(KEY) is None
    assert is_whole(add(store, KEY))
    store.record_generation("label", KEY)
    assert store.generations("label") == (KEY,)


@needs_links
def test_files_may_get_second_names_and_damage_by_these_is_found(tmp_path: Path) -> None:
    """Published folders share weights with the cache; they must not be converted again for that."""
    store = new_store(tmp_path)
    artifact = add(store, KEY)
    weights = artifact.by_name["weights.00.bin"]
    second = tmp_path / "published.bin"
    second.hardlink_to(artifact.path(weights))
    again = new_store(tmp_path)
    found = again.get(KEY)
    assert found is not None
    assert again.is_intact(found, weights)
    changed = bytearray(second.read_bytes())
    changed[0] ^= 1
    second.write_bytes(changed)
    assert not again.is_intact(found, weights)
    assert again.get(KEY) is None


def damage_missing(directory: Path) -> None:
    (directory / "weights.00.bin").unlink()


def damage_shorter(directory: Path) -> None:
    os.truncate(directory / "weights.00.bin", 17)


def damage_record_gone(directory: Path) -> None:
    (directory / "artifact.json").unlink()


def damage_record_torn(directory: Path) -> None:
    os.truncate(directory / "artifact.json", 40)


def damage_record_of_another_key(directory: Path) -> None:
    record = json.loads((directory / "artifact.json").read_text())
    (directory / "artifact.json").write_text(json.dumps(record | {"key": "0" * 64}))


def damage_record_with_odd_name(directory: Path) -> None:
    text = (directory / "artifact.json").read_text()
    (directory / "artifact.json").write_text(text.replace("model.json", "../model.json"))


def damage_record_without_notes(directory: Path) -> None:
    record = json.loads((directory / "artifact.json").read_text())
    del record["notes"]
    (directory / "artifact.json").write_text(json.dumps(record))


def damage_record_with_odd_notes(directory: Path) -> None:
    record = json.loads((directory / "artifact.json").read_text())
    (directory / "artifact.json").write_text(json.dumps(record | {"notes": ["good", 1]}))


def damage_record_with_odd_originals(directory: Path) -> None:
    record = json.loads((directory / "artifact.json").read_text())
    record["files"][0]["originals"] = ["../a.bin"]
    (directory / "artifact.json").write_text(json.dumps(record))


def damage_not_a_directory(directory: Path) -> None:
    directory.rename(directory.with_name("x"))
    directory.write_bytes(b"")


DAMAGES = [
    damage_missing,
    damage_shorter,
    damage_record_gone,
    damage_record_torn,
    damage_record_of_another_key,
    damage_record_with_odd_name,
    damage_record_without_notes,
    damage_record_with_odd_notes,
    damage_record_with_odd_originals,
    damage_not_a_directory,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_artifact_is_removed_and_can_be_made_again(tmp_path: Path, damage) -> None:
    artifact = add(new_store(tmp_path), KEY)
    damage(artifact.directory)
    fresh = new_store(tmp_path)
    assert fresh.get(KEY) is None
    assert not artifact.directory.exists()
    assert_no_leftovers(tmp_path)
    assert is_whole(add(fresh, KEY))


@pytest.mark.parametrize("damage", [damage_missing, damage_shorter, damage_record_gone])
def test_damage_is_seen_by_the_store_that_published(tmp_path: Path, damage) -> None:
    store = new_store(tmp_path)
    damage(add(store, KEY).directory)
    assert store.get(KEY) is None
    assert is_whole(add(store, KEY))


@pytest.mark.parametrize("damage", DAMAGES)
def test_publishing_replaces_a_damaged_artifact(tmp_path: Path, damage) -> None:
    damage(add(new_store(tmp_path), KEY).directory)
    store = new_store(tmp_path)
    published = add(store, KEY)
    assert is_whole(published)
    assert store.get(KEY) == published
    assert_no_leftovers(tmp_path)


def unlisted(staged: Path, files: list[ArtifactFile]) -> list[ArtifactFile]:
    (staged / "more.bin").write_bytes(b"")
    return files


def missing(staged: Path, files: list[ArtifactFile]) -> list[ArtifactFile]:
    (staged / files[1].name).unlink()
    return files


def twice(staged: Path, files: list[ArtifactFile]) -> list[ArtifactFile]:
    return [*files, files[0]]


def other_bytes(staged: Path, files: list[ArtifactFile]) -> list[ArtifactFile]:
    (staged / files[1].name).write_bytes(b"\1" * files[1].size_bytes)
    return files


def other_size(staged: Path, files: list[ArtifactFile]) -> list[ArtifactFile]:
    os.truncate(staged / files[1].name, 3)
    return files


def directory(staged: Path, files: list[ArtifactFile]) -> list[ArtifactFile]:
    (staged / "empty.bin").unlink()
    (staged / "empty.bin").mkdir()
    return files


def symlink(staged: Path, files: list[ArtifactFile]) -> list[ArtifactFile]:
    (staged / "model.json").rename(staged.parent / "outside")
    (staged / "model.json").symlink_to(staged.parent / "outside")
    return files


def hardlink(staged: Path, files: list[ArtifactFile]) -> list[ArtifactFile]:
    os.link(staged / "model.json", staged.parent / "outside")
    return files


def with_mode(mode: int):
    def change(staged: Path, files: list[ArtifactFile]) -> list[ArtifactFile]:
        (staged / "model.json").chmod(mode)
        return files

    return change


def renamed(name: str):
    def change(staged: Path, files: list[ArtifactFile]) -> list[ArtifactFile]:
        kept = ArtifactFile(name=name, size_bytes=files[0].size_bytes, sha256=files[0].sha256)
        return [kept, *files[1:]]

    return change


def called(*originals: str):
    """List each file as one that had these names."""

    def change(staged: Path, files: list[ArtifactFile]) -> list[ArtifactFile]:
        return [replace(file, originals=originals) for file in files]

    return change


WRONGS = [unlisted, missing, twice, other_bytes, other_size, directory]
WRONGS += [pytest.param(wrong, marks=needs_links) for wrong in (symlink, hardlink)]
WRONGS += [
    pytest.param(with_mode(mode), id=f"mode-{mode:o}", marks=posix_modes)
    for mode in (0o000, 0o444, 0o4755, 0o2755, 0o1644)
]
ODD_NAMES = ["../outside", "/etc/passwd", "", ".", "..", "a/b", "a\\b", "C:x", "artifact.json"]
ODD_NAMES += ["x.", "x\n", "\0", "x" * 300, "ü"]
WRONGS += [pytest.param(renamed(name), id=f"name-{index}") for index, name in enumerate(ODD_NAMES)]
WRONGS += [
    pytest.param(called(name), id=f"called-{index}")
    for index, name in enumerate(["a.bin", "a.html", "../a.bin", "a/b.bin", "model.json"])
]


@pytest.mark.parametrize("wrong", WRONGS)
def test_a_directory_unlike_its_list_is_not_published(tmp_path: Path, wrong) -> None:
    store = new_store(tmp_path)
    with store.stage() as staged:
        files = wrong(staged, fill(staged, CONTENTS))
        with pytest.raises(MisreportedFilesError, match="the result of the conversion"):
            store.publish(KEY, staged, files)
    assert names_in(tmp_path / "artifacts") == []
    assert store.get(KEY) is None


def test_names_that_files_had_are_kept_with_the_artifact(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.stage() as staged:
        document, weights, empty = fill(staged, CONTENTS)
        weights = replace(weights, originals=("weights.bin", "weights.00.bin"))
        published = store.publish(KEY, staged, [document, weights, empty])
    assert published.by_original == {"weights.bin": weights}
    assert new_store(tmp_path).get(KEY) == published


def test_an_artifact_of_an_earlier_version_has_no_such_names_and_no_error(tmp_path: Path) -> None:
    published = add(new_store(tmp_path), KEY)
    record = json.loads((published.directory / "artifact.json").read_text())
    for file in record["files"]:
        del file["originals"]
    del record["facts"]["weightError"]
    (published.directory / "artifact.json").write_text(json.dumps(record))
    assert new_store(tmp_path).get(KEY) == published


def publish_with_notes(root: Path, notes: list[str]) -> Artifact:
    store = new_store(root)
    with store.stage() as staged:
        return store.publish(KEY, staged, fill(staged, CONTENTS), notes)


def test_notes_are_kept_with_the_artifact(tmp_path: Path) -> None:
    notes = ["its name was changed", "ä\ud800\n"]
    published = publish_with_notes(tmp_path, notes)
    assert published.notes == tuple(notes)
    assert new_store(tmp_path).get(KEY) == published


def test_whoever_loses_a_race_gets_the_notes_of_the_winner(tmp_path: Path) -> None:
    winner = publish_with_notes(tmp_path, ["first"])
    assert publish_with_notes(tmp_path, ["second"]) == winner


def test_notes_take_little_room_however_many_and_long_they_are(tmp_path: Path) -> None:
    published = publish_with_notes(tmp_path, ["x" * 10_000] * 5_000)
    assert published.notes[-1] == "and 4900 more"
    assert {len(note) for note in published.notes[:-1]} == {1000}
    assert (published.directory / "artifact.json").stat().st_size < 200_000
    assert new_store(tmp_path).get(KEY) == published


@needs_links
def test_a_link_in_place_of_the_record_is_not_written_through(tmp_path: Path) -> None:
    store = new_store(tmp_path / "cache")
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    with store.stage() as staged:
        files = fill(staged, CONTENTS)
        (staged / "artifact.json").symlink_to(victim)
        store.publish(KEY, staged, files)
    assert victim.read_bytes() == b"precious"
    assert new_store(tmp_path / "cache").get(KEY) is not None


def test_only_directories_that_were_lent_are_published(tmp_path: Path) -> None:
    store = new_store(tmp_path / "cache")
    with pytest.raises(ValueError, match="not a staging directory"):
        store.publish(KEY, tmp_path, [])


def test_use_is_noted_at_most_once_a_minute(tmp_path: Path) -> None:
    clock = FakeClock()
    store = new_store(tmp_path, clock)
    record = add(store, KEY).directory / "artifact.json"
    seen = []
    for seconds in (0, 59, 61, 119, 122):
        clock.now = START + seconds
        assert store.get(KEY)
        seen.append(record.stat().st_mtime - START)
    assert seen == [0, 0, 61, 61, 122]


def test_staging_directories_of_dead_processes_go_and_those_in_use_stay(tmp_path: Path) -> None:
    new_store(tmp_path)
    ages = {"dead": STALE_STAGING_SECONDS + 1, "alive": STALE_STAGING_SECONDS - 1}
    for name in ("dead", "alive", "writing"):
        directory = tmp_path / "staging" / name
        directory.mkdir()
        (directory / "shard.partial").write_bytes(b"x")
        old = START - ages.get(name, STALE_STAGING_SECONDS * 2)
        if name != "writing":
            os.utime(directory / "shard.partial", (old, old))
        else:
            os.utime(directory / "shard.partial", (START - 5, START - 5))
        os.utime(directory, (old, old))
    (tmp_path / "trash" / "grave").mkdir()
    new_store(tmp_path)
    assert names_in(tmp_path / "staging") == ["alive", "writing"]
    assert names_in(tmp_path / "trash") == []


def test_a_root_that_is_a_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"")
    with pytest.raises(StoreError, match="cache") as caught:
        new_store(tmp_path / "cache")
    assert "--cache-dir" in caught.value.hint


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(28, "full")])
def test_a_root_that_refuses_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    store = new_store(tmp_path)

    def refuse(self: Path, *args: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match=str(error.strerror)) as caught, store.stage():
        pass
    assert "--cache-dir" in caught.value.hint
    assert str(tmp_path) not in caught.value.message  # pages are told of it
    with pytest.raises(StoreError):
        new_store(tmp_path / "other")


def test_not_knowing_is_an_error_and_removes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = add(new_store(tmp_path), KEY)
    store = new_store(tmp_path)

    def refuse(self: Path) -> bytes:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        with pytest.raises(StoreError, match="Too many open files"):
            store.get(KEY)
    assert store.get(KEY) == artifact
