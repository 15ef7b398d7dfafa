"""A server with limits, whose clients are watched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.web.connections.clients import (
    NEVER,
    SOON,
    GatedBuilder,
    Serve,
    descriptors_in_use,
    nobody_is_served,
)
from tests.web.fakes import (
    FakeCatalog,
    Site,
    running,
)
from tests.web.fast import Hits, count_hits
from tests.web.raw import until
from tfjs_serve.settings import ConnectionLimits, ServerSettings


@pytest.fixture
def builder(tmp_path: Path) -> GatedBuilder:
    made = GatedBuilder(root=tmp_path / "cache" / "artifacts")
    made.hold()
    made.gate.set()
    return made


@pytest.fixture
def serve(catalog: FakeCatalog, builder: GatedBuilder, settings: ServerSettings) -> Serve:
    """Run a server with some limits; look, at its end, what its clients left behind."""

    @asynccontextmanager
    async def start(**limits: float) -> AsyncIterator[Site]:
        times = dict.fromkeys(("idle_seconds", "head_seconds", "send_seconds"), NEVER)
        given = ConnectionLimits(**{"body_seconds": SOON, **times, **limits})  # type: ignore[arg-type]  # numbers by name, of two types
        async with running(catalog, builder, replace(settings, connections=given)) as site:
            open_before = descriptors_in_use()
            yield site
            await site.session.close()
            await until(nobody_is_served)
            await until(lambda: descriptors_in_use() <= open_before)

    return start


@pytest.fixture
def hits(monkeypatch: pytest.MonkeyPatch) -> Hits:
    return count_hits(monkeypatch)
