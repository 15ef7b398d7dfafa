"""A folder of models and a server on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.stack.whole import Folder, Stack, running
from tests.web.fast import Hits, count_hits
from tfjs_serve.settings import ServerSettings


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "models").mkdir()
    return Folder(tmp_path / "models")


@pytest.fixture
def settings(folder: Folder, tmp_path: Path) -> ServerSettings:
    return ServerSettings(models_dir=folder.path, cache_dir=tmp_path / "cache")


@pytest.fixture
async def stack(settings: ServerSettings) -> AsyncIterator[Stack]:
    async with running(settings) as started:
        yield started


@pytest.fixture
def answered(record_property: Callable[[str, object], None]) -> Callable[[str, str], None]:
    """Note a fault and what was answered, for the table that ``bench/faults.py`` prints."""

    def note(fault: str, answer: str) -> None:
        record_property("fault", (fault, answer))

    return note


@pytest.fixture
def hits(monkeypatch: pytest.MonkeyPatch) -> Hits:
    return count_hits(monkeypatch)
