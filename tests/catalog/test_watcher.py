from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
import sys
import threading

import pytest
from watchdog.events import (
    FileModifiedEvent,
)

from tests.web.raw import until
from tfjs_serve.catalog import catalog as catalog_module
from tfjs_serve.catalog import watcher as watcher_module
from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.catalog.watcher import Watcher

NEVER = 3600.0


@pytest.fixture
async def started():
    """Start watchers, stop them in the end."""
    watchers = []

    async def start(catalog, **options):
        await catalog.scan()
        watcher = Watcher(catalog, **options)
        watchers.append(watcher)
        await watcher.start()
        return watcher

    yield start
    for watcher in watchers:
        await watcher.stop()


def observer_fails(monkeypatch, error):
    def fail(folder, handler):
        raise error

    monkeypatch.setattr(watcher_module, "start_observer", fail)


def observer_is_mute(monkeypatch):
    real = watcher_module.start_observer

    class Mute(watcher_module.FileSystemEventHandler):
        pass

    monkeypatch.setattr(
        watcher_module, "start_observer", lambda folder, handler: real(folder, Mute())
    )


@pytest.fixture(params=["events", "no events", "polling", "no inotify"])
def options(request, monkeypatch):
    """Each way to notice, alone: events without rescan, rescan without events."""
    if request.param == "events":
        return {"rescan_seconds": NEVER, "poll": False}
    if request.param == "no events":
        observer_is_mute(monkeypatch)
        return {"rescan_seconds": 0.05, "poll": False}
    if request.param == "no inotify":
        observer_fails(monkeypatch, OSError(errno.EMFILE, "inotify instance limit reached"))
    return {"rescan_seconds": 0.05, "poll": request.param == "polling"}


async def test_every_kind_of_change_is_seen(models, changes_of, started, options):
    models.file("kept.h5")
    catalog = Catalog(models.path)
    await started(catalog, **options)
    changes = changes_of(catalog)

    path = models.file("a.h5", b"1")
    await changes.until(("added", "a.h5"))
    path.write_bytes(b"12")
    await changes.until(("changed", "a.h5"))
    path.rename(models.path / "b.h5")
    await changes.until(("removed", "a.h5"), ("added", "b.h5"))
    models.file("b.h5.tmp", b"123").replace(models.path / "b.h5")
    await changes.until(("changed", "b.h5"))
    (models.path / "b.h5").unlink()
    await changes.until(("removed", "b.h5"))
    models.file("deep/er/c.keras")
    await changes.until(("added", "deep/er/c.keras"))
    shutil.rmtree(models.path / "deep")
    await changes.until(("removed", "deep/er/c.keras"))
    models.tfjs("net")
    await changes.until(("added", "net/model.json"))
    assert [entry.exact_name for entry in catalog.entries] == ["kept.h5", "net/model.json"]
    assert ("changed", "kept.h5") not in changes.seen


async def test_a_folder_moved_in_is_seen(models, changes_of, started, options, tmp_path):
    catalog = Catalog(models.path)
    await started(catalog, **options)
    changes = changes_of(catalog)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.h5").write_bytes(b"1")
    outside.rename(models.path / "inside")
    await changes.until(("added", "inside/a.h5"))


async def test_the_watched_folder_may_go_and_come_back(models, changes_of, started, options):
    options["rescan_seconds"] = min(options["rescan_seconds"], 0.2)
    models.file("a.h5")
    catalog = Catalog(models.path)
    await started(catalog, **options)
    changes = changes_of(catalog)
    shutil.rmtree(models.path)
    await changes.until(("removed", "a.h5"))
    models.file("b.h5")
    await changes.until(("added", "b.h5"))


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EMFILE, "inotify instance limit reached"),
        OSError(errno.ENOSPC, "inotify watch limit reached"),
        OSError("watching is not possible here"),
    ],
)
async def test_without_inotify_one_line_says_that_it_polls(
    models, changes_of, started, monkeypatch, caplog, error
):
    observer_fails(monkeypatch, error)
    catalog = Catalog(models.path)
    with caplog.at_level(logging.INFO, logger="tfjs_serve"):
        await started(catalog, rescan_seconds=0.05, poll=False)
        changes = changes_of(catalog)
        models.file("a.h5")
        await changes.until(("added", "a.h5"))
        models.file("b.h5")
        await changes.until(("added", "b.h5"))
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert (error.strerror or str(error)) in record.getMessage()


def own_lines(caplog):
    """Return what was logged, without what watchdog says when its thread is stopped."""
    records = caplog.get_records("call")
    return [one.getMessage() for one in records if one.name.startswith("tfjs_serve")]


async def test_an_observer_that_dies_is_replaced_by_polling(
    models, changes_of, started, monkeypatch, caplog
):
    catalog = Catalog(models.path)
    observers = []
    real = watcher_module.start_observer

    def remember(folder, handler):
        observers.append(real(folder, handler))
        return observers[-1]

    monkeypatch.setattr(watcher_module, "start_observer", remember)
    await started(catalog, rescan_seconds=0.05, poll=False)
    changes = changes_of(catalog)
    with caplog.at_level(logging.WARNING, logger="tfjs_serve"):
        await asyncio.to_thread(watcher_module._stop, observers[0])
        models.file("a.h5")
        await changes.until(("added", "a.h5"))
        # The models may be found before it is noticed that the observer is gone.
        await until(lambda: own_lines(caplog))
        models.file("b.h5")
        await changes.until(("added", "b.h5"))
    (line,) = own_lines(caplog)
    assert "instead" in line


