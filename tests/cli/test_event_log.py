from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tfjs_serve.builder import BuildEvent, BuildEventKind
from tfjs_serve.catalog.catalog import CatalogChange, ChangeKind
from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.cli import event_log
from tfjs_serve.cli.event_log import EventLog
from tfjs_serve.errors import KerasFileError
from tfjs_serve.settings import Variant
from tfjs_serve.web.notices import Notice

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


async def test_a_refusal_is_told_once_with_its_reason(log, lines):
    error = KerasFileError("a.h5 is empty", hint="save it again")
    notice = Notice(path="/a/model.json", status=422, message=error.message, error=error)
    log.built(
        BuildEvent(kind=BuildEventKind.FAILED, entry=ENTRY, variant=Variant.FULL, error=error)
    )
    log.asked(notice)
    assert lines.messages == ["failed: a.h5 is empty"]
    log.asked(notice)
    assert lines.messages[1:] == ["422: a.h5 is empty"]


async def test_what_a_look_has_told_is_not_told_again_when_somebody_asks(log, lines):
    log.tells_diagnoses = True
    members = {"entry": ENTRY, "variant": Variant.FULL, "reason": "a.h5 is empty"}
    error = KerasFileError("a.h5 is empty")
    look = BuildEvent(kind=BuildEventKind.DIAGNOSED, error=error, **members)
    asked = BuildEvent(kind=BuildEventKind.STALE, error=KerasFileError(error.message), **members)
    for event in (look, asked, asked):
        log.built(event)
    assert lines.messages == ["still served as it was before: a.h5 is empty"]
    log.changed(CatalogChange(kind=ChangeKind.CHANGED, entry=ENTRY))
    log.built(asked)
    assert lines.messages[1:] == ["changed, 0 bytes", lines.messages[0]]


async def test_diagnoses_are_told_when_the_banner_does_not(log, lines):
    bad = BuildEvent(
        kind=BuildEventKind.DIAGNOSED,
        entry=ENTRY,
        variant=Variant.FULL,
        error=KerasFileError("a.h5 is empty"),
    )
    log.built(bad)
    assert lines.messages == []
    log.tells_diagnoses = True
    log.built(replace(bad, error=None))
    log.built(bad)
    log.built(replace(bad, reason="a.h5 is empty"))
    assert lines.messages == [
        "cannot be loaded: a.h5 is empty",
        "still served as it was before: a.h5 is empty",
    ]


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
    log.built(build(BuildEventKind.READY, seconds=1.0))
    assert lines.messages == ["changed, 0 bytes", "ready in 1.0 s"]


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
        "converting, 41 %",
        "converting, 83 %",
        "ready in 12.0 s",
    ]
