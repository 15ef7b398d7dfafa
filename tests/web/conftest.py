"""A running server over a folder of models."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.fakes import FakeBuilder, FakeCatalog, Site, make_entry, running
from tfjs_serve.catalog.model import EntryKind
from tfjs_serve.settings import ServerSettings


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    tfjs = tmp_path / "tf.es2017.min.js"
    tfjs.write_text("var tf = {};", encoding="utf-8")
    return ServerSettings(
        models_dir=tmp_path / "models", cache_dir=tmp_path / "cache", tfjs_url=str(tfjs)
    )


@pytest.fixture
def catalog() -> FakeCatalog:
    kinds = {
        "iris.h5": EntryKind.HDF5,
        "vision/digits.keras": EntryKind.KERAS_ZIP,
        "twins.h5": EntryKind.HDF5,
        "twins.keras": EntryKind.KERAS_ZIP,
        "tail@uint8.h5": EntryKind.HDF5,
    }
    entries = [make_entry(name, kind) for name, kind in kinds.items()]
    folder = make_entry("old/model.json", EntryKind.TFJS_GRAPH, name="old")
    return FakeCatalog(entries=[*entries, folder])


@pytest.fixture
def builder(tmp_path: Path) -> FakeBuilder:
    return FakeBuilder(root=tmp_path / "cache" / "artifacts")


@pytest.fixture
async def site(
    catalog: FakeCatalog, builder: FakeBuilder, settings: ServerSettings
) -> AsyncIterator[Site]:
    async with running(catalog, builder, settings) as site:
        yield site
