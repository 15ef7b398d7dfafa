"""The one road: what is served, how often it is converted, and what listeners are told."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.builder.conftest import House, content_of, shard_of
from tfjs_serve.artifacts.store import ArtifactStore
from tfjs_serve.builder import BuildEvent, EntryState, journal, pruner
from tfjs_serve.builder.converter_version import converter_version
from tfjs_serve.builder.sources import Source, Sources
from tfjs_serve.errors import (
    ConversionLimitError,
    FileNotInModelError,
    KerasFileError,
    SourceChangedError,
    StoreError,
    TfjsServeError,
    WorkerCrashedError,
    WorkerTimeoutError,
    WorkerUnavailableError,
)
from tfjs_serve.settings import GIB, ConversionLimits, Variant
from tfjs_serve.worker.protocol import ConversionReport

FULL = Variant.FULL


def is_there(path: str) -> bool:
    return Path(path).exists()


async def test_first_request_converts_and_the_next_one_does_not(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    build = await builder.build(house.folder.look("digits"), FULL)
    assert content_of(build) == "v1"
    assert build.stale_reason is None
    assert build.artifact.notes == ("converted without care",)
    assert await builder.build(house.folder.look("digits"), FULL) == build
    assert len(house.workers.requests) == 1
    assert house.told() == ["started", "ready"]


async def test_request_names_the_file_and_the_options(house: House) -> None:
    house.folder.save("vision/Digits.H5", "v1")
    await house.builder().build(house.folder.look("vision/Digits"), Variant.UINT8)
    (request,) = house.workers.requests
    assert request.source == str(house.folder.path / "vision" / "Digits.H5")
    assert request.display_name == "vision/Digits.H5"
    assert request.options == house.settings.conversion_options(Variant.UINT8)
    assert request.limits == house.settings.conversion_limits([len("v1")])


async def test_hundred_requests_at_once_share_one_conversion(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    entry = house.folder.look("digits")
    builds = await asyncio.gather(*(builder.build(entry, FULL) for _ in range(100)))
    assert len(house.workers.requests) == 1
    assert {build.artifact.directory for build in builds} == {builds[0].artifact.directory}
    assert house.told() == ["started", "ready"]


async def test_each_variant_is_converted_once(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    entry = house.folder.look("digits")
    builds = await asyncio.gather(*(builder.build(entry, v) for v in [*Variant, *Variant]))
    assert len(house.workers.requests) == len(Variant)
    assert len({build.artifact.key for build in builds}) == len(Variant)


async def test_conversion_of_one_model_does_not_hold_up_another(house: House) -> None:
    house.folder.save("slow.h5", "slow")
    house.folder.save("quick.h5", "quick")
    builder = house.builder()
    await builder.build(house.folder.look("quick"), FULL)
    house.workers.may_end.clear()
    slow = asyncio.create_task(builder.build(house.folder.look("slow"), FULL))
    await house.workers.started.wait()
    assert content_of(await builder.build(house.folder.look("quick"), FULL)) == "quick"
    assert not slow.done()
    house.workers.may_end.set()
    assert content_of(await slow) == "slow"


async def test_restart_serves_from_the_store(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    before = await house.builder().build(house.folder.look("digits"), FULL)
    house.told()
    builder = house.builder()
    after = await builder.build(house.folder.look("digits"), FULL)
    assert after.artifact.directory == before.artifact.directory
    assert len(house.workers.requests) == 1
    (ready,) = house.events
    assert (ready.kind.value, ready.seconds) == ("ready", None)
    assert ready.notes == after.artifact.notes == ("converted without care",)
    assert builder.status(house.folder.look("digits"), FULL).notes == ready.notes
    assert ready.size_bytes == sum(file.size_bytes for file in after.artifact.files)


async def test_change_is_converted_and_change_back_is_not(house: House) -> None:
    builder = house.builder()
    served = []
    for content in ("v1", "v2", "v1"):
        house.folder.save("digits.h5", content)
        served.append(content_of(await builder.build(house.folder.look("digits"), FULL)))
    assert served == ["v1", "v2", "v1"]
    assert len(house.workers.requests) == 2
    assert house.told() == ["started", "ready", "started", "ready", "ready"]


async def test_same_bytes_saved_again_are_no_news(house: House) -> None:
    builder = house.builder()
    house.folder.save("digits.h5", "v1")
    await builder.build(house.folder.look("digits"), FULL)
    house.told()
    house.folder.save("digits.h5", "v1")
    await builder.build(house.folder.look("digits"), FULL)
    assert len(house.workers.requests) == 1
    assert house.told() == []


async def test_entry_that_the_catalogue_saw_earlier_gives_the_newest_file(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    entry = house.folder.look("digits")
    house.folder.save("digits.h5", "v2")
    assert content_of(await house.builder().build(entry, FULL)) == "v2"


async def test_file_that_changes_while_it_is_converted_is_converted_again(house: House) -> None:
    house.folder.save("digits.h5", "v1")

    def save_once() -> None:
        house.workers.meanwhile = lambda: None
        house.folder.save("digits.h5", "v2")

    house.workers.meanwhile = save_once
    build = await house.builder().build(house.folder.look("digits"), FULL)
    assert content_of(build) == "v2"
    assert len(house.workers.requests) == 2
    assert house.artifacts_stored() == 1


async def test_torn_file_that_fails_to_convert_is_tried_again_when_whole(house: House) -> None:
    house.folder.save("digits.h5", "bad, because half of it is miss")

    def complete() -> None:
        house.workers.meanwhile = lambda: None
        house.folder.save("digits.h5", "whole")

    house.workers.meanwhile = complete
    build = await house.builder().build(house.folder.look("digits"), FULL)
    assert content_of(build) == "whole"
    assert "failed" not in house.told()


async def test_file_that_changes_during_every_conversion_is_converted_from_a_copy(
    house: House,
) -> None:
    versions = iter(range(100))
    house.folder.save("digits.h5", "v")
    house.workers.meanwhile = lambda: house.folder.save("digits.h5", f"v{next(versions)}")
    builder = house.builder()
    assert content_of(await builder.build(house.folder.look("digits"), FULL)) == "v0"
    in_place, from_copy = house.workers.requests
    assert in_place.source == str(house.folder.path / "digits.h5")
    assert from_copy.source.startswith(str(house.cache_dir / "staging"))
    assert not is_there(from_copy.source)
    assert house.artifacts_stored() == 1
    assert list((house.cache_dir / "staging").iterdir()) == []


async def test_copy_that_went_with_the_cache_does_not_count_against_the_file(house: House) -> None:
    versions = iter(range(100))
    house.folder.save("digits.h5", "v")

    def convert() -> None:
        house.workers.error = None

    def delete_copy() -> None:
        house.workers.meanwhile = convert
        house.workers.error = KerasFileError("digits.h5 cannot be read: No such file")
        shutil.rmtree(house.cache_dir)

    def save() -> None:
        house.workers.meanwhile = delete_copy
        house.folder.save("digits.h5", f"v{next(versions)}")

    house.workers.meanwhile = save
    build = await house.builder().build(house.folder.look("digits"), FULL)
    assert content_of(build) == "v0"
    assert len(house.workers.requests) == 3
    assert "failed" not in house.told()


async def test_folder_that_never_stops_changing_is_given_up(house: House) -> None:
    versions = iter(range(100))
    document = '{"format": "layers-model", "weightsManifest": [{"paths": ["a.bin"]}]}'
    house.folder.save("web/a.bin", "v")
    house.folder.save("web/model.json", document)
    house.workers.meanwhile = lambda: house.folder.save("web/a.bin", f"v{next(versions)}")
    builder = house.builder()
    with pytest.raises(SourceChangedError, match=r"web/model\.json changed"):
        await builder.build(house.folder.look("web"), FULL)
    assert len(house.workers.requests) == 5
    assert house.artifacts_stored() == 0
    house.workers.meanwhile = lambda: None
    assert await builder.build(house.folder.look("web"), FULL)


async def test_file_that_is_being_written_is_not_converted(house: House) -> None:
    path = house.folder.path / "digits.h5"
    path.write_text("v1 begins")

    async def write_more(seconds: float) -> None:
        with path.open("a") as file:
            file.write("more")

    house.sleep = write_more
    builder = house.builder()
    with pytest.raises(SourceChangedError, match="still being written"):
        await builder.build(house.folder.look("digits"), FULL)
    assert house.workers.requests == []
    house.folder.save("digits.h5", "v1")
    assert content_of(await builder.build(house.folder.look("digits"), FULL)) == "v1"


async def test_last_good_version_is_served_while_the_next_is_written(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    await builder.build(house.folder.look("digits"), FULL)
    house.told()
    path = house.folder.path / "digits.h5"
    path.write_text("v2 begins")

    async def write_more(seconds: float) -> None:
        with path.open("a") as file:
            file.write("more")

    house.sleep = write_more
    for _ in range(3):
        build = await builder.build(house.folder.look("digits"), FULL)
        assert content_of(build) == "v1"
        assert build.stale_reason == "digits.h5 is still being written"
    assert builder.status(house.folder.look("digits"), FULL).state is EntryState.STALE
    assert house.told() == ["stale"]
    assert len(house.workers.requests) == 1
    house.folder.save("digits.h5", "v2")
    assert content_of(await builder.build(house.folder.look("digits"), FULL)) == "v2"
    assert builder.status(house.folder.look("digits"), FULL).state is EntryState.READY
    assert house.told() == ["started", "ready"]


@pytest.mark.parametrize("restart", [False, True])
async def test_last_good_version_is_served_when_the_new_one_fails(
    house: House, restart: bool
) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    await builder.build(house.folder.look("digits"), FULL)
    house.told()
    if restart:
        builder = house.builder()
    house.folder.save("digits.h5", "bad")
    for _ in range(3):
        build = await builder.build(house.folder.look("digits"), FULL)
        assert content_of(build) == "v1"
        assert build.stale_reason == "digits.h5 is bad"
    assert len(house.workers.requests) == 2
    assert house.told() == ["started", "stale"]
    status = builder.status(house.folder.look("digits"), FULL)
    assert status.state is EntryState.STALE
    assert isinstance(status.error, KerasFileError)


async def test_good_version_after_a_failure_is_news(house: House) -> None:
    builder = house.builder()
    for content in ("v1", "bad", "v1"):
        house.folder.save("digits.h5", content)
        build = await builder.build(house.folder.look("digits"), FULL)
    assert build.stale_reason is None
    assert house.told() == ["started", "ready", "started", "stale", "ready"]


def other_digest(report: ConversionReport) -> ConversionReport:
    *files, last = report.files
    return replace(report, files=(*files, replace(last, sha256="0" * 64)))


def other_name(report: ConversionReport) -> ConversionReport:
    *files, last = report.files
    return replace(report, files=(*files, replace(last, name="../outside")))


def no_model_json(report: ConversionReport) -> ConversionReport:
    files = tuple(file for file in report.files if file.name != "model.json")
    return replace(report, files=files)


def more_files_than_are_allowed(report: ConversionReport) -> ConversionReport:
    many = ConversionLimits().files + 100
    return replace(report, files=(*report.files, *report.files[:1] * many))


def more_bytes_than_are_allowed(report: ConversionReport) -> ConversionReport:
    *files, last = report.files
    return replace(report, files=(*files, replace(last, size_bytes=2 * GIB)))


@pytest.mark.parametrize(
    "says",
    [
        *(other_digest, other_name, no_model_json),
        *(more_files_than_are_allowed, more_bytes_than_are_allowed),
    ],
)
async def test_child_that_lies_is_not_asked_again_until_the_file_changes(
    house: House, says: Callable[[ConversionReport], ConversionReport]
) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    house.workers.says = says
    for _ in range(3):
        with pytest.raises(WorkerCrashedError, match=r"digits\.h5: the result of the conversion"):
            await builder.build(house.folder.look("digits"), FULL)
    assert len(house.workers.requests) == 1
    assert house.artifacts_stored() == 0
    assert house.told() == ["started", "failed"]

    house.workers.says = lambda report: report
    house.folder.save("digits.h5", "v2")
    assert content_of(await builder.build(house.folder.look("digits"), FULL)) == "v2"


@pytest.mark.parametrize(
    "error",
    [
        *(KerasFileError("damaged"), WorkerCrashedError("crashed")),
        *(WorkerTimeoutError("too slow"), ConversionLimitError("too large")),
    ],
)
async def test_failure_is_not_tried_again_until_the_file_changes(
    house: House, error: TfjsServeError
) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    house.workers.error = error
    for _ in range(3):
        with pytest.raises(type(error), match=error.message):
            await builder.build(house.folder.look("digits"), FULL)
    assert len(house.workers.requests) == 1
    status = builder.status(house.folder.look("digits"), FULL)
    assert (status.state, status.error) == (EntryState.FAILED, error)
    assert house.told() == ["started", "failed"]

    house.workers.error = None
    house.folder.save("digits.h5", "v2")
    assert builder.status(house.folder.look("digits"), FULL).state is EntryState.FOUND
    assert content_of(await builder.build(house.folder.look("digits"), FULL)) == "v2"


async def test_failure_of_one_variant_says_nothing_of_another(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    house.workers.error = KerasFileError("damaged")
    with pytest.raises(KerasFileError):
        await builder.build(house.folder.look("digits"), Variant.UINT8)
    house.workers.error = None
    assert await builder.build(house.folder.look("digits"), FULL)


async def test_each_version_that_fails_is_told(house: House) -> None:
    builder = house.builder()
    for _ in range(2):
        house.folder.save("digits.h5", "bad")
        with pytest.raises(KerasFileError):
            await builder.build(house.folder.look("digits"), FULL)
    assert house.told() == ["started", "failed", "started", "failed"]


@pytest.mark.parametrize(
    "error", [StoreError("no space is left"), WorkerUnavailableError("no process")]
)
async def test_failure_of_the_machine_is_tried_again(house: House, error: TfjsServeError) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    house.workers.error = error
    with pytest.raises(type(error)):
        await builder.build(house.folder.look("digits"), FULL)
    house.workers.error = None
    assert content_of(await builder.build(house.folder.look("digits"), FULL)) == "v1"


async def test_remembered_failure_does_not_grow_with_each_request(house: House) -> None:
    house.folder.save("digits.h5", "bad")
    builder = house.builder()

    async def depth() -> int:
        with pytest.raises(KerasFileError) as caught:
            await builder.build(house.folder.look("digits"), FULL)
        return len(caught.traceback)

    await depth()
    assert await depth() == await depth()


async def test_cancelled_caller_leaves_the_others_undisturbed(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    entry = house.folder.look("digits")
    house.workers.may_end.clear()
    first = asyncio.create_task(builder.build(entry, FULL))
    second = asyncio.create_task(builder.build(entry, FULL))
    await house.workers.started.wait()
    first.cancel()
    house.workers.may_end.set()
    assert content_of(await second) == "v1"
    assert first.cancelled()
    assert len(house.workers.requests) == 1


async def test_conversion_goes_on_when_all_callers_are_gone(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    entry = house.folder.look("digits")
    house.workers.may_end.clear()
    caller = asyncio.create_task(builder.build(entry, FULL))
    await house.workers.started.wait()
    caller.cancel()
    await asyncio.wait([caller])
    house.workers.may_end.set()
    assert content_of(await builder.build(entry, FULL)) == "v1"
    assert len(house.workers.requests) == 1


async def test_close_throws_away_what_was_begun(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    house.workers.may_end.clear()
    caller = asyncio.create_task(builder.build(house.folder.look("digits"), FULL))
    await house.workers.started.wait()
    await builder.close()
    assert caller.done()
    (request,) = house.workers.requests
    assert not is_there(request.output_dir)
    assert house.artifacts_stored() == 0


async def test_two_servers_share_one_cache(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    entry = house.folder.look("digits")
    builders = [house.builder() for _ in range(2)]
    builds = await asyncio.gather(*(builder.build(entry, FULL) for builder in builders))
    assert {content_of(build) for build in builds} == {"v1"}
    assert builds[0].artifact.directory == builds[1].artifact.directory
    assert house.artifacts_stored() == 1


async def test_artifact_that_another_server_removed_is_made_again(house: House) -> None:
    import shutil

    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    build = await builder.build(house.folder.look("digits"), FULL)
    shutil.rmtree(build.artifact.directory)
    assert content_of(await builder.build(house.folder.look("digits"), FULL)) == "v1"
    assert len(house.workers.requests) == 2


@pytest.mark.parametrize("name", ["vision/digits", "vision/digits.h5"])
async def test_shards_of_all_generations_are_found_after_the_file_is_gone(
    house: House, name: str
) -> None:
    builder = house.builder()
    for content in ("v1", "v2"):
        house.folder.save("vision/digits.h5", content)
        await builder.build(house.folder.look("vision/digits"), FULL)
    (house.folder.path / "vision" / "digits.h5").unlink()
    for searcher in (builder, house.builder()):
        for content in ("v1", "v2"):
            artifact, file = await searcher.find_file(name, FULL, shard_of(content))
            assert artifact.path(file).read_text() == content
    assert len(house.workers.requests) == 2


async def test_shards_are_found_by_a_name_that_has_become_ambiguous(house: House) -> None:
    builder = house.builder()
    house.folder.save("digits.h5", "as h5")
    await builder.build(house.folder.look("digits"), FULL)
    house.folder.save("digits.keras", "as keras")
    await builder.build(house.folder.look("digits.keras"), FULL)
    for content in ("as h5", "as keras"):
        artifact, file = await builder.find_file("digits", FULL, shard_of(content))
        assert artifact.path(file).read_text() == content
    with pytest.raises(FileNotInModelError):
        await builder.find_file("digits.keras", FULL, shard_of("as h5"))


async def test_other_names_other_variants_and_other_files_are_not_found(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    await builder.build(house.folder.look("digits"), FULL)
    for place in (
        ("iris", FULL, shard_of("v1")),
        ("digits", Variant.UINT8, shard_of("v1")),
        ("digits", FULL, shard_of("v2")),
        ("digits", FULL, "../model.json"),
    ):
        with pytest.raises(FileNotInModelError, match=place[0]):
            await builder.find_file(*place)
    assert len(house.workers.requests) == 1


async def test_file_of_a_removed_artifact_is_not_found(house: House) -> None:
    import shutil

    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    await builder.build(house.folder.look("digits"), FULL)
    artifact, _ = await builder.find_file("digits", FULL, shard_of("v1"))
    shutil.rmtree(artifact.directory)
    with pytest.raises(FileNotInModelError):
        await builder.find_file("digits", FULL, shard_of("v1"))


async def test_status_follows_a_conversion(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    entry = house.folder.look("digits")
    assert builder.status(entry, FULL).state is EntryState.FOUND
    house.workers.may_end.clear()
    caller = asyncio.create_task(builder.build(entry, FULL))
    await house.workers.started.wait()
    converting = builder.status(entry, FULL)
    assert (converting.state, converting.progress) == (EntryState.CONVERTING, 0.25)
    house.workers.may_end.set()
    await caller
    assert builder.status(entry, FULL).state is EntryState.READY
    assert builder.status(entry, Variant.UINT8).state is EntryState.FOUND
    house.folder.save("digits.h5", "v2")
    assert builder.status(house.folder.look("digits"), FULL).state is EntryState.FOUND


async def test_watchers_hear_of_each_entry_whose_status_may_have_changed(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    house.folder.save("bad.h5", "bad")
    builder = house.builder()
    touched: set[str] = set()
    builder.watch(touched.add)
    entry = house.folder.look("digits")
    house.workers.may_end.clear()
    caller = asyncio.create_task(builder.build(entry, FULL))
    await house.workers.started.wait()
    assert touched == {"digits.h5"}
    touched.clear()
    house.workers.may_end.set()
    await caller
    assert touched == {"digits.h5"}
    touched.clear()
    await builder.build(entry, FULL)
    assert touched == set()
    with pytest.raises(KerasFileError):
        await builder.build(house.folder.look("bad"), FULL)
    assert touched == {"bad.h5"}


async def test_watchers_hear_of_entries_that_are_forgotten(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_OUTCOMES_REMEMBERED", 1)
    builder = house.builder()
    for name in ("a", "b"):
        house.folder.save(f"{name}.h5", name)
    await builder.build(house.folder.look("a"), FULL)
    touched: set[str] = set()
    builder.watch(touched.add)
    await builder.build(house.folder.look("b"), FULL)
    assert touched == {"a.h5", "b.h5"}
    assert builder.status(house.folder.look("a"), FULL).state is EntryState.FOUND


async def test_a_conversion_that_is_given_up_is_told_too(house: House) -> None:
    """The status goes back to what it was, although there is no event for it."""
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    house.workers.may_end.clear()
    entry = house.folder.look("digits")
    caller = asyncio.create_task(builder.build(entry, FULL))
    await house.workers.started.wait()
    touched: set[str] = set()
    builder.watch(touched.add)
    await builder.close()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert touched == {"digits.h5"}
    assert builder.status(entry, FULL).state is EntryState.FOUND


@pytest.mark.parametrize("error", [StoreError("disk full"), KerasFileError("bad")])
async def test_a_status_says_whether_it_passes(house: House, error: TfjsServeError) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    house.workers.error = error
    with pytest.raises(type(error)):
        await builder.build(house.folder.look("digits"), FULL)
    status = builder.status(house.folder.look("digits"), FULL)
    assert status.is_passing is isinstance(error, StoreError)


async def test_events_carry_progress_time_and_size(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    entry = house.folder.look("digits")
    build = await house.builder().build(entry, FULL)
    started, progress, ready = house.events
    assert {event.entry for event in house.events} == {entry}
    assert progress.progress == 0.25
    assert ready.seconds is not None
    assert ready.size_bytes == sum(file.size_bytes for file in build.artifact.files)
    assert started == BuildEvent(kind=started.kind, entry=entry, variant=FULL)


async def test_listener_that_fails_disturbs_nobody(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()

    def fail(event: BuildEvent) -> None:
        raise RuntimeError("display is gone")

    later: list[BuildEvent] = []
    unsubscribe = builder.subscribe(fail)
    builder.subscribe(later.append)
    assert await builder.build(house.folder.look("digits"), FULL)
    assert "display is gone" in caplog.text
    assert later == house.events
    unsubscribe()
    caplog.clear()
    house.folder.save("digits.h5", "v2")
    await builder.build(house.folder.look("digits"), FULL)
    assert caplog.text == ""


async def test_converted_folder_follows_each_of_its_files(house: House) -> None:
    document = '{"format": "layers-model", "weightsManifest": [{"paths": ["a.bin", "b.bin"]}]}'
    builder = house.builder()
    house.folder.save("web/a.bin", "1")
    house.folder.save("web/b.bin", "2")
    house.folder.save("web/model.json", document)
    first = await builder.build(house.folder.look("web"), FULL)
    house.folder.save("web/b.bin", "3")
    second = await builder.build(house.folder.look("web"), FULL)
    assert content_of(first) == "12" + document
    assert content_of(second) == "13" + document


async def test_deleted_file_gives_the_last_good_version_or_says_so(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    house.folder.save("iris.h5", "v1")
    builder = house.builder()
    digits, iris = house.folder.look("digits"), house.folder.look("iris")
    await builder.build(digits, FULL)
    for path in house.folder.path.iterdir():
        path.unlink()
    with pytest.raises(SourceChangedError, match=r"iris\.h5 was removed"):
        await builder.build(iris, FULL)
    assert content_of(await builder.build(digits, FULL)) == "v1"


async def test_failure_of_a_file_that_may_have_changed_since_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writes can share one time: what was copied just then says nothing of the file now."""
    house.folder.save("digits.h5", "bad")
    builder = house.builder()
    whole = Sources.whole

    async def racy(*args: Any, **options: Any) -> Source:
        return replace(await whole(*args, **options), is_racy=True)

    monkeypatch.setattr(Sources, "whole", racy)
    for _ in range(2):
        with pytest.raises(KerasFileError):
            await builder.build(house.folder.look("digits"), FULL)
    assert len(house.workers.requests) == 2
    monkeypatch.undo()
    for _ in range(2):
        with pytest.raises(KerasFileError):
            await builder.build(house.folder.look("digits"), FULL)
    assert len(house.workers.requests) == 3


