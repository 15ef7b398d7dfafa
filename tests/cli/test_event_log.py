from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tfjs_serve.builder import BuildEvent, BuildEventKind
from tfjs_serve.catalog.catalog import CatalogChange, ChangeKind
from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.cli import event_log
from tfjs_serve.cli.event_log import EventLog
from tfjs_serve.settings import Variant

ENTRY = CatalogEntry(
    name="a", exact_name="a.h5", path=Path("/m/a.h5"), kind=EntryKind.HDF5, stamps=()
)


class Lines:
    def __init__(self) -> None:
        self.messages: list[str] = []
        self.news = asyncio.Event()

    def __call__(self, line) -> None:
        self.messages.append(line.message)
        self.news.set()


@pytest.fixture
async def lines():
    return Lines()


@pytest.fixture
def log(lines):
    return EventLog(lines, lambda exact_name: f"http://o/{exact_name}")


def change(kind: ChangeKind) -> CatalogChange:
    return CatalogChange(kind=kind, entry=ENTRY)


def build(kind: BuildEventKind, **fields: object) -> BuildEvent:
    return BuildEvent(kind=kind, entry=ENTRY, variant=Variant.FULL, **fields)


async def test_a_save_is_one_line(log, lines, monkeypatch):
    monkeypatch.setattr(event_log, "QUIET_SECONDS", 0.01)
    for kind in (ChangeKind.ADDED, ChangeKind.CHANGED, ChangeKind.CHANGED):
        log.changed(change(kind))
    assert lines.messages == []
    await asyncio.wait_for(lines.news.wait(), 30)
    assert lines.messages == ["added, 0 bytes: http://o/a.h5"]


async def test_a_change_is_told_before_what_it_leads_to(log, lines):
    log.changed(change(ChangeKind.CHANGED))
    log.built(build(BuildEventKind.STARTED))
    assert lines.messages == ["changed, 0 bytes", "converting ..."]


async def test_what_comes_and_goes_at_once_is_not_told(log, lines):
    log.changed(change(ChangeKind.ADDED))
    log.changed(change(ChangeKind.REMOVED))
    log.close()
    assert lines.messages == []


async def test_what_is_pending_is_told_in_the_end(log, lines):
    log.changed(change(ChangeKind.REMOVED))
    log.close()
    log.close()
    assert lines.messages == ["removed"]


async def test_long_conversions_say_seldom_how_far_they_are(log, lines, monkeypatch):
    now = 100.0
    monkeypatch.setattr(event_log.time, "monotonic", lambda: now)
    log.built(build(BuildEventKind.STARTED))
    for step in range(1, 12):
        now = 100.0 + step
        log.built(build(BuildEventKind.PROGRESS, progress=step / 12))
    log.built(build(BuildEventKind.READY, seconds=12.0))
    now = 200.0
    log.built(build(BuildEventKind.STARTED))
    log.built(build(BuildEventKind.PROGRESS, progress=0.1))
    assert lines.messages == [
        "converting ...",
        "converting, 41 %",
        "converting, 83 %",
        "ready in 12.0 s",
        "converting ...",
    ]
