"""Models are looked at before anybody requests them, and never in the way of somebody who does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.builder.conftest import House, content_of
from tfjs_serve.builder import Builder, EntryState
from tfjs_serve.builder import diagnoser as diagnoser_module
from tfjs_serve.catalog.catalog import CatalogChange, ChangeKind
from tfjs_serve.errors import WorkerTimeoutError, WorkerUnavailableError
from tfjs_serve.settings import Variant

FULL = Variant.FULL


async def diagnosed(house: House, builder: Builder, *names: str) -> None:
    builder.diagnoser.add([house.folder.look(name) for name in names])
    await asyncio.wait_for(builder.diagnoser.finish(), 10)


def change(house: House, name: str, kind: ChangeKind) -> CatalogChange:
    return CatalogChange(kind=kind, entry=house.folder.look(name))


async def until(condition: Callable[[], object]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happens")


async def test_good_and_bad_are_told_without_a_request_and_nothing_is_written(house: House) -> None:
    house.folder.save("good.h5", "four")
    house.folder.save("bad.h5", "bad")
    builder = house.builder()
    await diagnosed(house, builder, "good", "bad")
    good = builder.status(house.folder.look("good"), Variant.UINT8)
    assert (good.state, good.can_be_loaded) == (EntryState.CHECKED, True)
    assert good.facts is not None
    assert good.facts.parameters == 4
    bad = builder.status(house.folder.look("bad"), FULL)
    assert (bad.state, bad.can_be_loaded, bad.facts) == (EntryState.FAILED, False, None)
    assert bad.error is not None
    assert bad.error.message == "bad.h5 is bad"
    assert house.told() == ["diagnosed", "diagnosed"]
    assert house.workers.requests == []
    assert house.artifacts_stored() == 0


async def test_what_has_just_changed_comes_first(
    house: House,
) -> None:
    names = [f"m{number:03}.h5" for number in range(40)]
    for name in [*names, "new.h5"]:
        house.folder.save(name, "content")
    builder = house.builder()
    house.workers.may_diagnose.clear()
    builder.diagnoser.add([house.folder.look(name) for name in names])
    await until(lambda: house.workers.diagnosed)
    builder.diagnoser.changed(change(house, "new.h5", ChangeKind.ADDED))
    house.workers.may_diagnose.set()
    await asyncio.wait_for(builder.diagnoser.finish(), 10)
    assert sorted(house.workers.diagnosed) == [*names, "new.h5"]
    # Files are found to be at rest in threads, so neighbours may pass each other.
    assert set(house.workers.diagnosed[:8]) <= set(names[:32])
    assert house.workers.diagnosed.index("new.h5") < len(names)


async def test_a_request_goes_first(house: House) -> None:
    house.folder.save("asked.h5", "v1")
    house.folder.save("other.h5", "v1")
    builder = house.builder()
    house.workers.may_end.clear()
    request = asyncio.create_task(builder.build(house.folder.look("asked"), FULL))
    await house.workers.started.wait()
    builder.diagnoser.add([house.folder.look("other"), house.folder.look("asked")])
    await asyncio.sleep(0.1)
    assert house.workers.diagnosed == []
    house.workers.may_end.set()
    assert content_of(await request) == "v1"
    await asyncio.wait_for(builder.diagnoser.finish(), 10)
    assert house.workers.diagnosed == ["other.h5"]  # of the other one, more is known already


async def test_a_request_does_not_believe_a_diagnosis(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    house.workers.error = WorkerTimeoutError("it hangs")
    await diagnosed(house, builder, "digits")
    assert builder.status(house.folder.look("digits"), FULL).state is EntryState.FOUND
    house.workers.error = None
    assert content_of(await builder.build(house.folder.look("digits"), FULL)) == "v1"


async def test_a_new_version_is_not_described_by_the_old_diagnosis(house: House) -> None:
    house.folder.save("digits.h5", "bad")
    builder = house.builder()
    await diagnosed(house, builder, "digits")
    house.folder.save("digits.h5", "good")
    assert builder.status(house.folder.look("digits"), FULL).state is EntryState.FOUND
    builder.diagnoser.changed(change(house, "digits", ChangeKind.CHANGED))
    await asyncio.wait_for(builder.diagnoser.finish(), 10)
    assert builder.status(house.folder.look("digits"), FULL).state is EntryState.CHECKED


async def test_a_bad_version_after_a_good_one_is_stale(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    await builder.build(house.folder.look("digits"), FULL)
    house.folder.save("digits.h5", "bad")
    house.told()
    await diagnosed(house, builder, "digits")
    status = builder.status(house.folder.look("digits"), FULL)
    assert (status.state, status.can_be_loaded) == (EntryState.STALE, True)
    assert house.events[-1].reason == "digits.h5 is bad"


async def test_a_model_that_is_gone_is_forgotten(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    await diagnosed(house, builder, "digits")
    entry = house.folder.look("digits")
    builder.diagnoser.changed(CatalogChange(kind=ChangeKind.REMOVED, entry=entry))
    assert builder.status(entry, FULL).state is EntryState.FOUND


async def test_what_changes_meanwhile_is_looked_at_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnoser_module, "_AGAIN_SECONDS", 0.01)
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    house.workers.meanwhile = lambda: rewrite(house)
    builder.diagnoser.add([house.folder.look("digits")])
    await until(lambda: builder.status(house.folder.look("digits"), FULL).facts)
    assert house.workers.diagnosed == ["digits.h5", "digits.h5"]


def rewrite(house: House) -> None:
    house.workers.meanwhile = lambda: None
    house.folder.save("digits.h5", "v2")


async def test_no_process_is_no_fault_of_the_file(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnoser_module, "_AGAIN_SECONDS", 0.01)
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    house.workers.error = WorkerUnavailableError("no process")
    builder.diagnoser.add([house.folder.look("digits")])
    await until(lambda: len(house.workers.diagnosed) > 1)
    assert builder.status(house.folder.look("digits"), FULL).state is EntryState.FOUND
    house.workers.error = None
    await until(lambda: builder.status(house.folder.look("digits"), FULL).can_be_loaded)


async def test_findings_are_told_together_unless_somebody_waits(house: House) -> None:
    names = [f"m{number:03}" for number in range(50)]
    for name in names:
        house.folder.save(f"{name}.h5", "content")
    builder, told = house.builder(), []
    builder.watch(lambda _name: told.append(len(house.workers.diagnosed)))
    entries = [house.folder.look(name) for name in names]
    builder.diagnoser.add(entries)
    await asyncio.wait_for(builder.diagnoser.finish(entries[:3]), 10)
    assert builder.status(entries[0], FULL).can_be_loaded
    await asyncio.wait_for(builder.diagnoser.finish(), 10)
    assert all(builder.status(entry, FULL).can_be_loaded for entry in entries)
    assert len(told) == len(names)
    assert len(set(told)) < len(names) / 2


async def test_closing_ends_it(house: House) -> None:
    house.folder.save("digits.h5", "v1")
    builder = house.builder()
    house.workers.may_diagnose.clear()
    builder.diagnoser.add([house.folder.look("digits")])
    await until(lambda: house.workers.diagnosed)
    await asyncio.wait_for(builder.close(), 10)
    assert builder.status(house.folder.look("digits"), FULL).state is EntryState.FOUND