async def test_requests_for_many_versions_are_two_conversions(house: House) -> None:
    builder = house.builder()
    house.folder.save("digits.h5", "v0")
    house.workers.may_end.clear()
    callers = [asyncio.create_task(builder.build(house.folder.look("digits"), FULL))]
    await house.workers.started.wait()
    for version in range(1, 10):
        house.folder.save("digits.h5", f"v{version}")
        entry = house.folder.look("digits")
        callers += [asyncio.create_task(builder.build(entry, FULL)) for _ in range(3)]
    house.workers.may_end.set()
    builds = await asyncio.gather(*callers)
    assert {content_of(build) for build in builds} == {"v9"}
    assert len(house.workers.requests) == 2
    assert house.artifacts_stored() == 1


async def test_a_server_prepares_for_its_first_conversion_and_tidies_up_by_itself(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pruned, loop = asyncio.Event(), asyncio.get_running_loop()
    monkeypatch.setattr(pruner, "_DELAY_SECONDS", 0)
    monkeypatch.setattr(
        ArtifactStore, "prune", lambda _store: loop.call_soon_threadsafe(pruned.set)
    )
    converter_version.cache_clear()
    await house.builder().prepare()
    assert converter_version.cache_info().currsize == 1
    await asyncio.wait_for(pruned.wait(), 60)
