"""Which file events say that a model may have changed, and where."""

from __future__ import annotations

import pytest
from watchdog.events import (
    DirCreatedEvent,
    DirModifiedEvent,
    FileClosedNoWriteEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileOpenedEvent,
)

from tfjs_serve.catalog.watcher import hinted_folders, is_hint


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (FileOpenedEvent("/m/a.h5"), False),
        (FileClosedNoWriteEvent("/m/a.h5"), False),
        (DirModifiedEvent("/m"), False),
        (FileModifiedEvent("/m/log.txt"), False),
        (FileModifiedEvent("/m/a.h5"), True),
        (FileModifiedEvent(b"/m/a.KERAS"), True),
        (FileCreatedEvent("/m/net/model.json"), True),
        (FileCreatedEvent("/m/net/architecture.json"), True),
        (DirCreatedEvent("/m/sub"), True),
        (FileMovedEvent("/m/a.h5.tmp", "/m/a.h5"), True),
        (FileMovedEvent("/m/a.h5", "/m/a.h5.bak"), True),
        (FileMovedEvent("/m/a.txt", "/m/b.txt"), False),
        (FileModifiedEvent("/m/a.labels.txt"), True),
        (FileCreatedEvent("/m/web/metadata.json"), True),
    ],
)
def test_which_events_are_hints(event, expected):
    assert is_hint(event) is expected


@pytest.mark.parametrize(
    ("event", "folders"),
    [
        (FileModifiedEvent("/m/sub/a.h5"), ["/m/sub"]),
        (FileModifiedEvent(b"/m/a.h5"), ["/m"]),
        (FileMovedEvent("/m/one/a.h5", "/m/two/a.h5"), ["/m/one", "/m/two"]),
        (FileMovedEvent("/m/a.h5.tmp", "/m/a.h5"), ["/m"]),
        (FileOpenedEvent("/m/a.h5"), []),
        (DirCreatedEvent("/m/sub"), [None]),
        (DirModifiedEvent("/m/sub"), []),
    ],
)
def test_which_folders_are_looked_at_after_an_event(event, folders):
    assert list(hinted_folders(event)) == folders