async def test_a_platform_without_file_events_is_polled(models, changes_of, started, monkeypatch):
    monkeypatch.setattr(watcher_module, "Observer", watcher_module.PollingObserver)
    catalog = Catalog(models.path)
    await started(catalog, rescan_seconds=0.05, poll=False)
    changes = changes_of(catalog)
    models.file("a.h5")
    await changes.until(("added", "a.h5"))


async def test_a_link_to_the_models_folder_is_watched(models, changes_of, started, tmp_path):
    models.link("../link", models.path)
    catalog = Catalog(tmp_path / "link")
    await started(catalog, rescan_seconds=NEVER, poll=False)
    changes = changes_of(catalog)
    models.file("a.h5")
    await changes.until(("added", "a.h5"))


async def test_a_disk_error_does_not_end_the_watching(models, changes_of, started, monkeypatch):
    catalog = Catalog(models.path)
    await started(catalog, rescan_seconds=0.05, poll=True)
    real, failed = catalog.scan, asyncio.Event()

    async def failing_scan():
        failed.set()
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(catalog, "scan", failing_scan)
    await asyncio.wait_for(failed.wait(), 30)
    monkeypatch.setattr(catalog, "scan", real)
    changes = changes_of(catalog)
    models.file("a.h5")
    await changes.until(("added", "a.h5"))


async def test_stopping_leaves_no_threads_and_no_tasks(models):
    catalog = Catalog(models.path)

    async def one_life():
        watcher = Watcher(catalog, rescan_seconds=0.05, poll=False)
        await watcher.start()
        await watcher.stop()
        await watcher.stop()
        return {thread.name for thread in threading.enumerate() if "asyncio_" not in thread.name}

    # watchdog may keep one thread for the whole process, from the first observer on.
    first = await one_life()
    assert len(await one_life()) == len(first)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("ticks", range(8))
async def test_a_hint_at_the_moment_of_stopping_does_not_keep_it_alive(models, monkeypatch, ticks):
    hints = []

    def start_observer(folder, handler):
        hints.append(handler)

    monkeypatch.setattr(watcher_module, "start_observer", start_observer)
    watcher = Watcher(Catalog(models.path), rescan_seconds=NEVER, poll=False)
    scans = asyncio.Queue()
    monkeypatch.setattr(watcher, "_look", lambda _look: scans.join())
    await watcher.start()
    for _ in range(5):
        await asyncio.sleep(0)
    hints[0].on_any_event(FileModifiedEvent("/m/a.h5"))
    for _ in range(ticks):
        await asyncio.sleep(0)
    await asyncio.wait_for(watcher.stop(), 10)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_watching_opens_no_model_file(models, changes_of, started, monkeypatch):
    catalog = Catalog(models.path)
    await started(catalog, rescan_seconds=0.05, poll=False)
    changes = changes_of(catalog)
    opened = []

    def hook(event, arguments):
        if event == "open" and str(arguments[0]).endswith(".h5") and recording:
            opened.append(arguments)

    recording = False
    sys.addaudithook(hook)
    descriptor = os.open(models.path / "tmp", os.O_CREAT | os.O_WRONLY)
    os.close(descriptor)
    recording = True
    (models.path / "tmp").rename(models.path / "a.h5")
    await changes.until(("added", "a.h5"))
    recording = False
    assert opened == []


async def test_in_a_large_tree_an_event_is_enough_to_see_a_file_rewritten(
    models, changes_of, started, monkeypatch
):
    monkeypatch.setattr(catalog_module, "SMALL_TREE", 0)
    path = models.file("sub/a.h5", b"1")
    catalog = Catalog(models.path)
    await started(catalog, rescan_seconds=NEVER, poll=False)
    changes = changes_of(catalog)
    path.write_bytes(b"12")
    await changes.until(("changed", "sub/a.h5"))
    models.file("new/b.h5", b"1")
    await changes.until(("added", "new/b.h5"))


async def test_regular_looks_go_on_while_events_keep_coming(models, monkeypatch):
    """A trainer that saves all the time must not hide a change that has no event."""
    catalog = Catalog(models.path)
    observer_is_mute(monkeypatch)
    watcher = Watcher(catalog, rescan_seconds=0.05, poll=False)
    looks, enough = [], asyncio.Event()

    async def look(which):
        looks.append(which)
        watcher._take_hint(str(models.path), False)
        if looks.count(catalog.scan) == 3:
            enough.set()

    monkeypatch.setattr(watcher, "_look", look)
    await watcher.start()
    await asyncio.wait_for(enough.wait(), 60)
    await watcher.stop()


async def test_a_file_that_its_writer_has_closed_is_looked_at_at_once(models, monkeypatch):
    """Pages that follow a model wait for this look."""
    monkeypatch.setattr(watcher_module, "DEBOUNCE_SECONDS", 600.0)
    observer_is_mute(monkeypatch)
    watcher = Watcher(Catalog(models.path), rescan_seconds=600, poll=False)
    looks = asyncio.Queue()

    async def look(which):
        looks.put_nowait(which)

    monkeypatch.setattr(watcher, "_look", look)
    await watcher.start()
    try:
        await asyncio.wait_for(looks.get(), 10)
        for is_end in (False, False, True):
            watcher._take_hint(str(models.path), is_end)
        await asyncio.wait_for(looks.get(), 10)
        assert looks.empty()
    finally:
        await watcher.stop()
